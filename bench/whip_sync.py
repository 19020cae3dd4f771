"""How far sound lies from picture at a player of a WebRTC broadcast, over time.

    python -m bench.whip_sync [--minutes 10] [--loss 0.01]

The sample show, with a beep on the frame of each flash, is published by WHIP into one rendition. Every half minute the
last segments are fetched as a player would, and each flash is compared with the beep nearest to it. Opus itself delays
the sound by 6.5 ms.
"""

import argparse
import asyncio
import io
import re
import statistics
import tempfile
from pathlib import Path

import aiohttp
import av
import numpy as np

from bench.served import CHANNEL, Served, served
from bench.whip_clip import RATE, write_clip
from bench.whip_served import cameras
from vitrine.ingest.sample import flash

LADDER = (("360p", 360, 1500),)
INTERVAL = 30
SEGMENTS = 5
LOUD = 0.15
"""Between the beep's 0.35 and the peaks of the chords under it, which come to 0.05."""

QUIET = 0.2
"""Seconds of silence before a beep begins."""


async def _fetched(session: aiohttp.ClientSession, server: Served, name: str) -> io.BytesIO:
    """The newest whole segments, behind their initialization."""
    folder = f"{server.http}/hls/{CHANNEL}/{name}/"

    async def fetch(file: str) -> bytes:
        async with session.get(folder + file) as response:
            return await response.read()

    playlist = (await fetch("index.m3u8")).decode()
    init = re.search(r'#EXT-X-MAP:URI="([^"]+)"', playlist)
    assert init is not None
    segments = re.findall(r"#EXTINF:[\d.]+,\n(\S+)", playlist)[-SEGMENTS:]
    return io.BytesIO(await fetch(init[1]) + b"".join([await fetch(each) for each in segments]))


def _flashes(media: io.BytesIO) -> list[float]:
    """Seconds at which a flash begins."""
    times, lit = [], True
    with av.open(media, "r") as container:
        for frame in container.decode(video=0):
            now = flash.is_lit(frame.to_ndarray(format="gray").astype(np.uint8))
            if now and not lit:
                times.append(float(frame.time or 0))
            lit = now
    return times


def _beeps(media: io.BytesIO) -> list[float]:
    """Seconds at which a beep begins."""
    times, quiet_since = [], None
    with av.open(media, "r") as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray()[0]) > LOUD
            begin = float(frame.time or 0)
            if loud.any():
                at = begin + int(np.argmax(loud)) / frame.sample_rate
                if quiet_since is not None and at - quiet_since > QUIET:
                    times.append(at)
                quiet_since = begin + (len(loud) - int(np.argmax(loud[::-1]))) / frame.sample_rate
            elif quiet_since is None:
                quiet_since = begin
    return times


async def measure(minutes: float, options: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.ts"
        await asyncio.to_thread(write_clip, clip, 640, 360, 1500, 20)
        print("| minute | flashes | sound after picture, median | furthest |\n|---|---|---|---|")
        async with (
            served(folder, LADDER) as server,
            aiohttp.ClientSession() as session,
            cameras(clip, f"{server.http}/whip/{CHANNEL}", 1, CHANNEL, *options),
        ):
            await server.live()
            for index in range(1, round(minutes * 60 / INTERVAL) + 1):
                await asyncio.sleep(INTERVAL)
                media = [await _fetched(session, server, each) for each in ("360p", "audio")]
                flashes, beeps = await asyncio.gather(
                    asyncio.to_thread(_flashes, media[0]), asyncio.to_thread(_beeps, media[1])
                )
                print(f"| {index * INTERVAL / 60:.1f} | {_row(flashes, beeps)} |", flush=True)


def _row(flashes: list[float], beeps: list[float]) -> str:
    nearest = [min(beeps, key=lambda beep, at=at: abs(beep - at)) - at for at in flashes] if beeps else []  # type: ignore[misc]
    offsets = [1000 * each for each in nearest if abs(each) < 1 - 1 / RATE]
    if not offsets:
        return "0 | - | -"
    return f"{len(offsets)} | {statistics.median(offsets):+.0f} ms | {max(offsets, key=abs):+.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--loss", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(measure(given.minutes, ("--loss", str(given.loss), "--delay", "0.02")))


if __name__ == "__main__":
    main()
