"""A real browser plays a real broadcast on the watch page."""

from itertools import pairwise
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import Page

from tests.interop.conftest import KEY, until_state, vitrine
from vitrine.server.serve import Running


async def test_the_watch_page_plays_at_the_live_edge(
    page: Page, server: Running, http: ClientSession, show: Path
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"http://127.0.0.1:{server.http_port}/watch/show")
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, "--key", KEY, "--loop", "--quiet"):
        await until_state(http, "live")
        await page.wait_for_function("window.shown.length >= 150")
        numbers = [number for number, *_ in await page.evaluate("window.shown")]
        latency = await page.evaluate("window.vitrine.latency()")
    steps = [(later - earlier) % 180 for earlier, later in pairwise(numbers)]
    steady = steps[-90:]  # a page that starts late may jump to the live edge first
    assert max(steady) < 60, "the picture goes on without a jump"
    assert sum(step == 1 for step in steady) > len(steady) * 0.6, "frame follows frame"
    assert 0 < latency < 8
    assert complaints == []


async def test_hls_js_finds_no_gap_and_every_rendition(
    page: Page, server: Running, http: ClientSession, show: Path
) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, "--key", KEY, "--loop", "--quiet"):
        await until_state(http, "live")
        await page.goto(f"http://127.0.0.1:{server.http_port}/watch/show")
        await page.wait_for_function("window.shown.length > 30")
        await page.evaluate(
            """() => {
                const { hls } = window.vitrine;
                window.faults = [];
                hls.on("hlsError", (_, data) => window.faults.push(data.details));
                hls.nextLevel = hls.levels.findIndex((level) => level.height === 180);
            }"""
        )
        await page.wait_for_function("document.querySelector('video').videoHeight === 180")
        await page.evaluate("() => { window.vitrine.hls.nextLevel = -1; window.shown.length = 0; }")
        await page.wait_for_function("window.shown.length > 60")
        levels = await page.evaluate("window.vitrine.hls.levels.map((level) => level.height)")
        unbroken = await page.evaluate(
            """() => {
                const { buffered, currentTime } = document.querySelector("video");
                return currentTime - buffered.start(buffered.length - 1);
            }"""
        )
        faults = await page.evaluate("window.faults")
    assert sorted(levels) == [180, 270]
    assert unbroken > 1, "no gap since the switch; on a busy machine the page may have jumped to live before"
    assert [fault for fault in faults if fault != "bufferStalledError"] == []
