"""A publisher whose network gives up its bytes in bursts: which of its pictures and beeps do viewers never get?

    python -m bench.bursts [--seconds 60] [--every 0 0.3 0.5 0.7 0.9 1.2 2]

`vitrine push` sends the sample show by RTMP, through a relay that keeps everything back and lets it go at once, every
so many seconds, give or take JITTER of a second. Pictures are told by the numbers on them, read from the decoded media.
"""

import argparse
import asyncio
import contextlib
import io
import itertools
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import aiohttp
import av
import numpy as np

from bench.in_step import beeps_of, flashes_of, newest_segments, offsets_of
from bench.served import CHANNEL, STARTING_TIME, Served, child, free_port, served
from vitrine.ingest.sample import cells
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("360p", 360, 800),)
RENDITIONS = ("360p", "audio")
END = "#EXT-X-ENDLIST"
RATE = 30
JITTER = 0.1
CHUNK = 64 * 1024
MOST_KEPT = 16 * 1024 * 1024
"""Bytes that the relay keeps back: ten times what is sent in the longest of its pauses."""

ALL = 1 << 20
"""More segments than there are."""


class Relay:
    """Takes what comes, and lets it go every so many seconds; what is answered goes back at once."""

    def __init__(self, every: float, target: int) -> None:
        self._every = every
        self._target = target
        self._random = random.Random(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                back = tasks.create_task(_pass_on(far_reader, writer))
                await (self._hold_back(reader, far_writer) if self._every else _pass_on(reader, far_writer))
                back.cancel()
        except* ConnectionError:
            pass
        finally:
            writer.close()
            far_writer.close()

    async def _hold_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept, ended = bytearray(), False
        loop = asyncio.get_running_loop()
        while not ended:
            until = loop.time() + max(0.0, self._every + self._random.uniform(-JITTER, JITTER))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    while len(kept) < MOST_KEPT and not ended:
                        data = await reader.read(CHUNK)
                        kept += data
                        ended = not data
            writer.write(bytes(kept))
            kept.clear()
            await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def relayed(server: Served, every: float) -> AsyncIterator[str]:
    """The address at which RTMP is to be published through a relay."""
    port = free_port()
    target = int(server.rtmp.rsplit(":", 1)[1].split("/")[0])
    async with await asyncio.start_server(Relay(every, target).serve, "127.0.0.1", port):
        yield f"rtmp://127.0.0.1:{port}/live"


@dataclass(frozen=True)
class Arrived:
    """What viewers of one show get of it; the sound's distance is in seconds."""

    pictures: int
    lost: int
    longest: int
    beeps: int
    furthest: float

    @classmethod
    def of(cls, picture: io.BytesIO, sound: io.BytesIO, seconds: int) -> "Arrived":
        """Pictures are counted from the first one that is there."""
        numbers = sorted(_numbers(picture))
        holes = [later - before - 1 for before, later in itertools.pairwise(numbers)]
        holes.append(seconds * RATE - 1 - numbers[-1])
        picture.seek(0)
        beeps = beeps_of(sound)
        furthest = max(offsets_of(flashes_of(picture), beeps), key=abs, default=float("nan"))
        return cls(len(numbers), sum(holes), max(holes), len(beeps), furthest)


def _numbers(media: io.BytesIO) -> set[int]:
    """The numbers on all pictures that have one: a slate has none."""
    numbers = set()
    with av.open(media, "r") as container:
        for picture in container.decode(video=0):
            number = cells.read(picture.to_ndarray()[: picture.height, : picture.width].astype(np.uint8))
            if number is not None:
                numbers.add(number)
    return numbers


async def _whole(session: aiohttp.ClientSession, server: Served) -> None:
    """Wait for the end of the playlists, a moment after that of the show."""
    waiting = list(RENDITIONS)
    async with asyncio.timeout(STARTING_TIME):
        while waiting:
            if END in await _playlist(session, server, waiting[0]):
                waiting.pop(0)
            else:
                await asyncio.sleep(0.1)


async def _playlist(session: aiohttp.ClientSession, server: Served, name: str) -> str:
    async with session.get(f"{server.http}/hls/{CHANNEL}/{name}/index.m3u8") as response:
        return await response.text()


async def measure(seconds: int, every: float) -> Arrived:
    """Publish the show once, and look at all of it when it is over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        await asyncio.to_thread(write_sample, show, SampleShow(640, 360, Fraction(RATE), Fraction(seconds)))
        async with (
            served(folder, LADDER) as server,
            relayed(server, every) as address,
            aiohttp.ClientSession() as session,
        ):
            push = (sys.executable, "-m", "vitrine.server", "push", str(show), address, "--key", CHANNEL, "--quiet")
            async with child(*push) as publisher:
                await server.live()
                await asyncio.wait_for(publisher.wait(), seconds + STARTING_TIME)
                await server.reaches("ended")
            await _whole(session, server)
            media = [await newest_segments(session, server, each, ALL) for each in RENDITIONS]
            return await asyncio.to_thread(Arrived.of, media[0], media[1], seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--every", type=float, nargs="+", default=[0, 0.3, 0.5, 0.7, 0.9, 1.2, 2])
    arguments = parser.parse_args()
    print("| a burst every | pictures | lost | most in a row | beeps | sound off the picture |")
    print("|---|---|---|---|---|---|")
    for every in arguments.every:
        found = asyncio.run(measure(arguments.seconds, every))
        row = f"{found.pictures} | {found.lost} | {found.longest} | {found.beeps} | {1000 * found.furthest:+.0f} ms"
        print(f"| {every:.1f} s | {row} |", flush=True)


if __name__ == "__main__":
    main()
