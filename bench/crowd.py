"""Thousands of viewers who wait for one part: when each has its playlist, and what that costs the part after it.

    python -m bench.crowd [--viewers 5000] [--parts 12]

A broadcast of three rungs and sound is packaged at its own pace in a process on the first core, as `vitrine serve`
does, with media that are made up, so that the instant at which a part was whole is known exactly. The viewers are on
the second core, each with a connection of its own; both processes read the same monotonic clock.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import uvloop
from aiohttp import web

from bench.served import child
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.origin.hls import Hls
from vitrine.origin.listener import Listener
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.packager.run import FIRST_MSN
from vitrine.server.commands.serve import collect_rarely

GRID = Grid(Fraction(30))
AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")
PICTURES = {1: ("720p", 2800), 2: ("480p", 1400), 3: ("360p", 800)}
"""By track: name and kbit/s."""

SOUND = 4
ADDRESS = "/hls/show/720p/index.m3u8"


def renditions() -> list[Rendition]:
    pictures = [
        Rendition(name, VideoTrack(track, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 1280, 720, rate=GRID.rate), 1, 1)
        for track, (name, _) in PICTURES.items()
    ]
    return [*pictures, Rendition("audio", AudioTrack(SOUND, Codec.AAC, AUDIO_RATE, b"\x11\x90", AUDIO_RATE, 2), 1, 1)]


async def serve() -> None:
    """Package at the media's pace. Says the port, then of each part of the first rung its numbers and when it was
    whole, and of each frame by how many seconds it was late, and how many of them at most this process has worked.
    """
    os.sched_setaffinity(0, {0})
    collect_rarely()
    stream = LiveStream(Packager("b1", renditions(), GRID, 1_796_058_000_000_000_000, 60))
    runner = web.AppRunner(web.Application())
    await runner.setup()
    assert runner.server is not None
    listener = Listener(Hls(lambda _channel: [stream]), runner.server)
    print(await listener.listen("127.0.0.1", 0), flush=True)
    begun, frame, sound, position = time.monotonic(), 0, 0, None
    while True:
        due, worked = begun + frame / 30, time.process_time()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        late, tick = time.monotonic() - due, GRID.tick(frame)
        own = min(late, time.process_time() - worked)  # what is beyond it the machine took, or gave to somebody else
        for track, (_, kbps) in PICTURES.items():
            stream.push(AccessUnit(track, tick, tick, GRID.starts_segment(frame), os.urandom(kbps * 1000 // 240)))
            newest = stream.packager.windows["720p"].position
            if track == 1 and newest != position:
                position = newest
                print(json.dumps([*(newest or ()), time.monotonic()]), flush=True)
        while sound * AAC_FRAME * 30 <= (frame + 1) * AUDIO_RATE:
            stream.push(AccessUnit(SOUND, sound * AAC_FRAME, sound * AAC_FRAME, True, bytes(340)))
            sound += 1
        frame += 1
        print(json.dumps([late, own]), flush=True)


class TooBusyError(Exception):
    """There is nothing to count."""


class Viewer(asyncio.Protocol):
    """Asks for the playlist with the next part, again and again, and notes when each came."""

    def __init__(self, came: dict[tuple[int, int], list[float]]) -> None:
        self._came = came
        self._data = b""
        self._wanted = (FIRST_MSN, 0)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, msn: int, part: int) -> None:
        self._wanted = msn, part
        target = f"{ADDRESS}?_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES"
        self._transport.write(f"GET {target} HTTP/1.1\r\nHost: v\r\nAccept-Encoding: gzip\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if found and length and len(body) >= int(length[1]):
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            self._came.setdefault(self._wanted, []).append(time.monotonic())
            self._data = b""
            msn, part = self._wanted
            self.ask(*((msn, part + 1) if part < 5 else (msn + 1, 0)))


Late = tuple[float, float]
"""Of a frame: seconds, and those of them at most that are the server's own work."""


async def watch(viewers: int, parts: int) -> tuple[list[float], list[Late], list[Late]]:
    """Seconds from a part's completion to each viewer's playlist; lateness of frames before the crowd, and with it."""
    os.sched_setaffinity(0, {1})
    async with child(sys.executable, "-m", "bench.crowd", "--serve") as process:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        whole: dict[tuple[int, int], float] = {}
        lateness: list[Late] = []

        async def listen() -> None:
            assert process.stdout is not None
            async for line in process.stdout:
                said = json.loads(line)
                if len(said) == 2:
                    lateness.append((said[0], said[1]))
                else:
                    whole[said[0], said[1]] = said[2]

        came: dict[tuple[int, int], list[float]] = {}
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await asyncio.sleep(5)
            before = len(lateness)
            await _crowd(viewers, port, came, max(whole))
            joined = len(lateness)
            await asyncio.sleep(parts / 3 + 1)
            listening.cancel()
    # The first parts are left out: not everybody was there.
    counted = [part for part in sorted(came) if len(came[part]) == viewers][2:-1]
    alone, crowded = lateness[30:before], lateness[joined:]
    if not counted or min(len(alone), len(crowded)) < 2:
        got = max(map(len, came.values()), default=0)
        raise TooBusyError(
            f"No part reached all {viewers} viewers in time, at most {got} had one: this machine is too busy, or too "
            "slow. Stop what else runs, or ask for fewer --viewers or more --parts."
        )
    waits = [at - whole[part] for part in counted for at in came[part]]
    return waits, alone, crowded


async def _crowd(viewers: int, port: int, came: dict[tuple[int, int], list[float]], newest: tuple[int, int]) -> None:
    loop = asyncio.get_running_loop()
    everybody = []
    for _ in range(viewers):
        _, viewer = await loop.create_connection(lambda: Viewer(came), "127.0.0.1", port)
        everybody.append(viewer)
    for viewer in everybody:
        viewer.ask(newest[0] + 2, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=5000)
    parser.add_argument("--parts", type=int, default=12)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if arguments.serve:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve())
        return
    try:
        waits, alone, crowded = uvloop.run(watch(arguments.viewers, arguments.parts))
    except TooBusyError as error:
        sys.exit(str(error))
    print("| viewers | playlists | p50 | p99 | last | frames late, alone | with the crowd: p99, worst | by own work |")
    print("|---|---|---|---|---|---|---|---|")
    row = [str(arguments.viewers), str(len(waits)), *(_ms(waits, share) for share in (50, 99, 100))]
    row.append(_ms([late for late, _ in alone], 100))
    row += [f"{_ms(late, 99)}, {_ms(late, 100)}" for late in zip(*crowded, strict=True)]
    print(f"| {' | '.join(row)} |")


def _ms(values: Sequence[float], percent: int) -> str:
    ordered = sorted(values)
    value = ordered[-1] if percent == 100 else statistics.quantiles(ordered, n=100)[percent - 1]
    return f"{value * 1000:.1f} ms"


if __name__ == "__main__":
    main()
