"""What one live stream costs the server process, without its worker: RTMP parsing, packaging, origin.

    python -m bench.server_cost [--seconds 60]

An 8 Mbit/s 720p30 source into three rungs, with one viewer who follows the top rung and the sound by blocking reload.
"""

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import aiohttp
import ffmpeg

from bench.served import Served, child, publisher, served
from bench.viewer import follow
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("720p", 720, 2800), ("480p", 480, 1400), ("360p", 360, 800))
SOURCE_KBPS = 8000
SHOW_SECONDS = 20
VIEWED = ("720p", "audio")
SETTLING = 5


@dataclass(frozen=True)
class Cost:
    """Shares of one core, and bytes of memory."""

    share: float
    ingest_kbps: float
    lag_ms: float
    memory_before: int
    memory_after: int


async def measure(seconds: int) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = source_of(folder)
        async with served(folder, LADDER) as server, child(*publisher(source, server)):
            await server.live()
            return await _measure(server, seconds)


def source_of(folder: Path) -> Path:
    """The sample show, brought to SOURCE_KBPS whatever its pictures need."""
    show, source = folder / "show.mp4", folder / "source.mp4"
    write_sample(show, SampleShow(1280, 720, Fraction(30), Fraction(SHOW_SECONDS)))
    rate = f"{SOURCE_KBPS}k"
    settings = {"c:v": "libx264", "preset": "ultrafast", "g": 60, "b:v": rate, "minrate": rate, "maxrate": rate}
    made = ffmpeg.input(str(show)).output(
        str(source), **settings, bufsize=rate, **{"x264-params": "nal-hrd=cbr", "c:a": "copy"}
    )
    made.run(quiet=True)
    return source


async def _measure(server: Served, seconds: int) -> Cost:
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        viewers = [tasks.create_task(follow(server.http, rendition, session)) for rendition in VIEWED]
        await asyncio.sleep(SETTLING)
        memory_before = server.process.memory_info().rss
        before, began = server.process.cpu_times(), time.monotonic()
        await asyncio.sleep(seconds)
        after, ended = server.process.cpu_times(), time.monotonic()
        state = await asyncio.to_thread(server.state)
        for viewer in viewers:
            viewer.cancel()
    health = state["health"]
    assert isinstance(health, dict)
    used = after.user + after.system - before.user - before.system
    return Cost(
        share=used / (ended - began),
        ingest_kbps=health["ingest_kbps"],
        lag_ms=health["encode_lag_ms"],
        memory_before=memory_before,
        memory_after=server.process.memory_info().rss,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    cost = asyncio.run(measure(parser.parse_args().seconds))
    print("| server process | ingest | encode lag | memory at start and end |")
    print("|---|---|---|---|")
    memory = f"{cost.memory_before / 1e6:.0f} MB, {cost.memory_after / 1e6:.0f} MB"
    print(f"| {cost.share:.1%} of a core | {cost.ingest_kbps} kbit/s | {cost.lag_ms} ms | {memory} |")


if __name__ == "__main__":
    main()
