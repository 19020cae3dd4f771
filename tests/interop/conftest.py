"""A real server in this process, real publishers beside it, and what a player would fetch from it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession
from playwright.async_api import Page

from bench.chromium import chromium
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.origin import stream
from vitrine.server.config import Channel, Config, Reconnect, RungTable, Server
from vitrine.server.serve import Running, running

KEY = "s3cret-key"
TOKEN = "t0ken-of-the-crew"
SHOW_SECONDS = 6
SMALL_LADDER = (RungTable("270p", 270, 500), RungTable("180p", 180, 250))
VIEWER = Path(__file__).parent.parent.parent / "bench" / "viewer.js"
PATIENCE = 30.0
"""Seconds that anything real may take on a busy machine before it counts as hung."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def show(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample show, 480x270 at 30 frames a second."""
    path = tmp_path_factory.mktemp("show") / "show.mp4"
    write_sample(path, SampleShow(480, 270, Fraction(30), Fraction(SHOW_SECONDS)))
    return path


def configuration(data: Path, **server: str) -> Config:
    """Broadcasts end with their publishers."""
    addresses = dict.fromkeys(("http", "https", "rtmp", "rtmps"), "127.0.0.1:0")
    return Config(
        # A machine that runs tests has no room; what is refused then, tests/server/test_publishing.py shows.
        server=msgspec.convert(
            {**addresses, "data": str(data), "api_token": TOKEN, **server, "always_admit": True}, Server
        ),
        ladder=SMALL_LADDER,
        reconnect=Reconnect(window=0),
        channels={"show": Channel(title="The show", stream_key=KEY), "other": Channel()},
    )


@pytest.fixture
def nobody_watches_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playlists end at once. The moment before it is for players in browsers; a recording only waits for it."""
    monkeypatch.setattr(stream, "FAREWELL", 0.05)


@pytest.fixture
async def server(tmp_path: Path, nobody_watches_the_end: None) -> AsyncIterator[Running]:
    async with running(configuration(tmp_path / "data")) as server:
        yield server


@pytest.fixture
async def http(server: Running) -> AsyncIterator[ClientSession]:
    async with ClientSession(f"http://127.0.0.1:{server.http_port}") as session:
        yield session


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """In a browser of its own; it counts the pictures that it shows, as the benchmarks' do."""
    async with chromium() as browser:
        # Playwright waits by evaluating text, which the page's own policy forbids; that policy is tested elsewhere.
        page = await browser.new_page(viewport={"width": 1000, "height": 700}, bypass_csp=True)
        page.set_default_timeout(PATIENCE * 1000)
        await page.add_init_script(path=VIEWER)
        yield page


class Program:
    """A program that runs beside the test; its standard error is kept."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ended(self) -> tuple[int, str]:
        """Exit status, and all that it wrote to standard error."""
        async with asyncio.timeout(PATIENCE):
            _, errors = await self.process.communicate()
        return self.process.returncode or 0, errors.decode(errors="replace")


@asynccontextmanager
async def program(*command: str | Path, **environment: str) -> AsyncIterator[Program]:
    """A program that is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


Publish = Callable[..., AbstractAsyncContextManager[Program]]


@pytest.fixture
def publish(server: Running, show: Path) -> Publish:
    """Run a real ffmpeg that publishes at real-time pace."""

    def start(
        source: Path = show, key: str = KEY, *options: str, ffmpeg: str = "ffmpeg", app: str = "live"
    ) -> AbstractAsyncContextManager[Program]:
        url = f"rtmp://127.0.0.1:{server.rtmp_port}/{app}/{key}"
        copying = options or ("-c", "copy")
        return program(ffmpeg, "-hide_banner", "-v", "error", "-re", "-i", source, *copying, "-f", "flv", url)

    return start


def vitrine(*arguments: str | Path, **environment: str) -> AbstractAsyncContextManager[Program]:
    """Run our own command line as a user does."""
    return program(sys.executable, "-m", "vitrine.server", *arguments, **environment)


async def state_of(http: ClientSession, channel: str = "show") -> dict[str, object]:
    async with http.get(f"/api/channels/{channel}") as response:
        return dict(await response.json())


async def until_state(http: ClientSession, *states: str, channel: str = "show") -> dict[str, object]:
    """The channel's state once it is one of `states`."""
    async with asyncio.timeout(PATIENCE):
        while (state := await state_of(http, channel))["state"] not in states:  # noqa: ASYNC110 - the API is asked as a page asks it
            await asyncio.sleep(0.05)
    return state
