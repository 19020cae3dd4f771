"""A real `vitrine serve` in a process of its own, and a real publisher, for the benchmarks."""

import asyncio
import json
import os
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

CHANNEL = "bench"
TOKEN = "of-the-benchmark"
ENDING_TIME = 10.0
STARTING_TIME = 30.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Served:
    """A server that runs: its process without its workers, and its addresses."""

    process: psutil.Process
    http: str
    rtmp: str
    config: Path = Path()

    def state(self, channel: str = CHANNEL) -> dict[str, object]:
        with urllib.request.urlopen(f"{self.http}/api/channels/{channel}", timeout=5) as response:
            return dict(json.load(response))

    async def live(self, channel: str = CHANNEL) -> dict[str, object]:
        """The channel's state, once it is live."""
        return await self.reaches("live", channel)

    async def reaches(self, name: str, channel: str = CHANNEL) -> dict[str, object]:
        """The channel's state, once it is the one named."""
        async with asyncio.timeout(STARTING_TIME):
            while (state := await asyncio.to_thread(self.state, channel))["state"] != name:
                if state["state"] == "failed":
                    raise RuntimeError(str(state["reason"]))
                await asyncio.sleep(0.05)
        return state


@asynccontextmanager
async def child(*command: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), ENDING_TIME)


def serving(config: Path) -> tuple[str, ...]:
    """The command that serves."""
    return (sys.executable, "-m", "vitrine.server", "serve", "--config", str(config))


@asynccontextmanager
async def served(
    folder: Path,
    ladder: tuple[tuple[str, int, int], ...],
    channels: tuple[str, ...] = (CHANNEL,),
    window: int = 0,
    settings: str = "",
) -> AsyncIterator[Served]:
    """`ladder` is (name, height, kbps), largest first. Each channel's key is its name.

    A publisher is awaited for `window` seconds. `settings` are further lines of each channel's table.
    """
    http, rtmp = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    rungs = "".join(f'[[ladder]]\nname = "{name}"\nheight = {height}\nkbps = {kbps}\n' for name, height, kbps in ladder)
    config = folder / "bench.toml"
    server = f'[server]\nhttp = "{http}"\nrtmp = "{rtmp}"\ndata = "{folder / "data"}"\napi_token = "{TOKEN}"\n'
    server += "always_admit = true\n"
    shows = "".join(f'[channels.{channel}]\ntitle = "Benchmark"\n{settings}' for channel in channels)
    config.write_text(f"{server}[reconnect]\nwindow = {window}\n{rungs}{shows}")
    async with child(*serving(config)) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), STARTING_TIME)
        yield Served(psutil.Process(process.pid), f"http://{http}", f"rtmp://{rtmp}/live", config)


def publisher(clip: Path, served: Served) -> tuple[str, ...]:
    """The command that publishes a clip again and again by RTMP."""
    return _push(clip, served.rtmp, CHANNEL)


def browser(clip: Path, served: Served, channel: str) -> tuple[str, ...]:
    """The same by WHIP."""
    return _push(clip, f"{served.http}/whip/{channel}", channel)


def _push(clip: Path, url: str, key: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "vitrine.server", "push", str(clip), url, "--key", key, "--loop", "--quiet")
