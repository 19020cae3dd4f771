"""`vitrine serve`: the server until it is told to stop."""

import asyncio
import logging
import resource
import signal
from pathlib import Path

from vitrine.server.config import Config
from vitrine.server.serve import running
from vitrine.server.token import FILE_NAME

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


async def serve(config: Config) -> None:
    """Run until SIGINT or SIGTERM."""
    log_to_stderr()
    allow_many_sockets()
    made = config.server.api_token is None and not (Path(config.server.data) / FILE_NAME).exists()
    data = f"{config.server.data}/{FILE_NAME}"
    async with running(config) as server:
        host = config.server.http.rpartition(":")[0]
        address = f"http://{host}:{server.http_port}"
        for channel in config.channels:
            print(f"Watch {channel} at {address}/watch/{channel}", flush=True)
            print(f"Run {channel} from {studio_address(address, channel, server.token if made else None)}", flush=True)
        print(f"Publish to rtmp://{config.server.rtmp.rpartition(':')[0]}:{server.rtmp_port}/live", flush=True)
        if made:
            print(f"The API token was made now, and is kept in {data}; it is shown this once", flush=True)
        await until_stopped()


def studio_address(origin: str, channel: str, token: str | None) -> str:
    """The crew's page. A token goes behind the #, which no browser sends to any server."""
    return f"{origin}/studio/{channel}" + (f"#token={token}" if token else "")


def allow_many_sockets() -> None:
    """As many as the machine lets this user have: each viewer holds one, and a usual shell starts with 1,024."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def log_to_stderr() -> None:
    """One line an event."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)


async def until_stopped() -> None:
    """Return at SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
