"""The running server: RTMP and HTTP listeners around one registry."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.server import WhipServer
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.address import is_loopback
from vitrine.media.errors import ConfigError
from vitrine.origin.app import Origin
from vitrine.origin.hls import Hls
from vitrine.origin.listener import IDLE_TIME, Listener
from vitrine.origin.request import MAX_LINE
from vitrine.server.config import Config, split_address
from vitrine.server.lock import locked
from vitrine.server.metrics import Counts, Exposition
from vitrine.server.operations import Operations
from vitrine.server.registry import Registry
from vitrine.server.token import api_token

log = logging.getLogger("vitrine.server")

GRACE = 1.0
"""Seconds that requests under way get when the server stops: a blocked one would hold it for six."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens. Ports are the real ones, also where the configuration says 0."""

    http_port: int
    rtmp_port: int
    rtmps_port: int | None
    https_port: int | None
    registry: Registry
    token: str


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Listen while the block runs, and leave nothing behind. Raises ConfigError where folder or port cannot be had.

    All that can fail comes before the shows of the server before this one, and the stack is unwound while the tasks
    still run: a show goes on at the next start unless somebody has decided that it is over.
    """
    data = Path(config.server.data)
    async with asyncio.TaskGroup() as tasks, AsyncExitStack() as stack:
        stack.enter_context(locked(data))
        token = api_token(config.server.api_token, data)
        tls = None if config.server.certificate is None else _tls(config)
        registry = Registry(config, tasks)
        stack.push_async_callback(registry.close)
        origin = Origin(registry, token)
        application = origin.application()
        peers = await PeerPool.start(peer_settings(config))
        stack.push_async_callback(peers.close)
        whip = WhipServer(registry, peers, config.whip.ice_servers, config.whip.public_address)
        application.add_routes(whip.routes())
        publishers = RtmpServer(registry, waits=registry.doorman.backoff.wait)
        counts = _counts(registry, origin, publishers)
        operations = Operations(Exposition(counts), origin.access, lambda: _not_ready(peers, registry), data)
        application.add_routes(operations.routes())
        listener = await _listener(application, origin.hls, stack)
        counts.viewers = lambda: len(listener.connections) + len(listener.lent.wires)
        counts.refused["viewer"] = lambda: listener.refused
        # From here on in the reverse of the order in which a server stops: publishers first, viewers last.
        stack.push_async_callback(registry.drain)
        stack.push_async_callback(whip.close)
        stack.push_async_callback(publishers.close)
        addresses = config.server
        http_port = await _bind(listener, addresses.http, "server.http")
        rtmp_port = await _bind(publishers, addresses.rtmp, "server.rtmp")
        https_port = None if tls is None else await _bind(listener, addresses.https, "server.https", tls)
        rtmps_port = None if tls is None else await _bind(publishers, addresses.rtmps, "server.rtmps", tls)
        await registry.restore()
        await _serve(listener)
        await _serve(publishers)
        registry.rtmp_port = rtmp_port
        yield Running(http_port, rtmp_port, rtmps_port, https_port, registry, token)


def _counts(registry: Registry, origin: Origin, publishers: RtmpServer) -> Counts:
    counts = Counts(registry.states, lambda: len(publishers), wrong_keys=lambda: registry.doorman.wrong)
    counts.refused = {
        "connection": lambda: publishers.refused,
        "key": lambda: registry.doorman.backoff.refused,
        "token": lambda: origin.access.backoff.refused,
    }
    counts.tasks = lambda: len(asyncio.all_tasks())
    return counts


def peer_settings(config: Config) -> PeerSettings:
    """What the media process of WHIP is told. Publishers are told of STUN and TURN servers; our own side needs none.

    A server whose pages are on loopback only takes publishers there, too.
    """
    host, _ = split_address(config.server.http, "server.http")
    ports = config.whip.port_range
    return PeerSettings((ports[0], ports[-1]), loopback=host == "localhost" or is_loopback(host))


def _not_ready(peers: PeerPool, registry: Registry) -> str | None:
    """Why no publisher would be taken, in words."""
    if registry.rtmp_port is None:
        return "the server is starting"
    if registry.draining:
        return "the server is stopping"
    return "the media process of WHIP is being started" if peers.pid is None else None


async def _listener(application: web.Application, answers: Hls, stack: AsyncExitStack) -> Listener:
    """For HTTP, and for HTTPS where there is a certificate. It ends with the stack."""
    runner = web.AppRunner(
        application,
        access_log=None,
        keepalive_timeout=IDLE_TIME,
        shutdown_timeout=GRACE,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    listener = Listener(answers, runner.server)
    stack.push_async_callback(listener.close)
    return listener


async def _bind(server: Listener | RtmpServer, address: str, name: str, tls: ssl.SSLContext | None = None) -> int:
    """Take a port before anything is touched. `name` is the address's in the configuration. Raises ConfigError."""
    host, port = split_address(address, name)
    try:
        return await server.bind(host, port, tls)
    except OSError as error:
        text = f"Cannot listen on {address} ({name}): {error.strerror}. Stop what uses it, or choose another."
        raise ConfigError(text) from error


async def _serve(server: Listener | RtmpServer) -> None:
    """Raises ConfigError where another program has taken the same port in the last moment."""
    try:
        await server.serve()
    except OSError as error:
        raise ConfigError(f"Cannot listen: {error.strerror}. Stop what else uses the server's ports.") from error


def _tls(config: Config) -> ssl.SSLContext:
    assert config.server.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.server.certificate, config.server.certificate_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificate {config.server.certificate} cannot be used: {error}") from error
    return context
