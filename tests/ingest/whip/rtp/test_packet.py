import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.whip.rtp.rtp import packet
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.media.errors import MalformedError

PLAIN = bytes.fromhex("80e0 0102 00000304 05060708 aabb".replace(" ", ""))


def test_both_directions() -> None:
    expected = RtpPacket(True, 96, 0x0102, 0x0304, 0x05060708, b"\xaa\xbb")
    assert RtpPacket.decode(PLAIN) == expected
    assert expected.encode() == PLAIN


def test_sources_extension_and_padding_are_read_over() -> None:
    head = bytes.fromhex("b2600001000000020000000300000004000000051000000100000000")
    assert RtpPacket.decode(head + b"data" + b"\x00\x00\x03").payload == b"data"


@pytest.mark.parametrize(
    "data",
    [b"", PLAIN[:11], b"\x40" + PLAIN[1:], b"\x81" + PLAIN[1:], b"\x90" + PLAIN[1:], b"\xa0" + PLAIN[1:12] + b"\x09"],
)
def test_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(MalformedError):
        RtpPacket.decode(data)


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        RtpPacket.decode(data)


def test_a_retransmission_holds_the_original() -> None:
    again = packet(900, b"\x12\x34data", marker=True, timestamp=5, ssrc=99)
    assert again.unwrapped(97, 7) == RtpPacket(True, 97, 0x1234, 5, 7, b"data")
    assert packet(900, b"\x12\x34").unwrapped(97, 7) is None


@pytest.mark.parametrize(
    ("extensions", "found"),
    [
        ("bede0001 31123400", b"\x12\x34"),
        ("bede0002 10aa003112340000", b"\x12\x34"),
        ("10000002 0100000302123400", b"\x12\x34"),
        ("bede0001 10aa0000", None),
        ("bede0001 00000032", None),
        ("10000001 00000003", None),
        ("10000001 03091234", None),
        ("abcd0001 31123400", None),
        ("bede0000", None),
        ("", None),
    ],
)
def test_a_header_extension_is_found_by_its_number(extensions: str, found: bytes | None) -> None:
    sent = RtpPacket(False, 96, 1, 2, 3, b"data", bytes.fromhex(extensions))
    received = RtpPacket.decode(sent.encode())
    assert received == sent
    assert received.extension(3) == found


@given(st.binary(max_size=8).map(lambda data: data * 4), st.integers(1, 14))
def test_any_header_extensions(data: bytes, number: int) -> None:
    for profile in (b"\xbe\xde", b"\x10\x00"):
        RtpPacket(False, 96, 1, 2, 3, b"", profile + (len(data) // 4).to_bytes(2, "big") + data).extension(number)
