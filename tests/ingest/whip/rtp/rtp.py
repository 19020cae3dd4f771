"""RTP packets for tests."""

from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.ingest.whip.rtp.reorder import Ordered

SPS = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e478c18cb")
PPS = bytes.fromhex("68ebe3cb22c0")
IDR = b"\x65\x88" + bytes(40)
SLICE = b"\x41\x9a" + bytes(20)


def packet(sequence: int, payload: bytes = b"x", marker: bool = False, timestamp: int = 0, ssrc: int = 7) -> RtpPacket:
    return RtpPacket(marker, 96, sequence & 0xFFFF, timestamp, ssrc, payload)


def ordered(
    sequence: int, payload: bytes = b"x", marker: bool = False, timestamp: int = 0, gap: bool = False, at: float = 0.0
) -> Ordered:
    return Ordered(packet(sequence, payload, marker, timestamp), at, gap)
