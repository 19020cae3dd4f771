"""Memory of the server and its children over two long broadcasts, one by RTMP and one by WHIP, with a viewer each.

    python -m bench.memory [--minutes 60]

A small picture, so that an hour can be spared; what is kept grows with the bitrate, not with the time.
"""

import argparse
import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import aiohttp
import psutil

from bench.served import CHANNEL, Served, browser, child, publisher, served
from bench.viewer import follow
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("270p", 270, 500), ("180p", 180, 250))
SHOW_SECONDS = 20
VIEWED = ("270p", "audio")
INTERVAL = 10
FILLING = 5
"""Minutes until every window is full: what is listed, and what is kept as long again."""
SHOWN_EVERY = 8  # minutes
CHANNELS = (CHANNEL, "browser")
PROCESSES = ("server", "media process", "worker of RTMP", "worker of WHIP")


@dataclass(frozen=True)
class Sample:
    """Megabytes resident, by process."""

    minute: float
    megabytes: dict[str, float]


async def measure(minutes: int) -> list[Sample]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(480, 270, Fraction(30), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER, CHANNELS) as server, AsyncExitStack() as stack:
            processes = {"server": server.process}
            await stack.enter_async_context(child(*publisher(show, server)))
            await server.live()
            processes["worker of RTMP"] = _newest(server, "vitrine.transcode.worker")
            await stack.enter_async_context(child(*browser(show, server, CHANNELS[1])))
            await server.live(CHANNELS[1])
            processes["worker of WHIP"] = _newest(server, "vitrine.transcode.worker")
            processes["media process"] = _newest(server, "vitrine.ingest.whip")
            session = await stack.enter_async_context(aiohttp.ClientSession())
            async with asyncio.TaskGroup() as tasks:
                viewers = [
                    tasks.create_task(follow(server.http, each, session, channel))
                    for channel in CHANNELS
                    for each in VIEWED
                ]
                samples = await _sampled(processes, minutes)
                for viewer in viewers:
                    viewer.cancel()
    return samples


def _newest(server: Served, module: str) -> psutil.Process:
    children = [each for each in server.process.children() if module in " ".join(each.cmdline())]
    return max(children, key=psutil.Process.create_time)


async def _sampled(processes: dict[str, psutil.Process], minutes: int) -> list[Sample]:
    samples = []
    for index in range(minutes * 60 // INTERVAL):
        await asyncio.sleep(INTERVAL)
        megabytes = {name: _megabytes(process) for name, process in processes.items()}
        samples.append(Sample((index + 1) * INTERVAL / 60, megabytes))
    return samples


def _megabytes(process: psutil.Process) -> float:
    """What is the process's own. Pages of files that are read late, libraries above all, are no growth."""
    memory = process.memory_info()
    return float(memory.rss - memory.shared) / 1e6


def _growth(samples: list[Sample], name: str) -> float:
    """Megabytes an hour, by least squares."""
    slope, _ = statistics.linear_regression(
        [each.minute for each in samples], [each.megabytes[name] for each in samples]
    )
    return 60 * slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    samples = asyncio.run(measure(parser.parse_args().minutes))
    settled = [each for each in samples if each.minute > FILLING] or samples
    shown = settled[:: SHOWN_EVERY * 60 // INTERVAL]
    print(f"| own memory, MB, after minutes | {' | '.join(f'{each.minute:.0f}' for each in shown)} | growth an hour |")
    print("|---" * (len(shown) + 2) + "|")
    for name in PROCESSES:
        values = " | ".join(f"{each.megabytes[name]:.1f}" for each in shown)
        print(f"| {name} | {values} | {_growth(settled, name):+.2f} |")


if __name__ == "__main__":
    main()
