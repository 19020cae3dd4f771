"""From a camera in a browser to a viewer's screen: how long "Go live" takes, and how old the picture is.

    python -m bench.whip_latency [--starts 6] [--seconds 60] [--polls]

Chromium films the sample show, a file of JPEGs as a USB camera would send them, from the studio page. A viewer's page
is open before, in another Chromium; with --polls it is one that no server-sent event reaches. Each start is pressed at
another moment. Then the viewer watches: the number of each picture on screen is looked up among those that the preview
showed, which come with the time at which the browser's capture took them.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from playwright.async_api import Page

from bench.chromium import chromium, filming
from bench.latency import LADDER
from bench.screen import SETTLING
from bench.served import CHANNEL, TOKEN, Served, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import video_frame

RATE = 30
SIZE = (1280, 720)
SHOW_SECONDS = 10
"""More than any picture is old."""

PATIENCE = 30.0
STEPS = {
    "answered": "the offer is answered",
    "connected": "the camera is connected",
    "live": "the API says live",
    "asked": "the viewer's page asks for a playlist",
    "fetched": "it has media",
    "shown": "the viewer sees a picture",
    "returned": "the host sees the return picture",
}

MARKS = """
performance.setResourceTimingBufferSize(100_000);
window.marks = {};
window.firstPicture = (id) => {
  performance.clearResourceTimings();
  window.marks = {};
  document.getElementById(id).requestVideoFrameCallback((now, frame) => {
    window.marks.shown = performance.timeOrigin + frame.expectedDisplayTime;
  });
};
window.loaded = (part) => performance.getEntriesByType("resource").find(({ name }) => new RegExp(part).test(name));
"""


def write_camera(path: Path, size: tuple[int, int]) -> None:
    """The show as JPEGs one after another, which Chromium films at 30 a second, again and again."""
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p"
        stream.codec_context.options = {"q": "3", "huffman": "default"}
        for number, picture in enumerate(SampleShow(*size, Fraction(RATE), Fraction(SHOW_SECONDS))):
            frame = video_frame(picture).reformat(format="yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@dataclass
class Result:
    """`starts` has seconds after the press by step; `ages` seconds from capture to screen, after settling."""

    starts: list[dict[str, float]] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    heights: dict[int, int] = field(default_factory=dict)


class Stage:
    """The pages of one benchmark."""

    def __init__(self, server: Served, studio: Page, viewer: Page) -> None:
        self.server, self.studio, self.viewer = server, studio, viewer

    async def go_live(self, wait: float) -> dict[str, float]:
        """Press, `wait` seconds after everything stands still, and see the first pictures."""
        await self.studio.evaluate("firstPicture('return')")
        await self.viewer.evaluate("firstPicture('video')")
        await self.studio.evaluate(
            """() => {
              const mark = (name) => (marks[name] ??= performance.timeOrigin + performance.now());
              document.getElementById("ask-yes").addEventListener("click", () => mark("pressed"), { once: true });
              studio.publisher.addEventListener("state", () => studio.publisher.state === "on" && mark("connected"));
            }"""
        )
        await asyncio.sleep(wait)
        await self.studio.get_by_role("button", name="Go live").click()
        await self.studio.get_by_role("dialog").get_by_role("button", name="Go live").click()
        async with asyncio.timeout(PATIENCE):
            live = await self._live()
            for page in (self.viewer, self.studio):
                while not await page.evaluate("marks.shown"):  # noqa: ASYNC110 - the page is asked
                    await asyncio.sleep(0.05)
        return await self._steps(live)

    async def _live(self) -> float:
        """When the API says so, in ms."""
        while (await asyncio.to_thread(self.server.state))["state"] != "live":  # noqa: ASYNC110 - the API is asked
            await asyncio.sleep(0.02)
        return time.time() * 1000

    async def _steps(self, live: float) -> dict[str, float]:
        ours = await self.studio.evaluate(
            "({ ...marks, answered: performance.timeOrigin + loaded('/whip/').responseEnd })"
        )
        theirs = await self.viewer.evaluate(
            """({ ...marks, asked: performance.timeOrigin + loaded('/hls/.*m3u8').startTime,
                  fetched: performance.timeOrigin + loaded('/hls/.*[0-9]\\.m4s').responseEnd })"""
        )
        steps = {**ours, **theirs, "live": live, "returned": ours["shown"]}
        return {name: (steps[name] - ours["pressed"]) / 1000 for name in STEPS}

    async def stop(self) -> None:
        await self.studio.get_by_role("button", name="Stop").click()
        await self.studio.get_by_role("dialog").get_by_role("button", name="Stop").click()
        await self.server.reaches("ended")
        async with asyncio.timeout(PATIENCE):
            while await self.viewer.evaluate("document.body.dataset.state") != "ended":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            while await self.studio.evaluate("document.getElementById('return-cover').hidden"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def watch(self, seconds: int, result: Result) -> None:
        """Compare what the viewer sees with what the camera took."""
        await asyncio.sleep(SETTLING)
        for page in (self.studio, self.viewer):
            await page.evaluate("shown.length = 0, taken.length = 0")
        await asyncio.sleep(seconds)
        taken = [(int(number), float(at)) for number, at in await self.studio.evaluate("taken")]
        shown = await self.viewer.evaluate("shown")
        times: dict[int, list[float]] = {}
        for number, at in taken:
            times.setdefault(number, []).append(at)
        for number, at, height in shown:
            before = [each for each in times.get(number, ()) if at - 1000 * SHOW_SECONDS < each < at]
            if before:
                result.ages.append((at - max(before)) / 1000)
                result.heights[height] = result.heights.get(height, 0) + 1


@asynccontextmanager
async def _page(server: Served, address: str, *options: str, events: bool = True) -> AsyncIterator[Page]:
    """In a browser of its own: what is behind another page is drawn once a second only."""
    async with chromium(*options) as browser:
        context = await browser.new_context(
            viewport={"width": 1280, "height": 800}, base_url=server.http, bypass_csp=True
        )
        await context.grant_permissions(["camera", "microphone"])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        await page.add_init_script(MARKS)
        await page.add_init_script(path=Path(__file__).with_name("viewer.js"))
        if not events:
            await page.route("**/events", lambda route: route.abort())
        await page.goto(address)
        yield page


@asynccontextmanager
async def _stage(server: Served, camera: Path, polls: bool) -> AsyncIterator[Stage]:
    async with (
        _page(server, f"/watch/{CHANNEL}", events=not polls) as viewer,
        _page(
            server,
            f"/studio/{CHANNEL}#token={TOKEN}",
            *filming(camera),
        ) as studio,
    ):
        async with asyncio.timeout(PATIENCE):
            while not await studio.evaluate("window.taken.length"):  # noqa: ASYNC110 - the page is asked
                await asyncio.sleep(0.1)
        yield Stage(server, studio, viewer)


async def measure(starts: int, seconds: int, polls: bool) -> Result:
    result = Result()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera = folder / "camera.mjpeg"
        await asyncio.to_thread(write_camera, camera, SIZE)
        async with served(folder, LADDER) as server, _stage(server, camera, polls) as stage:
            for count in range(starts):
                if count:
                    await stage.stop()
                result.starts.append(await stage.go_live(1 + count * 0.7))
                print("  " + ", ".join(f"{step} {at:.2f}" for step, at in result.starts[-1].items()), file=sys.stderr)
            if seconds:
                await stage.watch(seconds, result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--polls", action="store_true", help="no server-sent event reaches the viewer's page")
    given = parser.parse_args()
    result = asyncio.run(measure(given.starts, given.seconds, given.polls))
    print('| after "Go live" | median | worst |\n|---|---|---|')
    for step, words in STEPS.items():
        times = [start[step] for start in result.starts]
        print(f"| {words} | {statistics.median(times):.2f} s | {max(times):.2f} s |")
    if result.ages:
        ordered = sorted(result.ages)
        print("\n| glass to glass: median | p95 | worst | pictures | heights shown |\n|---|---|---|---|---|")
        p95 = ordered[int(0.95 * len(ordered))]
        print(
            f"| {statistics.median(ordered):.2f} s | {p95:.2f} s | {ordered[-1]:.2f} s "
            f"| {len(ordered)} | {result.heights} |"
        )


if __name__ == "__main__":
    main()
