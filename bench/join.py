"""From opening the watch page to the picture: what a viewer waits who comes into a running show.

    python -m bench.join [--joins 10]

A 720p30 show is live in three rungs. Each viewer is a Chromium without anything kept, one after the other; a join is
from the start of the navigation until the first frame is painted, both by the page's own clock.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from playwright.async_api import Browser

from bench.chromium import chromium
from bench.latency import LADDER, RATE, SHOW_SECONDS
from bench.served import CHANNEL, child, publisher, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

FILLING = 15
"""Seconds on air before the first viewer: a playlist of several segments, as most find it."""

FIRST_FRAME = """
(() => {
  const painted = (video) => video.requestVideoFrameCallback((now, frame) => {
    globalThis.joined = { at: Math.max(now, frame.expectedDisplayTime), height: video.videoHeight };
  });
  new MutationObserver((_, observer) => {
    const video = document.querySelector("video");
    if (video) { observer.disconnect(); painted(video); }
  }).observe(document, { childList: true, subtree: true });
})();
"""

FETCHED = """
performance.getEntries().filter((entry) => "responseEnd" in entry).map((entry) =>
  [entry.name.replace(location.origin, ""), entry.startTime, entry.responseEnd])
"""


@dataclass(frozen=True)
class Join:
    """Seconds until the first frame was on screen, its height, and what was fetched by then: address, from, to."""

    seconds: float
    height: int
    fetched: list[tuple[str, float, float]]


async def measure(joins: int) -> list[Join]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(1280, 720, Fraction(RATE), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server, child(*publisher(show, server)):
            await server.live()
            await asyncio.sleep(FILLING)
            async with chromium() as browser:
                return [await _join(browser, f"{server.http}/watch/{CHANNEL}") for _ in range(joins)]


async def _join(browser: Browser, address: str) -> Join:
    """In a context of its own: nothing is kept of those before."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = await context.new_page()
        await page.add_init_script(FIRST_FRAME)
        await page.goto(address, wait_until="commit")
        async with asyncio.timeout(30):
            while (joined := await page.evaluate("globalThis.joined")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        fetched = [(name, at / 1000, to / 1000) for name, at, to in await page.evaluate(FETCHED)]
        seconds = joined["at"] / 1000
        return Join(seconds, joined["height"], [each for each in fetched if each[1] < seconds])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=10)
    parser.add_argument("--timeline", action="store_true", help="say what the last viewer fetched, and when")
    arguments = parser.parse_args()
    joins = asyncio.run(measure(arguments.joins))
    if arguments.timeline:
        for name, at, to in joins[-1].fetched:
            print(f"  {at:.3f} to {to:.3f} s  {name}", file=sys.stderr)
    times = sorted(join.seconds for join in joins)
    heights = sorted({join.height for join in joins}, reverse=True)
    print("| joins | fastest | median | worst | first picture |")
    print("|---|---|---|---|---|")
    row = [str(len(times)), *(f"{each:.2f} s" for each in (times[0], statistics.median(times), times[-1]))]
    print(f"| {' | '.join(row)} | {', '.join(f'{height}p' for height in heights)} |")


if __name__ == "__main__":
    main()
