"""A real RTMP listener, connections to it, and a whole publication to send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.ingest.rtmp.recorder import HOST, Channels
from tests.ingest.rtmp.wire import capture
from vitrine.ingest.rtmp.server import Limits, RtmpServer

CAPTURE = capture()
GOODBYE = 200
"""More bytes than the capture's last two commands have."""


@asynccontextmanager
async def serving(channels: Channels, limits: Limits | None = None) -> AsyncIterator[int]:
    rtmp = RtmpServer(channels, limits)
    port = await rtmp.listen(HOST, 0)
    try:
        yield port
    finally:
        await rtmp.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def say(port: int, data: bytes) -> bytes:
    """Send bytes; the answer, until the server closes."""
    async with connected(port) as (reader, writer):
        writer.write(data)
        return await reader.read()
