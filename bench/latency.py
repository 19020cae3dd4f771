"""Capture to screen: the number on each frame that hls.js shows in Chromium, against the clock that captured it.

    python -m bench.latency [--seconds 300] [--alone]

One clip goes by RTMP to Vitrine, which makes the full ladder of it, and at the same time to the usual set-up,
`bench/nginx_rtmp.py`, which passes it on; each has a viewer in a browser of its own. All of it shares one machine.
`--alone` leaves the usual set-up out. `--seconds 60` is enough for a draft.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bench.nginx_rtmp import KEY, Usual, usual
from bench.screen import Latency, Seen, latency_of, watch
from bench.served import CHANNEL, Served, child, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("720p", 720, 2800), ("480p", 480, 1400), ("360p", 360, 800))
RATE = 30
SHOW_SECONDS = 60
LISTED = 3
"""Segments that the usual set-up lists before its viewer comes: hls.js starts three behind the end."""


@dataclass(frozen=True)
class Result:
    """One set-up: seconds from the publisher's first frame until there was something to play, and what was seen."""

    start_up: float
    seen: Seen
    latency: Latency


async def measure(seconds: int, *, alone: bool) -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(1280, 720, Fraction(RATE), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server, usual(folder / "usual") as other:
            async with asyncio.TaskGroup() as tasks:
                ours = tasks.create_task(_vitrine(server, show, seconds))
                theirs = None if alone else tasks.create_task(_usual(other, show, seconds))
            found = {"Vitrine": ours.result()}
            return found if theirs is None else {**found, "nginx-rtmp": theirs.result()}


async def _vitrine(server: Served, show: Path, seconds: int) -> Result:
    async with _camera(show, server.rtmp, CHANNEL) as captured:
        before = _now()
        await server.live()
        start_up = _now() - before
        seen = await watch(f"{server.http}/watch/{CHANNEL}", seconds, tell=True)
        return Result(start_up, seen, latency_of(seen.shown, captured, RATE, SHOW_SECONDS))


async def _usual(server: Usual, show: Path, seconds: int) -> Result:
    async with _camera(show, server.rtmp, KEY) as captured:
        before = _now()
        await server.segments(1)
        start_up = _now() - before
        await server.segments(LISTED)
        seen = await watch(server.page, seconds)
        return Result(start_up, seen, latency_of(seen.shown, captured, RATE, SHOW_SECONDS))


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def _camera(show: Path, url: str, key: str) -> AsyncIterator[float]:
    """A publisher at a camera's pace; gives the clock at which frame 0 was captured."""
    async with child(sys.executable, "-m", "bench.camera", str(show), url, key) as process:
        assert process.stdout is not None
        captured = (await process.stdout.readline()).decode()
        if not captured:
            raise RuntimeError(f"The publisher to {url} ended before its first frame")
        yield float(captured)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--alone", action="store_true", help="without the usual set-up beside it")
    arguments = parser.parse_args()
    results = asyncio.run(measure(arguments.seconds, alone=arguments.alone))
    print(
        "| set-up | start-up | page to picture | p50 | p95 | p99 | worst | stalls | frames | unread | heights shown |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, result in results.items():
        latency, seen = result.latency, result.seen
        seconds = (result.start_up, seen.joined, latency.median, *map(latency.percentile, (95, 99, 100)))
        heights = ", ".join(f"{height}p: {count}" for height, count in latency.heights.most_common())
        row = [name, *(f"{each:.2f} s" for each in seconds)]
        row += [str(each) for each in (latency.stalls, len(latency.latencies), seen.unread, heights)]
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
