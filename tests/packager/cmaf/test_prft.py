import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import Box, read_boxes
from vitrine.packager.cmaf.prft import Prft, ntp_time

REFERENCES = [
    (
        Prft(1, 0xECD6F3A3_1EB851EB, 30030),
        "00000020 70726674 01000018 00000001 ecd6f3a31eb851eb 000000000000754e",
    ),
    (Prft(7, 0, 0, flags=0), "00000020 70726674 01000000 00000007 0000000000000000 0000000000000000"),
]


@pytest.mark.parametrize(("prft", "written"), REFERENCES)
def test_prft_is_written_and_read(prft: Prft, written: str) -> None:
    assert prft.encode() == bytes.fromhex(written)
    assert Prft.decode(next(read_boxes(bytes.fromhex(written)))) == prft


def test_version_0_has_32_bits_of_media_time() -> None:
    body = bytes.fromhex("00000018 00000001 0000000000000002 00000003")
    assert Prft.decode(Box(b"prft", body)) == Prft(1, 2, 3)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(MalformedError, match="version 2"):
        Prft.decode(Box(b"prft", bytes.fromhex("02000018") + bytes(20)))


@pytest.mark.parametrize(
    ("utc_ns", "ntp"),
    [
        (0, 2_208_988_800 << 32),
        (500_000_000, (2_208_988_800 << 32) | 0x80000000),
        (1_795_971_603_120_000_000, ((1_795_971_603 + 2_208_988_800) << 32) | 0x1EB851EB),
        (2_085_978_496_000_000_000, 0),  # 2036-02-07T06:28:16Z, where NTP's era 1 starts
    ],
)
def test_ntp_time(utc_ns: int, ntp: int) -> None:
    assert ntp_time(utc_ns) == ntp


@given(st.binary(max_size=40))
def test_whatever_is_read_can_be_written(body: bytes) -> None:
    try:
        prft = Prft.decode(Box(b"prft", body))
    except MalformedError:
        return
    assert Prft.decode(next(read_boxes(prft.encode()))) == prft
