"""RTCP: what a publisher reports and what it is asked for.

RFC 3550 section 6 (reports, goodbye), RFC 4585 section 6 (NACK, PLI), RFC 5761 section 4 (told from RTP on one port).
Reports travel without a source description: RFC 5506 allows it, and every WebRTC sender takes it.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vitrine.media.errors import MalformedError

TYPES = range(192, 224)
"""Second bytes that make a packet RTCP (RFC 5761 section 4)."""

SENDER_REPORT, RECEIVER_REPORT, GOODBYE = 200, 201, 203
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
GENERIC_NACK, PICTURE_LOSS = 1, 1
MOST_LOST = 0x7FFFFF
"""The cumulative number of lost packets has 24 bits with a sign."""

MOST_NACKED = 253
"""Packet number and mask pairs in one NACK: one packet of 1 KB, well under any MTU."""

_HEADER = struct.Struct(">BBH")
_SENDER = struct.Struct(">IQIII")
_REPORT = struct.Struct(">IIIIII")
_FEEDBACK = struct.Struct(">II")
_LOST = struct.Struct(">HH")


def is_rtcp(data: bytes) -> bool:
    return len(data) >= 2 and data[1] in TYPES


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A publisher's clock: RTP time `timestamp` was at NTP time `ntp`, in 2**-32 s since 1900."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int

    @property
    def middle(self) -> int:
        """The middle 32 bits of the NTP time, by which a receiver report names this one."""
        return self.ntp >> 16 & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Goodbye:
    """These streams end."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One stream as its receiver sees it. `delay` is since the last sender report, in 2**-16 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int

    def encode(self) -> bytes:
        lost = max(0, min(self.lost, MOST_LOST))
        return _REPORT.pack(
            self.ssrc, self.fraction_lost << 24 | lost, self.highest, self.jitter, self.last_report, self.delay
        )


def decode(data: bytes) -> Iterator[SenderReport | Goodbye]:
    """What counts in a compound packet; other kinds are read over. Raises MalformedError."""
    position = 0
    while position < len(data):
        if len(data) - position < _HEADER.size:
            raise MalformedError("An RTCP packet is cut short")
        flags, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 + 4 * words
        if flags >> 6 != 2 or end > len(data):
            raise MalformedError("An RTCP packet states a wrong version or length")
        body = data[position + 4 : end]
        if kind == SENDER_REPORT:
            if len(body) < _SENDER.size:
                raise MalformedError("An RTCP sender report is cut short")
            ssrc, ntp, timestamp, packets, _ = _SENDER.unpack_from(body)
            yield SenderReport(ssrc, ntp, timestamp, packets)
        elif kind == GOODBYE:
            count = min(flags & 0x1F, len(body) // 4)
            yield Goodbye(struct.unpack_from(f">{count}I", body))
        position = end


def encode_receiver_report(ssrc: int, blocks: Iterable[ReportBlock]) -> bytes:
    return _packet(RECEIVER_REPORT, ssrc.to_bytes(4, "big"), [block.encode() for block in blocks])


def encode_picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    """A request for a keyframe."""
    return _headed(PICTURE_LOSS, PAYLOAD_FEEDBACK, _FEEDBACK.pack(ssrc, media_ssrc))


def encode_nack(ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """A request for packets, by ascending (perhaps wrapping) sequence numbers; those over MOST_NACKED pairs wait."""
    pairs: list[tuple[int, int]] = []
    for sequence in sequences:
        distance = (sequence - pairs[-1][0]) & 0xFFFF if pairs else 0
        if 1 <= distance <= 16:
            first, mask = pairs[-1]
            pairs[-1] = first, mask | 1 << (distance - 1)
        else:
            pairs.append((sequence & 0xFFFF, 0))
    body = b"".join(_LOST.pack(*pair) for pair in pairs[:MOST_NACKED])
    return _headed(GENERIC_NACK, TRANSPORT_FEEDBACK, _FEEDBACK.pack(ssrc, media_ssrc) + body)


def _packet(kind: int, head: bytes, blocks: list[bytes]) -> bytes:
    return _headed(len(blocks), kind, head + b"".join(blocks))


def _headed(count: int, kind: int, body: bytes) -> bytes:
    return _HEADER.pack(2 << 6 | count, kind, len(body) // 4) + body
