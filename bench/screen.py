"""What a viewer sees: Chromium on a page, with the number of each picture as it is shown."""

import asyncio
import itertools
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.chromium import chromium

SETTLING = 10
"""Seconds after the first picture that are not counted: hls.js measures and catches up."""

STALL = 0.5
"""Seconds without a new picture that a viewer calls a stall."""

Shown = tuple[int, float, int]
"""A picture's number, when it was shown in seconds since 1970, and its height."""


@dataclass(frozen=True)
class Seen:
    """All pictures of one viewer, the seconds from opening the page to the first, and how many could not be read."""

    shown: list[Shown]
    joined: float
    unread: int


async def watch(address: str, seconds: int, *, tell: bool = False) -> Seen:
    """Open a page in a browser of its own and watch it. With `tell` each minute is told."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
        await page.add_init_script(path=Path(__file__).with_name("viewer.js"))
        await page.goto(address)
        await page.wait_for_function("window.shown.length > 0", timeout=60_000)
        for minute in range(seconds // 60):
            await asyncio.sleep(60)
            if tell:
                shown = await page.evaluate("window.shown.length")
                print(f"  {minute + 1} min, {shown} frames shown", file=sys.stderr)
        await asyncio.sleep(seconds % 60)
        shown = [(int(number), at / 1000, int(height)) for number, at, height in await page.evaluate("window.shown")]
        opened = await page.evaluate("performance.timeOrigin") / 1000
        unread = int(await page.evaluate("window.unread"))
    return Seen(shown, shown[0][1] - opened, unread)


@dataclass(frozen=True)
class Latency:
    """Seconds from capture to screen, in order, over the pictures shown after settling; how often they stood still."""

    latencies: list[float]
    stalls: int
    heights: Counter[int]

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    def percentile(self, percent: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(percent / 100 * len(self.latencies)))]


def latency_of(shown: Sequence[Shown], captured: float, rate: int, period: float) -> Latency:
    """`captured`: when picture 0 was; the show repeats after `period` seconds."""
    counted = [each for each in shown if each[1] > shown[0][1] + SETTLING]
    # The turn is the one that makes the latency positive and smallest.
    latencies = sorted((at - captured - number / rate) % period for number, at, _ in counted)
    stalls = 0
    for (_, earlier, _), (_, later, _) in itertools.pairwise(counted):
        if later - earlier > STALL:
            stalls += 1
            after = earlier - shown[0][1]
            print(f"  stall of {later - earlier:.2f} s after {after:.0f} s", file=sys.stderr)
    return Latency(latencies, stalls, Counter(height for _, _, height in counted))
