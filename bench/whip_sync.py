"""How far sound lies from picture at a player of a WebRTC broadcast, over time.

    python -m bench.whip_sync [--minutes 10] [--loss 0.01]

The sample show, with a beep on the frame of each flash, is published by WHIP into one rendition. Every half minute the
last segments are fetched as a player would, and each flash is compared with the beep nearest to it. Opus itself delays
the sound by 6.5 ms.
"""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

import aiohttp

from bench.in_step import beeps_of, flashes_of, newest_segments, offsets_of
from bench.served import CHANNEL, served
from bench.whip_clip import write_clip
from bench.whip_served import cameras

LADDER = (("360p", 360, 1500),)
INTERVAL = 30
SEGMENTS = 5


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
                media = [await newest_segments(session, server, each, SEGMENTS) for each in ("360p", "audio")]
                flashes, beeps = await asyncio.gather(
                    asyncio.to_thread(flashes_of, media[0]), asyncio.to_thread(beeps_of, media[1])
                )
                print(f"| {index * INTERVAL / 60:.1f} | {_row(flashes, beeps)} |", flush=True)


def _row(flashes: list[float], beeps: list[float]) -> str:
    offsets = [1000 * each for each in offsets_of(flashes, beeps)]
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
