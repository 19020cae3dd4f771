"""A page with three players, a stream on another origin, and what of it is on screen."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page

from bench.chromium import chromium
from tests.browser.shaka import shaka_script
from tests.interop.conftest import PATIENCE
from tests.origin.on_air import RATE, Broadcast
from tests.overlay.browser.conftest import serve
from tests.overlay.browser.stage import READ_NUMBER
from vitrine.origin import pages

PAGE = """<!doctype html><title>players</title><link rel="icon" href="data:,">
<video autoplay muted playsinline crossorigin="anonymous"></video>
<script src="hls.js"></script><script src="shaka.js"></script>
<script src="number.js"></script><script src="players.js"></script>"""


class Frame(NamedTuple):
    """One that came on screen: the number in the picture, the media time that the player has for it, and when it came.

    `time` and `shown` are seconds, each from a beginning of its own.
    """

    number: int
    time: float
    height: int
    shown: float


class Screen:
    """A page that plays, and what is on it."""

    def __init__(self, page: Page, broadcast: Broadcast) -> None:
        self._page = page
        self._broadcast = broadcast

    async def ask(self, expression: str) -> Any:
        return await self._page.evaluate(expression)

    async def until(self, condition: str) -> None:
        """Fails if the player gives up, or takes longer than anything should."""
        async with asyncio.timeout(PATIENCE):
            await self.ask(f"until(() => {condition})")
        assert await self.ask("faults") == []

    async def more(self, seconds: float) -> list[Frame]:
        """The frames of the next seconds of the picture."""
        before = await self.ask("frames.length")
        async with asyncio.timeout(PATIENCE + seconds):
            await self.ask(f"more({round(seconds * RATE)})")
        assert await self.ask("faults") == []
        return [Frame(*frame) for frame in (await self.ask("frames"))[before:]]

    async def behind(self) -> float:
        """Seconds from the newest picture that is out to the one on screen."""
        number, *_ = await self.ask("frames.at(-1)")
        return float((self._broadcast.stage.newest - number) / RATE)


def application(shaka: str) -> web.Application:
    """The players' page: another origin than the stream's, as a shop is."""
    hls = pages.static_file("vendor/hls.min.js")
    assert hls, "hls.js is missing: run `pip install -e .`, which fetches it"
    players = Path(__file__).with_name("players.js").read_text("utf-8")
    texts = {"hls.js": hls.body.decode(), "shaka.js": shaka, "number.js": READ_NUMBER, "players.js": players}

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(request: web.Request) -> web.Response:
        return web.Response(text=texts[request.match_info["name"]], content_type="text/javascript")

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/{name}", script)])
    return app


@pytest.fixture(scope="module")
def shaka(request: pytest.FixtureRequest) -> str:
    return shaka_script(request.config.cache.mkdir("vitrine-browser"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


OpenPlayer = Callable[[str, Broadcast], Awaitable[Screen]]


@pytest_asyncio.fixture(loop_scope="module")
async def open_player(browser: Browser, shaka: str) -> AsyncIterator[OpenPlayer]:
    """Opens a page where the player of that name plays a broadcast."""
    troubles: list[str] = []
    async with AsyncExitStack() as stack:
        shop = await serve(application(shaka), stack)

        async def open_page(name: str, broadcast: Broadcast) -> Screen:
            page = await browser.new_page()
            stack.push_async_callback(page.close)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            await page.goto(shop)
            await page.evaluate("(arguments) => play(...arguments)", [name, f"{broadcast.origin}/hls/show/index.m3u8"])
            return Screen(page, broadcast)

        yield open_page
    assert troubles == []


@asynccontextmanager
async def asleep(browser: Browser) -> AsyncIterator[None]:
    """Every tab of the browser stands still, as if its machine slept; what servers send piles up."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    renderers = [process["id"] for process in found["processInfo"] if process["type"] == "renderer"]
    with stopped(renderers):
        yield


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
