"""Memory of the server process and of its worker over a long broadcast, with one viewer.

    python -m bench.memory [--minutes 60]

A small picture, so that an hour can be spared; what is kept grows with the bitrate, not with the time.
"""

import argparse
import asyncio
import statistics
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import aiohttp
import psutil

from bench.served import Served, child, publisher, served
from bench.viewer import follow
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("270p", 270, 500), ("180p", 180, 250))
SHOW_SECONDS = 20
VIEWED = ("270p", "audio")
INTERVAL = 10
FILLING = 5
"""Minutes until every window is full: what is listed, and what is kept as long again."""


@dataclass(frozen=True)
class Sample:
    """Megabytes resident."""

    minute: float
    server: float
    worker: float


async def measure(minutes: int) -> list[Sample]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(480, 270, Fraction(30), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server, child(*publisher(show, server)):
            await server.live()
            async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
                viewers = [tasks.create_task(follow(server.http, each, session)) for each in VIEWED]
                samples = await _sampled(server, minutes)
                for viewer in viewers:
                    viewer.cancel()
    return samples


async def _sampled(server: Served, minutes: int) -> list[Sample]:
    worker = next(each for each in server.process.children() if "vitrine.transcode.worker" in " ".join(each.cmdline()))
    samples = []
    for index in range(minutes * 60 // INTERVAL):
        await asyncio.sleep(INTERVAL)
        samples.append(Sample((index + 1) * INTERVAL / 60, _megabytes(server.process), _megabytes(worker)))
    return samples


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def _growth(minutes: list[float], megabytes: list[float]) -> float:
    """Megabytes an hour, by least squares."""
    slope, _ = statistics.linear_regression(minutes, megabytes)
    return 60 * slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    samples = asyncio.run(measure(parser.parse_args().minutes))
    settled = [each for each in samples if each.minute > FILLING] or samples
    minutes = [each.minute for each in settled]
    print("| process | after filling | at the end | highest | growth an hour |")
    print("|---|---|---|---|---|")
    for name in ("server", "worker"):
        values = [getattr(each, name) for each in settled]
        growth = _growth(minutes, values)
        print(f"| {name} | {values[0]:.1f} MB | {values[-1]:.1f} MB | {max(values):.1f} MB | {growth:+.2f} MB |")


if __name__ == "__main__":
    main()
