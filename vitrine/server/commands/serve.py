"""`vitrine serve`: the server until it is told to stop."""

import asyncio
import gc
import logging
import resource
import signal
import sys
from pathlib import Path

from vitrine.media.memory import share_one_heap
from vitrine.server.config import Config
from vitrine.server.logs import log_to_stderr, secrets_of
from vitrine.server.serve import running
from vitrine.server.token import FILE_NAME, api_token
from vitrine.transcode.pool import worker_environment

log = logging.getLogger("vitrine.server")


async def serve(config: Config) -> None:
    """Run until SIGINT or SIGTERM."""
    made = config.server.api_token is None and not (Path(config.server.data) / FILE_NAME).exists()
    token = api_token(config.server.api_token, Path(config.server.data))
    log_to_stderr(config.server.log, secrets_of(config, token))
    await tell_confinement()
    allow_many_sockets()
    collect_rarely()
    share_one_heap()
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


COLLECTIONS = (20_000, 10, 10)
"""New objects until a young collection, and how many of these until an older one, see gc.set_threshold.

With thousands of viewers a collection of everything takes 30 ms, a frame, and by default one comes with every part.
Little here needs it: what has no cycle is freed at once.
"""


def collect_rarely() -> None:
    """Keep the garbage collector from making parts late. What the program itself is made of, 50,000 objects, it is not
    to look at again.
    """
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


async def until_stopped() -> None:
    """Return at SIGINT or SIGTERM. A second one ends the process at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)


async def tell_confinement() -> None:
    """Say what transcoders cannot be kept from on this machine."""
    probe = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vitrine.confinement", stdout=asyncio.subprocess.PIPE, env=worker_environment()
    )
    said, _ = await probe.communicate()
    for lack in said.decode().splitlines():
        if lack:
            log.warning("a transcoder is not confined as it should be: %s; see docs/security.md", lack)
