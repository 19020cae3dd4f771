"""The RTMP listener: sockets and deadlines around RtmpConnection."""

import asyncio
import logging
import os
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from vitrine.ingest.publish import Publication, Publications, PublishRefusedError, PublishRequest
from vitrine.ingest.rate import COMPLAINTS, Attempts
from vitrine.ingest.rtmp.connection import HANDSHAKE_SECONDS, RtmpConnection
from vitrine.ingest.rtmp.effort import Effort
from vitrine.ingest.rtmp.events import (
    DataReceived,
    Event,
    MediaReceived,
    MetadataReceived,
    PublishRequested,
    SessionEnded,
    Warned,
)
from vitrine.ingest.rtmp.flv import TIMESCALE
from vitrine.ingest.rtmp.handshake import RANDOM
from vitrine.ingest.rtmp.lead import Lead
from vitrine.media.access_unit import AccessUnit
from vitrine.media.address import house
from vitrine.media.errors import VitrineError
from vitrine.media.timeline import Timeline
from vitrine.media.track import TrackAnnounced

logger = logging.getLogger("vitrine.ingest.rtmp")

STAMP_MODULUS = 1 << 31
"""FFmpeg's flvenc and OBS mask the top bit of their stamps, so that 2^31 is where they wrap."""

MAX_COMPOSITION = 2_000
"""Milliseconds between a picture's decoding and its showing: sixteen reordered frames, the most that H.264 allows, at 8
frames a second. A field of 24 bits could say two hours, and one broken stamp would freeze the show for as long."""

WRITE_LIMIT = 64 << 10
"""Bytes of our answers that a peer may leave unread. A publisher gets less than 4 KiB in all, and some pings."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections at once, with those that do not publish.

    A broadcast has one publisher, at a takeover two; behind one address may be a whole production house.
    """

    connections: int = 256
    connections_per_address: int = 32


SLICE = 16 << 10
"""Bytes read of one publisher at a time: 16 ms of media at 8 Mbit/s."""

SMALL_SLICE = 1 << 10
"""The same of one that takes more than its share: a message may take two of its bytes."""

CONNECTIONS_OF_AN_ADDRESS = 200
"""Connections opened in 10 s (rate.py): twenty encoders that try again once a second."""


