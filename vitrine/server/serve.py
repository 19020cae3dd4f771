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
from vitrine.media.errors import ConfigError
from vitrine.origin.app import Origin
from vitrine.origin.listener import Listener
from vitrine.origin.request import MAX_LINE
from vitrine.server.config import Config, split_address
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
    registry: Registry
    token: str


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Listen while the block runs, and leave nothing behind. Raises ConfigError where a port cannot be had."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        token = api_token(config.server.api_token, Path(config.server.data))
        registry = Registry(config, tasks)
        stack.push_async_callback(registry.close)
        http_port = await _listen_http(config, Origin(registry, token), stack)
        publishers = RtmpServer(registry)
        stack.push_async_callback(publishers.close)
        rtmp_port = await _listen_rtmp(publishers, config.server.rtmp, "server.rtmp")
        rtmps_port = None
        if config.server.certificate is not None:
            rtmps_port = await _listen_rtmp(publishers, config.server.rtmps, "server.rtmps", _tls(config))
        yield Running(http_port, rtmp_port, rtmps_port, registry, token)
        await stack.aclose()


async def _listen_http(config: Config, origin: Origin, stack: AsyncExitStack) -> int:
    host, port = split_address(config.server.http, "server.http")
    runner = web.AppRunner(
        origin.application(),
        access_log=None,
        shutdown_timeout=GRACE,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    listener = Listener(origin.hls, runner.server)
    stack.push_async_callback(listener.close)
    try:
        return await listener.listen(host, port)
    except OSError as error:
        raise _taken(config.server.http, "server.http", error) from error


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
