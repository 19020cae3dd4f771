"""The server is killed, or stopped, in the middle of a show and started again: viewers go on, and no cue is lost."""

import asyncio
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession
from playwright.async_api import Page

from tests.interop.conftest import KEY, PATIENCE, TOKEN, Program, until_state, vitrine
from tests.interop.test_check import OF_TIME
from tests.interop.test_viewer_of_faults import SETTLED
from vitrine.check.peer import check_stream

CONFIGURATION = """
[server]
http = "127.0.0.1:{http}"
rtmp = "127.0.0.1:{rtmp}"
data = "{data}"
api_token = "{token}"
always_admit = true

[[ladder]]
name = "270p"
height = 270
kbps = 500

[channels.show]
stream_key = "{key}"
"""

WATCHED = 4.0
"""Seconds."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Restarted:
    """A server in a process of its own, which is started again on the same ports with the same data."""

    def __init__(self, folder: Path) -> None:
        self.http_port, self.rtmp_port = free_port(), free_port()
        self.errors = b""
        self._config = folder / "vitrine.toml"
        ports = {"http": self.http_port, "rtmp": self.rtmp_port}
        self._config.write_text(CONFIGURATION.format(**ports, data=folder / "data", token=TOKEN, key=KEY))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = (sys.executable, "-m", "vitrine.server", "serve", "--config", str(self._config))
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        assert self._process.stdout is not None
        await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)

    async def end(self, number: int) -> int:
        """The exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        _, errors = await asyncio.wait_for(self._process.communicate(), PATIENCE)
        self.errors += errors
        return self._process.returncode or 0

    def push(self, show: Path, protocol: str) -> AbstractAsyncContextManager[Program]:
        rtmp, whip = f"rtmp://127.0.0.1:{self.rtmp_port}/live", f"http://127.0.0.1:{self.http_port}/whip/show"
        return vitrine("push", show, rtmp if protocol == "rtmp" else whip, "--key", KEY, "--loop", "--quiet")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Restarted]:
    server = Restarted(tmp_path)
    await server.start()
    yield server
    await server.end(signal.SIGKILL)


@pytest.fixture
async def http(server: Restarted) -> AsyncIterator[ClientSession]:
    async with ClientSession(f"http://127.0.0.1:{server.http_port}") as session:
        yield session


async def show_product(http: ClientSession, product: str) -> Mapping[str, object]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with http.post(
        "/api/channels/show/cues", json={"action": "show", "products": [product]}, headers=headers
    ) as told:
        assert told.status == 200, await told.text()
        return dict(await told.json())


async def text_of(http: ClientSession, path: str) -> str:
    async with http.get(path) as response:
        assert response.status == 200
        return await response.text()


def numbers(playlist: str) -> list[int]:
    return [int(line.split(".")[-2]) for line in playlist.splitlines() if line.endswith(".m4s")]


def dates(playlist: str) -> list[str]:
    return re.findall("PROGRAM-DATE-TIME:(.*)", playlist)


@pytest.mark.parametrize(
    ("number", "protocol"), [(signal.SIGKILL, "whip"), (signal.SIGTERM, "rtmp")], ids=["killed", "stopped"]
)
async def test_a_show_outlives_its_server_and_its_publisher_comes_back(
    number: signal.Signals, protocol: str, page: Page, server: Restarted, http: ClientSession, show: Path
) -> None:
    answered = []
    async with server.push(show, protocol):
        broadcast = (await until_state(http, "live"))["broadcast"]
        await page.goto(f"http://127.0.0.1:{server.http_port}/watch/show")
        await page.wait_for_function(SETTLED)
        await page.evaluate("window.opened = performance.timeOrigin")
        answered.append(await show_product(http, "A-1"))
        await page.wait_for_function("document.body.innerText.includes('Now showing: A-1')")  # on a frame of its own
        before = await text_of(http, "/hls/show/270p/index.m3u8")
        answered.append(await show_product(http, "B-2"))
        status = await server.end(number)
        assert status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
        with pytest.raises(ClientConnectionError):
            await http.get("/hls/show/index.m3u8")
        await server.start()
        await page.evaluate("window.shown.length = window.unread = 0")
        await page.wait_for_function(SETTLED)
        assert (await until_state(http, "live"))["broadcast"] == broadcast
        answered.append(await show_product(http, "C-3"))
        await page.wait_for_function("document.body.innerText.includes('Now showing: C-3')")
        after = await text_of(http, "/hls/show/270p/index.m3u8?_HLS_msn=1")
        ledger = await (await http.get("/api/channels/show/cues")).json()
        watch = await check_stream(
            f"http://127.0.0.1:{server.http_port}/hls/show/index.m3u8", WATCHED, lambda _gone, _watch: None
        )
    assert await page.evaluate("window.opened === performance.timeOrigin"), "the page was loaded again"
    assert [(each["entry"], each["frame"]) for each in ledger["entries"]] == [
        (each["entry"], each["frame"]) for each in answered
    ]
    assert numbers(after)[: len(numbers(before))] == numbers(before)
    assert numbers(after) == list(range(1, len(numbers(after)) + 1))
    assert dates(after)[: len(dates(before))] == dates(before)
    assert dates(after) == sorted(dates(after))
    assert after.count("#EXT-X-DISCONTINUITY\n") == 1
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:0\n" in after
    assert "ENDLIST" not in after
    for product in ("A-1", "B-2", "C-3"):
        assert after.count(f'X-PRODUCT="{product}"') == 1
    assert {each.name: each.seen[0] for each in watch.findings.all if each.name not in OF_TIME} == {}
    assert b"Traceback" not in server.errors
