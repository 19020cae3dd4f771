"""A real browser watches while publishers come and go: it plays on, and nobody has to reload."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession
from playwright.async_api import Page

from tests.interop.conftest import KEY, Publish, configuration, until_state, vitrine
from tests.interop.test_reconnect import OTHERWISE
from tests.interop.test_trouble import workers
from vitrine.server.config import Reconnect
from vitrine.server.serve import Running, running

SETTLED = "window.shown.length > 60"

WATCHED = """() => {
    const { hls } = window.vitrine;
    window.player = hls;
    window.faults = [];
    hls.on("hlsError", (_, data) => data.fatal && window.faults.push(data.details));
    window.unreadBefore = window.unread;
}"""

BLINK = 1.0
"""Seconds that a picture may stand still when its transcoder dies, beyond what it does on this machine anyway."""

SINCE = "window.presented.filter((at) => at >= {since})"

SLATE = 30
"""Pictures without a number that are the slate for certain."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    config = msgspec.structs.replace(configuration(tmp_path / "data"), reconnect=Reconnect(window=60))
    async with running(config) as server:
        yield server


async def unbroken(page: Page) -> None:
    """The player of before still plays, without a fatal error."""
    assert await page.evaluate("window.faults") == []
    assert await page.evaluate("window.player === window.vitrine.hls")
    assert not await page.evaluate("document.querySelector('video').paused")


async def test_a_viewer_sees_the_slate_then_the_show_again_and_never_reloads(
    page: Page, server: Running, http: ClientSession, publish: Publish, show: Path
) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, "--key", KEY, "--loop", "--quiet") as first:
        await until_state(http, "live")
        await page.goto(f"http://127.0.0.1:{server.http_port}/watch/show")
        await page.wait_for_function(SETTLED)
        await page.evaluate(WATCHED)
        first.process.kill()
        await first.process.wait()
    await page.wait_for_function(f"window.unread - window.unreadBefore > {SLATE}")
    await unbroken(page)
    await page.evaluate("window.shown.length = 0")
    async with publish(show, KEY, *OTHERWISE["resized"]):
        await page.wait_for_function(SETTLED)
    await unbroken(page)


async def longest_still(page: Page, since: float, pictures: int) -> float:
    """Seconds without a new picture from `since` on, the page's own time in ms, until so many were shown."""
    await page.wait_for_function(f"{SINCE.format(since=since)}.length > {pictures}")
    shown = await page.evaluate(SINCE.format(since=since))
    return float(max(later - before for before, later in pairwise([since, *sorted(shown)]))) / 1000


async def test_a_killed_worker_is_a_blink(page: Page, server: Running, http: ClientSession, show: Path) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, "--key", KEY, "--loop", "--quiet"):
        await until_state(http, "live")
        await page.goto(f"http://127.0.0.1:{server.http_port}/watch/show")
        await page.wait_for_function(SETTLED)
        await page.evaluate(WATCHED)
        usual = await longest_still(page, await page.evaluate("Date.now()"), 90)
        (worker,) = workers()
        worker.kill()
        still = await longest_still(page, await page.evaluate("Date.now()"), 150)
        await unbroken(page)
        assert [each.pid for each in workers()] != [worker.pid]
    assert still <= BLINK + usual
