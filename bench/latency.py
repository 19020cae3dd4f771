"""Capture to screen: the number on each frame that hls.js shows in Chromium, against the clock that captured it.

python -m bench.latency [--seconds 600]
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.served import CHANNEL, child, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("720p", 720, 2800), ("480p", 480, 1400), ("360p", 360, 800))
RATE = 30
SHOW_SECONDS = 60
SETTLING = 10
"""Seconds after the start that are not counted: hls.js measures and catches up."""

STALL = 0.5
"""Seconds without a new picture that a viewer calls a stall."""

CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@dataclass(frozen=True)
class Latency:
    """Seconds from capture to screen, over the frames shown after settling."""

    start_up: float
    first_frame: float
    median: float
    p95: float
    worst: float
    stalls: int
    frames: int
    unread: int
    heights: dict[int, int]


async def measure(seconds: int) -> Latency:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(1280, 720, Fraction(RATE), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server:
            camera = (sys.executable, "-m", "bench.camera", str(show), server.rtmp, CHANNEL)
            async with child(*camera) as process:
                assert process.stdout is not None
                captured = float((await process.stdout.readline()).decode())
                loop = asyncio.get_running_loop()
                before = loop.time()
                await server.live()
                start_up = loop.time() - before
                shown, unread = await _watch(f"{server.http}/watch/{CHANNEL}", seconds)
    return _summary(captured, start_up, shown, unread)


async def _watch(address: str, seconds: int) -> tuple[list[tuple[int, float, int]], int]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        page = await browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
        await page.add_init_script(path=Path(__file__).with_name("viewer.js"))
        await page.goto(address)
        await page.wait_for_function("window.shown.length > 0", timeout=30_000)
        await _let_pass(page, seconds)
        shown = await page.evaluate("window.shown")
        unread = await page.evaluate("window.unread")
        await browser.close()
    return [(int(number), at / 1000, int(height)) for number, at, height in shown], int(unread)


async def _let_pass(page: Page, seconds: int) -> None:
    for minute in range(seconds // 60):
        await asyncio.sleep(60)
        print(f"  {minute + 1} min, {await page.evaluate('window.shown.length')} frames shown", file=sys.stderr)
    await asyncio.sleep(seconds % 60)


def _summary(captured: float, start_up: float, shown: list[tuple[int, float, int]], unread: int) -> Latency:
    period = SHOW_SECONDS
    latencies, heights = [], dict[int, int]()
    started = shown[0][1]
    times = [at for _, at, _ in shown if at > started + SETTLING]
    for number, at, height in shown:
        # The show repeats: the turn is the one that makes the latency positive and smallest.
        latency = (at - captured - number / RATE) % period
        if at > started + SETTLING:
            latencies.append(latency)
            heights[height] = heights.get(height, 0) + 1
    first = (shown[0][1] - captured - shown[0][0] / RATE) % period
    stalls = [(earlier, later - earlier) for earlier, later in itertools.pairwise(times) if later - earlier > STALL]
    for at, length in stalls:
        print(f"  stall of {length:.2f} s after {at - started:.0f} s", file=sys.stderr)
    ordered = sorted(latencies)
    return Latency(
        start_up=start_up,
        first_frame=first,
        median=statistics.median(ordered),
        p95=ordered[int(0.95 * len(ordered))],
        worst=ordered[-1],
        stalls=len(stalls),
        frames=len(ordered),
        unread=unread,
        heights=heights,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    result = asyncio.run(measure(parser.parse_args().seconds))
    print("| start-up | median | p95 | worst | stalls | frames | unread | heights shown |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {result.start_up:.2f} s | {result.median:.2f} s | {result.p95:.2f} s | {result.worst:.2f} s "
        f"| {result.stalls} | {result.frames} | {result.unread} | {result.heights} |"
    )


if __name__ == "__main__":
    main()
