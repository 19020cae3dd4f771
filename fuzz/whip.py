"""WebRTC: descriptions of sessions, RTP and RTCP."""

from collections.abc import Iterator
from contextlib import suppress

from fuzz.target import Target, join_records, records
from tests.ingest.whip.offers import AUDIO, FINGERPRINT, VIDEO
from vitrine.ingest.whip.answer import complete_answer
from vitrine.ingest.whip.candidates import without_hopeless
from vitrine.ingest.whip.fragment import read_fragment
from vitrine.ingest.whip.offer import read_offer
from vitrine.ingest.whip.reception import Format, Reception
from vitrine.ingest.whip.rtp import rtcp
from vitrine.ingest.whip.rtp.h264 import H264Depacketizer
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.ingest.whip.rtp.vp8 import Vp8Depacketizer
from vitrine.ingest.whip.sdp import MAX_CANDIDATES, MAX_SECTIONS
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.track import Codec

H264, RTX, OPUS, VP8 = 96, 97, 111, 98
SPS = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e478c18cb")
PPS = bytes.fromhex("68ebe3cb22c0")


def offer(data: bytes) -> None:
    """An offer that is taken is one of ours, line by line; it can be read again and says the same."""
    with suppress(MalformedError, UnsupportedError):
        taken = read_offer(data)
        again = read_offer(taken.text.encode())
        assert (again.ufrag, again.password) == (taken.ufrag, taken.password)
        without_hopeless(taken.text)
        complete_answer(taken.text, taken, "203.0.113.7")
        assert all(line[1:2] == "=" and line.isprintable() for line in taken.text.removesuffix("\r\n").split("\r\n"))
        assert taken.text.count("\na=candidate:") <= MAX_CANDIDATES * MAX_SECTIONS


def fragment(data: bytes) -> None:
    """What a publisher adds later."""
    with suppress(MalformedError):
        found = read_fragment(data)
        assert len(found.candidates) <= MAX_CANDIDATES
        assert all(each.isprintable() for each in found.candidates)


def reception(data: bytes) -> None:
    """Any decrypted packets: units and reports come, nothing escapes. The first byte of each tells how late it is."""
    formats = (Format(H264, Codec.H264), Format(VP8, Codec.VP8), Format(OPUS, Codec.OPUS))
    core = Reception(9, formats, {RTX: H264}, 0.0, numbered_by=3)
    now = 0.0
    for packet in records(data):
        if packet:
            now += packet[0] / 100
            core.receive_data(packet[1:], now)
            if core.next_deadline() <= now:
                core.handle_deadline(now)
            for event in core.events_received():
                if isinstance(event, AccessUnit):
                    assert event.data
            assert all(len(each) < 1500 for each in core.data_to_send())


def rtcp_packets(data: bytes) -> None:
    """Reports and goodbyes, or an error in words."""
    with suppress(MalformedError):
        for packet in rtcp.decode(data):
            assert isinstance(packet, rtcp.SenderReport | rtcp.Goodbye)


def rtp_packet(data: bytes) -> None:
    """A packet that is read can be written; so can what it may hold as a retransmission."""
    with suppress(MalformedError):
        packet = RtpPacket.decode(data)
        assert RtpPacket.decode(packet.encode()) == packet
        packet.unwrapped(96, 1)
        packet.extension(3)


def h264_payloads(data: bytes) -> None:
    """Pictures after pictures, 0xff between them."""
    depacketizer = H264Depacketizer(1, [SPS, PPS])
    for picture in data.split(b"\xff\xff\xff"):
        with suppress(MalformedError):
            depacketizer.push(list(records(picture)))


def vp8_payloads(data: bytes) -> None:
    depacketizer = Vp8Depacketizer(1)
    with suppress(MalformedError):
        depacketizer.push(list(records(data)))


def _offers() -> Iterator[bytes]:
    head = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE 0 1\n"
    text = head + (AUDIO + VIDEO).format(fingerprint=FINGERPRINT)
    candidate = "a=candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host\n"
    yield (text + candidate + "a=end-of-candidates\n").encode()
    yield text.replace("\n", "\r\n").encode()


def _fragments() -> Iterator[bytes]:
    yield (
        b"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        b"a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\na=end-of-candidates\r\n"
    )


def _conversation() -> Iterator[bytes]:
    stap = b"\x78" + b"".join(len(each).to_bytes(2, "big") + each for each in (SPS, PPS))
    idr = b"\x65\x88" + bytes(40)
    packets = [
        RtpPacket(False, H264, 10, 0, 7, stap),
        RtpPacket(True, H264, 11, 0, 7, idr),
        RtpPacket(False, H264, 12, 3000, 7, b"\x7c\x81" + bytes(30)),
        RtpPacket(True, H264, 14, 3000, 7, b"\x7c\x41" + bytes(30)),
        RtpPacket(False, RTX, 1, 3000, 8, (13).to_bytes(2, "big") + b"\x7c\x01" + bytes(30)),
        RtpPacket(True, OPUS, 1, 960, 9, b"\xfc" + bytes(20)),
        RtpPacket(True, OPUS, 3, 2880, 9, b"\xfc" + bytes(20)),
        RtpPacket(True, OPUS, 4, 3840, 9, b"\xfc" + bytes(20), bytes.fromhex("bede000131ffff00")),
        RtpPacket(True, OPUS, 5, 4800, 9, b"\xfc" + bytes(20), bytes.fromhex("bede000131000900")),
        RtpPacket(True, VP8, 15, 6000, 7, b"\x10\x50\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(9)),
    ]
    report = bytes.fromhex("80c80006 00000007 e0000000 00000000 00000000 00000001 00000001")
    yield join_records([b"\1" + each.encode() for each in packets] + [b"\x05" + report, b"\1\x81\xcb\0\1\0\0\0\7"])


TARGETS = (
    Target("sdp_offer", offer, _offers),
    Target("sdp_fragment", fragment, _fragments, 2048),
    Target("rtp_reception", reception, _conversation, 2048),
    Target("rtp_packet", rtp_packet, lambda: [RtpPacket(True, 96, 1, 2, 3, b"abcd").encode()], 256),
    Target("rtp_h264", h264_payloads, lambda: [join_records([SPS, PPS, b"\x65\x88" + bytes(9)])], 512),
    Target("rtp_vp8", vp8_payloads, lambda: [join_records([b"\x10\x50\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00"])], 256),
    Target(
        "rtcp", rtcp_packets, lambda: [bytes.fromhex("80c80006000000070000000000000000000000000000000100000001")], 256
    ),
)
