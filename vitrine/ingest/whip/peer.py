"""WebRTC peers by aiortc: it does ICE, DTLS and SRTP. RTP is taken from it before its receivers see any.

`python -m vitrine.ingest.whip.peer` is the media process: commands and events on standard input, which is a socket.

Private names of aiortc and aioice that are used, all of them here, and the reason why the version is pinned to 1.16:
`RTCDtlsTransport._handle_rtp_data`, `_handle_rtcp_data`, `_send_rtp`; `RTCRtpTransceiver._codecs`;
`RTCRtpSender._ssrc`; `RTCIceTransport._connection`; of its `aioice.Connection` the lists of protocols and candidates
with their flags, and the queue. Replaced are `RTCRtpReceiver.receive`, which starts a thread that decodes, and of
aioice `gather_candidates`, `data_received`, and a protocol's `request` and `datagram_received`.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aioice import ice, stun
from aioice.candidate import Candidate
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import CODECS
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters

from vitrine.ingest.whip.candidates import is_of_use, without_hopeless
from vitrine.ingest.whip.events import Connected, PeerEnded, PeerEvent
from vitrine.ingest.whip.ipc import (
    AddCandidates,
    Answered,
    Begin,
    Close,
    Message,
    MessageReader,
    OfferRefused,
    Open,
    WantKeyframe,
    encode,
)
from vitrine.ingest.whip.reception import VIDEO_ID, Format, Reception
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError
from vitrine.media.track import Codec

log = logging.getLogger("vitrine.whip.peer")

CONNECT_SECONDS = 10.0
"""From the answer to the end of the DTLS handshake. OBS gives up after 8 s, browsers after 15."""

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

DTLS_FIRST_BYTE = 20
"""Below it a datagram is STUN, from here on DTLS, SRTP or SRTCP (RFC 7983 section 7)."""

MOST_BUFFERED = 16 << 20
"""Bytes on their way to the server before pictures are dropped: it is busy for seconds."""

SOCKET_BUFFER = 4 << 20
"""Bytes: a keyframe of 400 KB that comes at once takes the kernel 800. Linux gives net.core.rmem_max at most."""

READ_SIZE = 1 << 16

H264_PROFILES = ("420034", "42e034", "4d0034", "640034", "640c34")
"""Baseline, constrained baseline, main, high, constrained high, at level 5.2: more than any camera sends."""

CODEC_NAMES = {"opus": Codec.OPUS, "h264": Codec.H264, "vp8": Codec.VP8}


def take_every_profile() -> None:
    """Have H.264 agreed on in any profile and packetization mode: aiortc knows two and one."""
    video = [codec for codec in CODECS["video"] if codec.name.lower() != "h264"]
    for profile in H264_PROFILES:
        for mode in ("1", "0"):
            parameters: dict[str, int | str | None] = {
                "level-asymmetry-allowed": "1",
                "packetization-mode": mode,
                "profile-level-id": profile,
            }
            feedback = [RTCRtcpFeedback("nack"), RTCRtcpFeedback("nack", "pli")]
            video.append(RTCRtpCodecParameters("video/H264", 90_000, None, 127, feedback, parameters))
    CODECS["video"][:] = video
    CODECS["audio"][:] = [codec for codec in CODECS["audio"] if codec.name.lower() == "opus"]


class PortLoop(asyncio.SelectorEventLoop):
    """aioice asks for UDP port 0; here that is a free one of the range."""

    ports: range = range(0)

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Any, local_addr: Any = None, **options: Any
    ) -> Any:
        if not self.ports or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr=local_addr, **options)
        first = secrets.randbelow(len(self.ports))
        for port in (*self.ports[first:], *self.ports[:first]):
            try:
                return await super().create_datagram_endpoint(
                    protocol_factory, local_addr=(local_addr[0], port), **options
                )
            except OSError:  # taken; the next one may not be
                continue
        raise OSError(f"No UDP port from {self.ports[0]} to {self.ports[-1]} is free")


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
        self._heard = self._ticked = 0.0
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
        codecs = [codec for transceiver in transceivers for codec in transceiver._codecs]
        formats = [
            Format(codec.payloadType, CODEC_NAMES[codec.name.lower()], _texts(codec.parameters))
            for codec in codecs
            if codec.name.lower() in CODEC_NAMES
        ]
        retransmitted = {
            codec.payloadType: int(codec.parameters["apt"])
            for codec in codecs
            if codec.name.lower() == "rtx" and str(codec.parameters.get("apt", "")).isdecimal()
        }
        ssrc = transceivers[0].sender._ssrc
        self._reception = Reception(ssrc, formats, retransmitted, self._loop.time())
        self._ice = self._dtls.transport._connection
        self._ice.gather_candidates = self._gather
        self._ice.data_received = lambda data, component: None  # what looked like a check and is none
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
            if (bound := protocol.transport.get_extra_info("socket")) is not None:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
            protocol.datagram_received = self._filtered(protocol.datagram_received)

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

    def _filtered(self, stun_received: Any) -> Any:
        """Only checks are taken from anyone; media and DTLS come from where a check came from."""

        def received(data: bytes, address: tuple[Any, ...]) -> None:
            if not data or data[0] < DTLS_FIRST_BYTE:
                stun_received(data, address)
            elif self._is_known(address[:2]) and self._ice._queue.qsize() < MOST_WAITING:
                self._ice._queue.put_nowait((data, 1))

        return received

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
            if now - begin > CONNECT_SECONDS:
                self.end(
                    f"No connection came about within {CONNECT_SECONDS:.0f} s; check that UDP from the publisher "
                    "reaches this server."
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
            self._reception.receive_data(data, self._heard)
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
            self.end("The connection to the publisher was lost." if self._connected else "No connection came about.")
        elif state == "closed":
            self.end("The publisher closed the connection.")

    def end(self, reason: str) -> None:
        """Have `run` end; the first reason counts."""
        if self._reason is None:
            self._reason = reason
        self._over.set()


async def _never_receive(parameters: object) -> None:
    """In place of RTCRtpReceiver.receive."""


def _texts(parameters: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in parameters.items()}


class MediaProcess:
    """All peers of one media process, and the socket to the server."""

    def __init__(self, writer: asyncio.StreamWriter, settings: PeerSettings) -> None:
        self._writer = writer
        self._settings = settings
        self._peers: dict[int, ConnectedPeer] = {}
        self._skipping: set[int] = set()

    def handle(self, number: int, message: Message, tasks: asyncio.TaskGroup) -> None:
        peer = self._peers.get(number)
        match message:
            case Open(offer):
                peer = self._peers[number] = ConnectedPeer(self._settings, lambda event: self._send(number, event))
                tasks.create_task(self._run(number, peer, offer))
            case AddCandidates(lines) if peer is not None:
                tasks.create_task(_guarded(peer.add_candidates(lines)))
            case WantKeyframe() if peer is not None:
                peer.want_keyframe()
            case Close(reason) if peer is not None:
                peer.end(reason)

    async def _run(self, number: int, peer: ConnectedPeer, offer: str) -> None:
        try:
            try:
                await peer.open(offer)
                self._send(number, Answered(peer.answer))
            except RefusedError as error:
                self._send(number, OfferRefused(str(error)))
                peer.end(str(error))
            await _guarded(peer.run())
        finally:
            self._peers.pop(number, None)
            self._skipping.discard(number)

    def _send(self, number: int, message: Message) -> None:
        if isinstance(message, AccessUnit) and not self._admits(number, message):
            return
        self._writer.write(encode(number, message))

    def _admits(self, number: int, unit: AccessUnit) -> bool:
        full = self._writer.transport.get_write_buffer_size() > MOST_BUFFERED
        if unit.track_id != VIDEO_ID:
            return not full
        if full or (number in self._skipping and not unit.keyframe):
            self._skipping.add(number)
            self._peers[number].want_keyframe()
            return False
        self._skipping.discard(number)
        return True


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """A bug that one peer meets ends no other."""
    try:
        await work
    except Exception:
        log.exception("a peer met a bug")


async def serve() -> None:
    """Until the server is gone."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=0))
    messages = MessageReader()
    process: MediaProcess | None = None
    async with asyncio.TaskGroup() as tasks:
        while data := await reader.read(READ_SIZE):
            messages.receive_data(data)
            for number, message in messages.events_received():
                if isinstance(message, Begin):
                    ports = message.settings.ports
                    PortLoop.ports = range(0) if ports is None else range(ports[0], ports[1] + 1)
                    process = MediaProcess(writer, message.settings)
                elif process is not None:
                    process.handle(number, message, tasks)
        os._exit(0)  # nobody wants the rest


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    take_every_profile()
    with asyncio.Runner(loop_factory=PortLoop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
