"""A publisher, and a network that loses packets, in a time of their own: nothing waits."""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket

from tests.ingest.whip.rtp.rtp import PPS, SPS
from vitrine.ingest.whip.events import PeerEvent
from vitrine.ingest.whip.reception import Format, Reception
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Codec

VIDEO, RTX, AUDIO = 96, 97, 111
SSRC, RTX_SSRC, AUDIO_SSRC = 1, 2, 3
PAYLOAD = 1_150
RATE = 30
FORMATS = (Format(VIDEO, Codec.H264), Format(AUDIO, Codec.OPUS))
HISTORY = 4_000
"""Packets that the publisher can send again, as OBS."""


@dataclass
class Habits:
    """What a publisher does. Sizes in bytes, times in seconds."""

    picture: int = 15_000
    keyframe: int = 120_000
    gop: float | None = None  # None: a keyframe when asked for one, as browsers
    answers_pli: bool = True
    rtx: bool = False
    reports: bool = False


@dataclass
class Network:
    loss: float = 0.0
    delay: float = 0.02
    jitter: float = 0.0
    seed: int = 1


def fragments(nal: bytes) -> Iterator[bytes]:
    """RFC 6184 section 5.8."""
    if len(nal) <= PAYLOAD:
        yield nal
        return
    for start in range(1, len(nal), PAYLOAD):
        flags = (0x80 if start == 1 else 0) | (0x40 if start + PAYLOAD >= len(nal) else 0)
        yield bytes([nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F]) + nal[start : start + PAYLOAD]


@dataclass
class Studio:
    """A publisher behind a network, and its reception. `film` lets time pass."""

    habits: Habits = field(default_factory=Habits)
    network: Network = field(default_factory=Network)
    events: list[tuple[float, PeerEvent]] = field(default_factory=list)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.network.seed)
        retransmitted = {RTX: VIDEO} if self.habits.rtx else {}
        self.reception = Reception(9, FORMATS, retransmitted, self.now)
        self.sent = 0
        self.resent = 0
        self.begin = self.now
        self._queue: list[tuple[float, int, str, bytes]] = []
        self._order = 0
        self._arrival = {"rtp": 0.0, "rtcp": 0.0}
        self._sequence = 65_400
        self._rtx_sequence = 0
        self._history: dict[int, RtpPacket] = {}
        self._wants_keyframe = True
        self._keyframe_at = -1e9
        self._picture = self._block = 0

    def film(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            following = min(
                self.begin + self._picture / RATE,
                self.begin + self._block / 50,
                self._queue[0][0] if self._queue else end,
                max(self.now, self.reception.next_deadline()),
            )
            self.now = max(self.now, following)
            self._act()
            for packet in self.reception.data_to_send():
                self._carry("rtcp", packet)
            self.events += [(self.now, event) for event in self.reception.events_received()]

    def units(self, track_id: int) -> list[tuple[float, AccessUnit]]:
        return [
            (at, event) for at, event in self.events if isinstance(event, AccessUnit) and event.track_id == track_id
        ]

    def freezes(self, longest: float = 0.5) -> int:
        """Times that more than `longest` seconds passed between two pictures, by when they were captured."""
        shown = [unit.pts / 90_000 for _, unit in self.units(1)]
        return sum(later - before > longest for before, later in itertools.pairwise(shown))

    def _act(self) -> None:
        while self._queue and self._queue[0][0] <= self.now:
            _, _, kind, data = heapq.heappop(self._queue)
            if kind == "rtcp":
                self._answer(data)
            else:
                self.reception.receive_data(data, self.now)
        if self.now >= self.begin + self._picture / RATE:
            self._send_picture()
        if self.now >= self.begin + self._block / 50:
            packet = RtpPacket(False, AUDIO, self._block & 0xFFFF, self._block * 960, AUDIO_SSRC, b"\xf8" + bytes(80))
            self._carry("rtp", packet.encode())
            self._block += 1
        if self.now >= self.reception.next_deadline():
            self.reception.handle_deadline(self.now)

    def _send_picture(self) -> None:
        due = self.habits.gop is not None and self.now - self._keyframe_at >= self.habits.gop - 0.001
        keyframe = due or self._wants_keyframe
        if keyframe:
            self._wants_keyframe, self._keyframe_at = False, self.now
        size = self.habits.keyframe if keyframe else self.habits.picture
        body = (self._picture + 1).to_bytes(4, "big") + bytes(size)
        nals = [SPS, PPS, b"\x65\x88" + body] if keyframe else [b"\x41\x9a" + body]
        payloads = [part for nal in nals for part in fragments(nal)]
        for index, payload in enumerate(payloads):
            marker = index == len(payloads) - 1
            packet = RtpPacket(marker, VIDEO, self._sequence & 0xFFFF, self._picture * 3000, SSRC, payload)
            self._history[self._sequence & 0xFFFF] = packet
            self._history.pop((self._sequence - HISTORY) & 0xFFFF, None)
            self._sequence += 1
            self.sent += 1
            self._carry("rtp", packet.encode())
        self._picture += 1

    def _carry(self, kind: str, data: bytes) -> None:
        if self.random.random() < self.network.loss:
            return
        self._order += 1
        delay = self.network.delay + self.random.uniform(0, self.network.jitter)
        arrival = self._arrival[kind] = max(self._arrival[kind], self.now + delay)
        heapq.heappush(self._queue, (arrival, self._order, kind, data))

    def _answer(self, data: bytes) -> None:
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpPsfbPacket) and packet.fmt == 1:
                self._wants_keyframe |= self.habits.answers_pli and self.now - self._keyframe_at > 0.3
            elif isinstance(packet, RtcpRtpfbPacket) and packet.media_ssrc == SSRC:
                for sequence in packet.lost:
                    self._send_again(sequence & 0xFFFF)

    def _send_again(self, sequence: int) -> None:
        packet = self._history.get(sequence)
        if packet is None:
            return
        self.resent += 1
        if self.habits.rtx:
            payload = packet.sequence.to_bytes(2, "big") + packet.payload
            packet = RtpPacket(packet.marker, RTX, self._rtx_sequence & 0xFFFF, packet.timestamp, RTX_SSRC, payload)
            self._rtx_sequence += 1
        self._carry("rtp", packet.encode())
