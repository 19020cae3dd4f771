"""Replays the recording as OBS would send it. aiortc carries it: ICE, DTLS and SRTP, none of its media code."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket
from aiortc.sdp import SessionDescription

from bench.whip_relay import LossyRelay, loopback_port, with_only_candidate
from vitrine.ingest.whip.rtp.packet import RtpPacket

HERE = Path(__file__).parent
SECONDS = 4.0
CLOCKS = {96: 90_000, 111: 48_000}
HISTORY = 4_000
"""libdatachannel's RtcpNackResponder is told to keep as many."""


def recorded() -> list[tuple[float, RtpPacket]]:
    """When each packet was sent, in seconds, and the packet."""
    data, position = (HERE / "packets.bin").read_bytes(), 0
    packets = []
    while position < len(data):
        at, size = struct.unpack_from(">IH", data, position)
        position += 6 + size
        packets.append((at / 1_000_000, RtpPacket.decode(data[position - size : position])))
    return packets


@dataclass
class ObsPublisher:
    """`path` and `etag` are its session's, `port` the server's UDP port, `credentials` those of its ICE agent.

    `sent` counts packets, `sent_again` those that were asked for, `keyframes_asked` requests that were ignored.
    """

    dtls: RTCDtlsTransport
    path: str
    port: int
    etag: str
    credentials: tuple[str, str]
    sent: int = 0
    keyframes_asked: int = 0
    sent_again: int = 0
    _history: dict[tuple[int, int], bytes] = field(default_factory=dict)

    async def film(self) -> None:
        """Until cancelled."""
        packets, loop = recorded(), asyncio.get_running_loop()
        counts = {kind: sum(packet.payload_type == kind for _, packet in packets) for kind in CLOCKS}
        begin, turn = loop.time(), 0
        while True:
            for at, packet in packets:
                await asyncio.sleep(max(0.0, begin + turn * SECONDS + at - loop.time()))
                kind = packet.payload_type
                sequence = (packet.sequence + turn * counts[kind]) & 0xFFFF
                stamp = (packet.timestamp + round(turn * SECONDS * CLOCKS[kind])) & 0xFFFFFFFF
                data = RtpPacket(packet.marker, kind, sequence, stamp, packet.ssrc, packet.payload).encode()
                self._history[packet.ssrc, sequence] = data
                if len(self._history) > HISTORY:
                    del self._history[next(iter(self._history))]
                await self.dtls._send_rtp(data)
                self.sent += 1
            turn += 1

    async def receive(self, data: bytes) -> None:
        """RTCP of the server."""
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == 1:
                for sequence in packet.lost:
                    if again := self._history.get((packet.media_ssrc, sequence & 0xFFFF)):
                        self.sent_again += 1
                        await self.dtls._send_rtp(again)
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == 1:
                self.keyframes_asked += 1


@asynccontextmanager
async def obs(http: ClientSession, path: str, key: str, loss: float = 0.0) -> AsyncIterator[ObsPublisher]:
    """A publisher that films while the block runs, and ends with DELETE. `loss` is a share of all packets."""
    relay = LossyRelay(loss, delay=0.025)
    transport = RTCIceTransport(RTCIceGatherer(iceServers=[]))
    dtls = RTCDtlsTransport(transport, [RTCCertificate.generateCertificate()])
    local = transport.iceGatherer.getLocalParameters()
    fingerprint = next(each.value for each in dtls.getLocalParameters().fingerprints if each.algorithm == "sha-256")
    template = (HERE / "offer.sdp").read_text()
    offer = template.format(fingerprint=fingerprint, ufrag=local.usernameFragment, password=local.password)
    bearer = {"Authorization": f"Bearer {key}"}
    headers = {**bearer, "Content-Type": "application/sdp", "User-Agent": "OBS-Studio/30.2.2"}
    async with http.post(path, data=offer.replace("\n", "\r\n"), headers=headers) as response:
        answer = await response.text()
        assert response.status == 201, answer
    credentials = str(local.usernameFragment), str(local.password)
    location, etag = response.headers["Location"], response.headers["ETag"]
    publisher = ObsPublisher(dtls, location, loopback_port(answer), etag, credentials)
    port = await relay.start(("127.0.0.1", publisher.port))
    try:
        async with asyncio.TaskGroup() as tasks:
            await _connect(dtls, with_only_candidate(answer, port), publisher.receive)
            filming = tasks.create_task(publisher.film())
            yield publisher
            filming.cancel()
        async with http.delete(publisher.path, headers=bearer) as deleted:
            assert deleted.status == 200
    finally:
        await dtls.stop()
        await transport.stop()
        relay.close()


async def _connect(dtls: RTCDtlsTransport, answer: str, receive: Callable[[bytes], Coroutine[Any, Any, None]]) -> None:
    media = SessionDescription.parse(answer).media[0]
    assert media.ice is not None
    assert media.dtls is not None
    transport = dtls.transport
    await transport.iceGatherer.gather()
    transport._connection.ice_controlling = True
    for candidate in media.ice_candidates:
        await transport.addRemoteCandidate(candidate)
    await transport.addRemoteCandidate(None)
    dtls._handle_rtcp_data = receive  # type: ignore[method-assign, assignment]
    dtls._set_role("server")  # the answer says a=setup:active
    await transport.start(media.ice)
    await dtls.start(media.dtls)
    assert dtls.state == "connected"
