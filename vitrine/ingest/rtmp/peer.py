"""A connection that publishes to another server: a socket around RtmpPublisher."""

import asyncio
import os
import ssl
from typing import cast

from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.amf_values import Value
from vitrine.ingest.rtmp.client import RtmpPublisher, State
from vitrine.ingest.rtmp.events import ClientEvent, PublishRefused, PublishStarted, SessionEnded
from vitrine.ingest.rtmp.handshake import RANDOM
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError, VitrineError
from vitrine.media.track import Track

CONNECT_SECONDS = 10.0
"""From opening the socket to the server's yes."""

FAREWELL_SECONDS = 2.0
"""For the server to confirm the end; not all do."""

STALLED_SECONDS = 10.0
"""For which the network may take nothing. A server whose machine is gone says so to nobody."""

BUFFER = 256 << 10
"""Bytes that may wait for the network before push waits too: a quarter of a second at 8 Mbit/s."""


class RtmpPeer:
    """An accepted publication on another server. Get one from connect; use it as an async context manager."""

    def __init__(self, socket: "_Socket") -> None:
        self._socket = socket

    @classmethod
    async def connect(cls, url: str, key: str | None = None, ssl_context: ssl.SSLContext | None = None) -> "RtmpPeer":
        """Connect and publish to `rtmp://host/app`, with the key in `key` or as the last part of the address.

        `rtmps://` addresses are verified against the system's roots, or as `ssl_context` says. Raises ConfigError
        for an address that is none, RefusedError with the server's words, VitrineError where no server answers.
        """
        address = Address.decode(url, key)
        context = (ssl_context or ssl.create_default_context()) if address.secure else None
        loop = asyncio.get_running_loop()
        socket = _Socket(RtmpPublisher(address, os.urandom(RANDOM)))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_connection(lambda: socket, address.host, address.port, ssl=context)
                await socket.started
        except TimeoutError as error:
            raise VitrineError(f"{address.host} did not answer within {CONNECT_SECONDS:g} s.") from error
        except OSError as error:
            raise VitrineError(f"{address.host}, port {address.port}, cannot be reached: {error}.") from error
        finally:
            if not (socket.started.done() and not socket.started.cancelled() and not socket.started.exception()):
                await socket.abort()
        return cls(socket)

    def add_track(self, track: Track) -> None:
        """Announce a track, or its changed description."""
        self._socket.check()
        self._socket.core.add_track(track)

    async def push(self, unit: AccessUnit) -> None:
        """Send an access unit, and wait while the network is behind. Raises VitrineError when the session is over."""
        self._socket.check()
        self._socket.core.push(unit)
        self._socket.flush()
        await self._socket.drain()

    async def send_data(self, name: str, value: Value, stamp: int | None = None) -> None:
        """Send a data message such as onCuePoint, for the picture shown at `stamp`, ms on the clock of the units' pts,
        or else for the unit that was pushed last.
        """
        self._socket.check()
        self._socket.core.send_data(name, value, stamp)
        self._socket.flush()
        await self._socket.drain()

    async def close(self) -> None:
        """End the stream, send what waits, and close the socket."""
        await self._socket.close()

    async def __aenter__(self) -> "RtmpPeer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Socket(asyncio.Protocol):
    """Bytes between a transport and a core."""

    def __init__(self, core: RtmpPublisher) -> None:
        loop = asyncio.get_running_loop()
        self.core = core
        self.started: asyncio.Future[None] = loop.create_future()
        self.writable = asyncio.Event()
        self.writable.set()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        self._error: VitrineError | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=BUFFER)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.core.receive_data(data)
        self._act()
        self.flush()

    def eof_received(self) -> bool:
        self.core.receive_eof()
        self._act()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.core.receive_eof()
        self._act()
        self.writable.set()
        self._lost.set_result(None)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def flush(self) -> None:
        if (data := self.core.data_to_send()) and self._transport:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait while the network is behind. Raises VitrineError where it has stopped."""
        if self.writable.is_set():
            return
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self.writable.wait()
        except TimeoutError as error:
            await self.abort()
            raise VitrineError(f"The server took nothing for {STALLED_SECONDS:g} s.") from error

    def check(self) -> None:
        """Raise why the session is over, if it is."""
        if self._error:
            raise self._error

    async def close(self) -> None:
        if self.core.state is State.PUBLISHING:
            self.core.close()
            self.flush()
            await asyncio.wait([self._ended], timeout=FAREWELL_SECONDS)
        if self._transport:
            self._transport.close()
            await asyncio.wait([self._lost], timeout=FAREWELL_SECONDS)
        await self.abort()

    async def abort(self) -> None:
        if self._transport:
            self._transport.abort()
            await self._lost

    def _act(self) -> None:
        for event in self.core.events_received():
            self._handle(event)

    def _handle(self, event: ClientEvent) -> None:
        if isinstance(event, PublishStarted):
            self.started.set_result(None)
        elif isinstance(event, PublishRefused):
            self._fail(RefusedError(f"The server declined: {event.text}"))
        elif isinstance(event, SessionEnded):
            self._fail(VitrineError(f"{event.reason}."))
            self._ended.set_result(None)

    def _fail(self, error: VitrineError) -> None:
        """The first reason counts."""
        self._error = self._error or error
        if not self.started.done():
            self.started.set_exception(self._error)
