"""The real server in a process of its own, which can be ended in every way and started again in its place."""

import asyncio
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.served import free_port

TOKEN = "of-the-soak"
STARTING = 30.0
ENDING = 15.0
ANSWER = 10.0
"""Seconds for anything that is not held on purpose: more is a hang."""

LADDER = (("270p", 270, 500), ("180p", 180, 250))
WINDOW = 90
"""Seconds listed: more than is kept in memory, so that segments go through files."""

RECONNECT = 25
"""Seconds for which a publisher is awaited."""


def backup_key(channel: str) -> str:
    return f"{channel}-backup-key"


def key_of(channel: str) -> str:
    return f"{channel}-stream-key"


@dataclass(slots=True)
class Server:
    """`http` asks it; `up` is cleared while it is down on purpose, and `starts` counts."""

    folder: Path
    channels: tuple[str, ...]
    http: aiohttp.ClientSession
    http_port: int = field(default_factory=free_port)
    rtmp_port: int = field(default_factory=free_port)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def rtmp(self) -> str:
        return f"rtmp://127.0.0.1:{self.rtmp_port}/live"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def died(self) -> bool:
        """It ended by itself."""
        return self.up.is_set() and (self._process is None or self._process.returncode is not None)

    async def start(self) -> None:
        """Until it is ready for publishers."""
        config = self.folder / "vitrine.toml"
        config.write_text(self._configuration())
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "vitrine.server", "serve", "--config", str(config)),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        async with asyncio.timeout(STARTING):
            while not await self._ready():  # noqa: ASYNC110 - it is asked as a load balancer asks
                await asyncio.sleep(0.1)
        self.starts += 1
        self.up.set()

    async def end(self, number: int = signal.SIGTERM) -> int:
        """By a signal; its exit status."""
        self.up.clear()
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await asyncio.wait_for(self._process.wait(), ENDING)

    async def _ready(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise RuntimeError(f"The server ended at its start; see {self.log}")
        try:
            async with self.http.get(f"{self.address}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def _configuration(self) -> str:
        server = (
            f'[server]\nhttp = "127.0.0.1:{self.http_port}"\nrtmp = "127.0.0.1:{self.rtmp_port}"\n'
            f'data = "{self.data}"\napi_token = "{TOKEN}"\nalways_admit = true\nlog = "json"\n'
            f"[hls]\nwindow = {WINDOW}\n[reconnect]\nwindow = {RECONNECT}\nafter_stop = {RECONNECT}\n"
        )
        rungs = "".join(f'[[ladder]]\nname = "{name}"\nheight = {side}\nkbps = {kbps}\n' for name, side, kbps in LADDER)
        shows = "".join(
            f'[channels.{channel}]\nstream_key = "{key_of(channel)}"\nbackup_key = "{backup_key(channel)}"\n'
            for channel in self.channels
        )
        return server + rungs + shows

    async def ask(self, path: str) -> Any:
        """The JSON at an address of the API. Raises aiohttp.ClientError, TimeoutError."""
        async with asyncio.timeout(ANSWER), self.http.get(self.address + path) as response:
            response.raise_for_status()
            return await response.json()

    async def state(self, channel: str) -> dict[str, Any]:
        return dict(await self.ask(f"/api/channels/{channel}"))

    async def metrics(self) -> dict[str, float]:
        """Those without labels, asked for on a connection of their own, so that they always count the same ones."""
        async with (
            asyncio.timeout(ANSWER),
            aiohttp.ClientSession() as http,
            http.get(f"{self.address}/metrics") as response,
        ):
            families = text_string_to_metric_families(await response.text())
        return {each.name: each.value for family in families for each in family.samples if not each.labels}

    async def end_show(self, channel: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        address = f"{self.address}/api/channels/{channel}/broadcast"
        async with asyncio.timeout(ANSWER), self.http.delete(address, headers=headers) as response:
            if response.status not in (204, 409):
                raise RuntimeError(f"The show on {channel} was not ended: {response.status}")

    def children(self, *words: str) -> list[psutil.Process]:
        """Its processes whose command has all the words, the oldest first."""
        found = []
        for each in self.process.children(recursive=True):
            try:
                if set(words) <= set(each.cmdline()):
                    found.append(each)
            except psutil.NoSuchProcess:
                continue
        return sorted(found, key=psutil.Process.create_time)

    def worker(self, channel: str) -> psutil.Process | None:
        """The newest transcoder of a channel."""
        return next(reversed(self.children("vitrine.transcode.worker", channel)), None)

    def media_process(self) -> psutil.Process | None:
        return next(reversed(self.children("vitrine.ingest.whip.process")), None)