class RtmpServer:
    """Listens for publishers and hands their media to `publications`.

    Call bind once for each address, then serve, and close at the end. `refused` counts connections that were not
    accepted.
    """

    def __init__(
        self,
        publications: Publications,
        limits: Limits | None = None,
        waits: Callable[[str, float], float] = lambda _address, _now: 0.0,
    ) -> None:
        """`waits` tells how many seconds an address has to wait for what it did before, at a monotonic time."""
        self.publications = publications
        self.refused = 0
        self._limits = limits or Limits()
        self._waits = waits
        self._attempts = Attempts(CONNECTIONS_OF_AN_ADDRESS)
        self._complaints = Attempts(COMPLAINTS)
        self._servers: list[asyncio.Server] = []
        self._strangers: dict[_Peer, None] = {}  # those that do not publish yet, the oldest first
        self._peers: dict[_Peer, str] = {}  # and the house that each is of
        self._houses: Counter[str] = Counter()  # connections of each
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Connections that there are."""
        return len(self._peers)

    async def bind(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> int:
        """Take a port, for RTMPS with a context; one is chosen if 0 is given. Until `serve` connections are refused.

        Raises OSError.
        """
        server = await asyncio.get_running_loop().create_server(
            lambda: _Peer(self),
            host,
            port,
            ssl=ssl_context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if ssl_context else None,
            start_serving=False,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def serve(self) -> None:
        """Listen on what was bound. Raises OSError."""
        for server in self._servers:
            await server.start_serving()

    async def listen(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> int:
        """Both at once."""
        port = await self.bind(host, port, ssl_context)
        await self.serve()
        return port

    async def close(self, reason: str = "The server is stopping") -> None:
        """Stop listening, end every session, and wait until the sockets are closed."""
        for server in self._servers:
            server.close()
        for peer in list(self._peers):
            peer.stop(reason)
        await self._empty.wait()
        for server in self._servers:
            await server.wait_closed()
        self._servers = []

    def admit(self, peer: "_Peer", address: str) -> str | None:
        """Count a connection in; or say why not. Where there are too many, the oldest that publishes nothing goes."""
        if refusal := self._refusal(address):
            self.refused += 1
            return refusal
        if len(self._peers) >= self._limits.connections:
            next(iter(self._strangers)).give_way()
        self._peers[peer] = house(address)
        self._strangers[peer] = None
        self._houses[house(address)] += 1
        self._empty.clear()
        return None

    def _refusal(self, address: str) -> str | None:
        now = asyncio.get_running_loop().time()
        if self._waits(address, now):
            return "too many wrong stream keys came from its address"
        if self._attempts.take(address, now):
            return "its address connects too often"
        if self._houses[house(address)] >= self._limits.connections_per_address:
            return f"there are {self._limits.connections_per_address} RTMP connections from its address already"
        if len(self._peers) >= self._limits.connections and not self._strangers:
            return f"there are {self._limits.connections} RTMP connections already"
        return None

    def complains(self, address: str) -> bool:
        """Whether the log may have another line about this address."""
        return not self._complaints.take(address, asyncio.get_running_loop().time())

    def acquaint(self, peer: "_Peer") -> None:
        """It publishes."""
        self._strangers.pop(peer, None)

    def release(self, peer: "_Peer") -> None:
        """Count a connection out, if it was counted in."""
        self._strangers.pop(peer, None)
        name = self._peers.pop(peer, None)
        if name is not None:
            self._houses -= Counter([name])
        if not self._peers:
            self._empty.set()


class _Peer(asyncio.Protocol):
    """One socket. Holds no decision of the protocol: those are RtmpConnection's."""

    def __init__(self, server: RtmpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._core = RtmpConnection(os.urandom(RANDOM), self._loop.time())
        self._timeline = Timeline(TIMESCALE, STAMP_MODULUS)
        self._publication: Publication | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lead = Lead()
        self._effort = Effort()
        self._slice = SLICE
        self._waiting = b""  # what is read once the clock has caught up
        self._pause: asyncio.TimerHandle | None = None
        self._refused = False
        self._described = False
        self._address = ""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")
        self._address = str(peername[0]) if peername else ""
        self._transport.set_write_buffer_limits(high=WRITE_LIMIT)
        if refusal := self._server.admit(self, self._address):
            self._refused = True
            self._core.close(f"not accepted: {refusal}", self._loop.time())
            self._act()
            self._transport.abort()
        else:
            self._arm()

    def data_received(self, data: bytes) -> None:
        while data:
            piece, data = data[: self._slice], data[self._slice :]
            if seconds := self._read(piece):
                self._waiting = data
                self._transport.pause_reading()
                self._pause = self._loop.call_later(seconds, self._go_on)
                return

    def _read(self, data: bytes) -> float:
        """Act on a slice; the seconds to wait before the next one."""
        begun = time.monotonic()  # the loop's own time stands still while it works
        self._core.receive_data(data, self._loop.time())
        self._proceed()
        now = time.monotonic()
        self._effort.spend(now - begun, now)
        rest = self._effort.pause(now)
        self._slice = SMALL_SLICE if rest else SLICE
        return max(rest, self._lead.pause(self._loop.time()))

    def _go_on(self) -> None:
        """The clock has caught up with a publisher that was ahead of it, or that took more than its share."""
        self._pause = None
        data, self._waiting = self._waiting, b""
        self.data_received(data)
        if self._pause is None and not self._transport.is_closing():
            self._transport.resume_reading()

    def give_way(self) -> None:
        """It has not published yet, and there is no room for others."""
        self._core.close("it published nothing, and others wanted to", self._loop.time())
        self._act()
        self._server.release(self)
        self._transport.abort()

    def eof_received(self) -> bool:
        self._core.receive_eof(self._loop.time())
        self._proceed()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        for timer in (self._timer, self._pause):
            if timer:
                timer.cancel()
        self._core.receive_eof(self._loop.time())
        self._act()
        self._server.release(self)

    def pause_writing(self) -> None:
        """The peer does not read our few answers."""
        self._core.close("the publisher does not read what it is answered", self._loop.time())
        self._act()
        self._transport.abort()

    def stop(self, reason: str) -> None:
        """End the session because the server ends."""
        self._core.close(reason, self._loop.time(), stopping=True)
        self._proceed()
        self._transport.close()

    def _close(self, reason: str) -> None:
        """Another publisher took over, or the server wants to be rid of this one."""
        self._core.close(reason, self._loop.time())
        self._proceed()

    def _proceed(self) -> None:
        """Events first: they decide what is answered."""
        self._act()
        if data := self._core.data_to_send():
            self._transport.write(data)
        if self._core.expired:
            self._transport.close()
        self._arm()

    def _arm(self) -> None:
        """Let the timer stand while its deadline only moves later: it looks again when it fires."""
        due = self._core.next_deadline()
        if self._timer and self._timer.when() <= due:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._handle_deadline)

    def _handle_deadline(self) -> None:
        self._timer = None
        self._core.handle_deadline(self._loop.time())
        if self._core.expired:
            self._transport.abort()  # what the peer has not read by now, it never will
        else:
            self._proceed()

    def _act(self) -> None:
        """Events may make more of them: an answer to a request, or an end."""
        while events := self._core.events_received():
            try:
                for event in events:
                    self._handle(event)
            except VitrineError as error:
                self._core.close(str(error), self._loop.time())

    def _handle(self, event: Event) -> None:
        if isinstance(event, MediaReceived):
            self._push(event)
        elif isinstance(event, DataReceived):
            if self._publication:
                self._publication.data(event.name, event.values, self._timeline.look_up(event.stamp))
        elif isinstance(event, TrackAnnounced):
            if self._publication:
                self._publication.add_track(event.track)
        elif isinstance(event, PublishRequested):
            self._publish(event)
        elif isinstance(event, Warned):
            logger.warning("%s: %s", self._address, event.text)
        elif isinstance(event, MetadataReceived):
            self._describe(event)
        elif isinstance(event, SessionEnded):
            self._end(event.reason, event.stopped)

    def _publish(self, event: PublishRequested) -> None:
        request = PublishRequest("rtmp", event.key, self._address, self._close)
        try:
            self._publication = self._server.publications.publish(request)
        except PublishRefusedError as error:
            self._core.refuse_publish(error.refusal, str(error), self._loop.time())
        else:
            self._server.acquaint(self)
            self._core.accept_publish(self._loop.time())

    def _describe(self, event: MetadataReceived) -> None:
        if not self._described:  # some say it again and again
            self._described = True
            logger.info("%s: publishes with %.100r", self._address, event.encoder or "an unnamed encoder")
        if self._publication:
            self._publication.describe(event.encoder, event.rate)

    def _push(self, event: MediaReceived) -> None:
        if self._publication:
            now = self._loop.time()
            dts = self._timeline.place(event.track_id, event.stamp, now)
            self._lead.push(dts / TIMESCALE, now)
            pts = dts + (event.composition if abs(event.composition) <= MAX_COMPOSITION else 0)
            self._publication.push(AccessUnit(event.track_id, dts, pts, event.keyframe, event.data))

    def _end(self, reason: str, stopped: bool) -> None:
        if not self._refused or self._server.complains(self._address):
            logger.info("%s: closed: %s", self._address, reason)
        if dropped := self._core.dropped:
            logger.info("%s: dropped: %s", self._address, ", ".join(f"{n} {why}" for why, n in dropped.items()))
        if self._timeline.jumps or self._timeline.regressions:
            repairs = self._timeline.jumps, self._timeline.regressions
            logger.info("%s: repaired: %d jumps of the stamps, %d steps back", self._address, *repairs)
        publication, self._publication = self._publication, None
        if publication:
            publication.end(reason, stopped=stopped)
