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
    """Listen while the block runs, and leave nothing behind. Raises ConfigError where a port cannot be had."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        token = api_token(config.server.api_token, Path(config.server.data))
        registry = Registry(config, tasks)
        stack.push_async_callback(registry.close)
        await registry.restore()
        origin = Origin(registry, token)
        application = origin.application()
        peers = await PeerPool.start(peer_settings(config))
        stack.push_async_callback(peers.close)
        whip = WhipServer(registry, peers, config.whip.ice_servers, config.whip.public_address)
        application.add_routes(whip.routes())
        publishers = RtmpServer(registry, waits=registry.doorman.backoff.wait)
        counts = Counts(registry.states, lambda: len(publishers), wrong_keys=lambda: registry.doorman.wrong)
        counts.refused = lambda: {
            "connection": publishers.refused,
            "key": registry.doorman.backoff.refused,
            "token": origin.access.backoff.refused,
        }
        counts.tasks = lambda: len(asyncio.all_tasks())
        data = Path(config.server.data)
        operations = Operations(Exposition(counts), origin.access, lambda: _not_ready(peers, registry), data)
        application.add_routes(operations.routes())
        tls = None if config.server.certificate is None else _tls(config)
        listener = await _listener(application, origin.hls, stack)
        # From here on in the reverse of the order in which a server stops: publishers first, viewers last.
        stack.push_async_callback(registry.drain)
        stack.push_async_callback(whip.close)
        counts.viewers = lambda: len(listener.connections)
        http_port = await _listen_to(listener, config.server.http, "server.http", None)
        https_port = None if tls is None else await _listen_to(listener, config.server.https, "server.https", tls)
        stack.push_async_callback(publishers.close)
        rtmp_port = await _listen_rtmp(publishers, config.server.rtmp, "server.rtmp")
        registry.rtmp_port = rtmp_port
        rtmps_port = None
        if tls is not None:
            rtmps_port = await _listen_rtmp(publishers, config.server.rtmps, "server.rtmps", tls)
        yield Running(http_port, rtmp_port, rtmps_port, https_port, registry, token)
        await stack.aclose()


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


async def _listen_to(listener: Listener, address: str, name: str, tls: ssl.SSLContext | None) -> int:
    host, port = split_address(address, name)
    try:
        return await listener.listen(host, port, tls)
    except OSError as error:
        raise _taken(address, name, error) from error


async def _listen_rtmp(publishers: RtmpServer, address: str, name: str, context: ssl.SSLContext | None = None) -> int:
    host, port = split_address(address, name)
    try:
        return await publishers.listen(host, port, context)
    except OSError as error:
        raise _taken(address, name, error) from error


def _taken(address: str, name: str, error: OSError) -> ConfigError:
    return ConfigError(f"Cannot listen on {address} ({name}): {error.strerror}. Stop what uses it, or choose another.")


def _tls(config: Config) -> ssl.SSLContext:
    assert config.server.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.server.certificate, config.server.certificate_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificate {config.server.certificate} cannot be used: {error}") from error
    return context
