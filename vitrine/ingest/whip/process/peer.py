"""One WebRTC peer by aiortc: it does ICE, DTLS and SRTP. RTP is taken from it before its receivers see any."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

from aioice import ice, stun
from aioice.candidate import Candidate
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCBundlePolicy

from vitrine.ingest.whip.candidates import is_of_use, without_hopeless
from vitrine.ingest.whip.events import Connected, PeerEnded, PeerEvent
from vitrine.ingest.whip.process import agreement
from vitrine.ingest.whip.process.waiting import waited
from vitrine.ingest.whip.reception import Reception
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.errors import RefusedError

log = logging.getLogger("vitrine.whip.peer")

SILENCE_SECONDS = 10.0
"""Without one packet. A publisher that mutes all goes on reporting."""

TICK = 0.01
"""Seconds between two looks at what is due: half of the shortest interval between two requests for a packet."""

AWAY = 0.2
"""Seconds between two ticks that mean that the machine is busy."""

LONGEST_ROUND_TRIP = 0.5
"""Seconds; from here on a STUN request is sent again, and an answer says nothing of the time."""

MOST_WAITING = 2_000
"""Datagrams that wait for DTLS, four seconds of 4 Mbit/s."""

WRONG_CERTIFICATE = (
    "No connection came about: the publisher's certificate is not the one that it offered, or on a curve that OpenSSL "
    "does not take. For ffmpeg with GnuTLS make one on P-256, and name it with -cert_file and -key_file."
)

DTLS_FIRST_BYTE = 20
"""Below it a datagram is STUN, from here on DTLS, SRTP or SRTCP (RFC 7983 section 7)."""

SOCKET_BUFFER = 4 << 20
"""Bytes: a keyframe of 400 KB that comes at once takes the kernel 800. Linux gives net.core.rmem_max at most."""


class ConnectedPeer:
    """One publisher. `on_event` is told PeerEnded last, once."""

    def __init__(self, settings: PeerSettings, on_event: Callable[[PeerEvent], None]) -> None:
        self.answer = ""
        self._settings = settings
        self._on_event = on_event
        servers = [RTCIceServer(each.url, each.username, each.credential) for each in settings.ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._reception: Reception | None = None
        self._dtls: Any = None
        self._ice: Any = None
        self._source: tuple[Any, ...] | None = None  # where the last packet came from
        self._reason: str | None = None
        self._over = asyncio.Event()
        self._connected = False
        self._heard = self._ticked = self._arrived = 0.0
        self._loop = asyncio.get_running_loop()

    async def open(self, offer: str) -> None:
        """Make the answer. Raises RefusedError; `run` is to be called next, also after an error."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(without_hopeless(offer), "offer"))
            transceivers = self._connection.getTransceivers()
            if not transceivers:
                raise RefusedError("The offer has neither picture nor sound.")
            self._take_over(transceivers)
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except RefusedError:
            raise
        except Exception as error:  # whatever a parser of hostile text may raise
            raise RefusedError(f"The offer cannot be taken: {error or type(error).__name__}") from error
        self.answer = self._connection.localDescription.sdp

    def _take_over(self, transceivers: Sequence[Any]) -> None:
        """Put ourselves between SRTP and aiortc's receivers, which are never started."""
        self._dtls = transceivers[0].receiver.transport
        self._dtls._handle_rtp_data = self._receive
        self._dtls._handle_rtcp_data = self._receive
        for transceiver in transceivers:
            transceiver.receiver.receive = _never_receive
        self._reception = agreement.reception(transceivers, self._loop.time())
        self._ice = self._dtls.transport._connection
        self._ice.gather_candidates = self._gather
        self._ice.data_received = lambda data, component: None  # what looked like a check and is none
        self._ice.recvfrom = self._dated(self._ice.recvfrom)
        self._connection.on("connectionstatechange", self._state_changed)

    async def _gather(self) -> None:
        """As aioice does it, with the loopback address where it is wanted."""
        if self._ice._local_candidates_start:
            return
        self._ice._local_candidates_start = True
        addresses = ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
        if self._settings.loopback:
            addresses.append("127.0.0.1")
        self._ice._local_candidates += await self._ice.get_component_candidates(component=1, addresses=addresses)
        self._ice._local_candidates_end = True
        for protocol in self._ice._protocols:
            protocol.request = self._timed(protocol.request)
            bound = protocol.transport.get_extra_info("socket")
            if bound is not None:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
            protocol.datagram_received = self._filtered(protocol.datagram_received, bound)

    def _timed(self, request: Any) -> Any:
        async def timed(*args: Any, **options: Any) -> Any:
            begin = self._loop.time()
            try:
                answer = await request(*args, **options)
            except stun.TransactionError:
                if not self._connected:
                    raise
                return None  # FFmpeg's muxer answers no more once it sends; that it lives, its packets tell
            taken = self._loop.time() - begin
            if self._reception is not None and taken < LONGEST_ROUND_TRIP:
                self._reception.measure_round_trip(taken)
            return answer

        return timed

    def _filtered(self, stun_received: Any, bound: Any) -> Any:
        """Only checks are taken from anyone; media and DTLS come from where a check came from.

        With what is passed on goes when it arrived, in place of the ICE component, which is always 1.
        """

        def received(data: bytes, address: tuple[Any, ...]) -> None:
            if not data or data[0] < DTLS_FIRST_BYTE:
                stun_received(data, address)
            elif self._is_known(address[:2]) and self._ice._queue.qsize() < MOST_WAITING:
                arrived = self._loop.time() - (0.0 if bound is None else waited(bound.fileno()))
                self._ice._queue.put_nowait((data, arrived))

        return received

    def _dated(self, recvfrom: Any) -> Any:
        async def dated() -> Any:
            data, self._arrived = await recvfrom()
            return data, 1

        return dated

    def _is_known(self, address: tuple[Any, ...]) -> bool:
        if address != self._source:
            if all((each._network_host, each.port) != address for each in self._ice._remote_candidates):
                return False
            self._source = address
        return True

    async def run(self) -> None:
        """Until the peer is over, whoever ends it; then everything of it is closed."""
        try:
            begin = self._loop.time()
            while not self._over.is_set():
                await asyncio.sleep(TICK)
                await self._tick(begin)
        finally:
            await self._connection.close()
            self._on_event(PeerEnded(self._reason or "The server stops."))

    async def _tick(self, begin: float) -> None:
        now = self._loop.time()
        before, self._ticked = self._ticked, now
        if now - before > AWAY:  # what is waited for may lie in the socket: it is read before the next tick
            return
        if not self._connected:
            if now - begin > (most := self._settings.connect_seconds):
                self.end(
                    f"No connection came about within {most:.0f} s; "
                    "check that UDP from the publisher reaches this server."
                )
            return
        if now - self._heard > SILENCE_SECONDS:
            self.end(f"Nothing came from the publisher for {SILENCE_SECONDS:.0f} s.")
        elif self._reception is not None and now >= self._reception.next_deadline():
            self._reception.handle_deadline(now)
            await self._pass_on()

    async def _receive(self, data: bytes, arrival_time_ms: int = 0) -> None:
        if self._reception is not None and not self._over.is_set():
            self._heard = self._loop.time()
            self._reception.receive_data(data, self._heard, self._arrived)
            await self._pass_on()

    async def _pass_on(self) -> None:
        assert self._reception is not None
        for event in self._reception.events_received():
            self._on_event(event)
        with contextlib.suppress(ConnectionError):
            for packet in self._reception.data_to_send():
                await self._dtls._send_rtp(packet)

    def want_keyframe(self) -> None:
        if self._reception is not None:
            self._reception.want_keyframe(self._loop.time())

    async def add_candidates(self, lines: Sequence[str]) -> None:
        for line in lines:
            if is_of_use(line) and self._ice is not None:
                try:
                    candidate = Candidate.from_sdp(line.removeprefix("a=").removeprefix("candidate:"))
                    await self._ice.add_remote_candidate(candidate)
                except ValueError as error:
                    log.info("a candidate makes no sense: %s", error)

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected" and not self._connected:
            self._connected = True
            self._heard = self._loop.time()
            self._on_event(Connected())
        elif state == "failed":
            self.end(self._failure())
        elif state == "closed":
            self.end("The publisher closed the connection.")

    def _failure(self) -> str:
        if self._connected:
            return "The connection to the publisher was lost."
        return WRONG_CERTIFICATE if self._dtls.state == "failed" else "No connection came about."

    def end(self, reason: str) -> None:
        """Have `run` end; the first reason counts."""
        if self._reason is None:
            self._reason = reason
        self._over.set()


async def _never_receive(parameters: object) -> None:
    """In place of RTCRtpReceiver.receive."""
