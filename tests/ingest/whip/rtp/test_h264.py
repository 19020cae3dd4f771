import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.whip.rtp.rtp import IDR, PPS, SLICE, SPS
from vitrine.ingest.whip.rtp.h264 import MOST_PPS, H264Depacketizer
from vitrine.media.errors import MalformedError
from vitrine.media.h264 import AvcConfig, join_lengths
from vitrine.media.track import Codec

AUD = b"\x09\xf0"
RECOVERY = b"\x06\x06\x01\xc4\x80"
SECOND_SLICE = b"\x41\x02" + bytes(20)


def fragmented(nal: bytes, size: int) -> list[bytes]:
    """RFC 6184 section 5.8."""
    indicator, kind = bytes([nal[0] & 0xE0 | 28]), nal[0] & 0x1F
    parts = [nal[start : start + size] for start in range(1, len(nal), size)]
    flags = [0x80, *[0] * (len(parts) - 2), 0x40]
    return [indicator + bytes([flag | kind]) + part for flag, part in zip(flags, parts, strict=True)]


def aggregated(*nals: bytes) -> bytes:
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


@pytest.mark.parametrize(
    "payloads",
    [
        [SPS, PPS, IDR],
        [aggregated(SPS, PPS), IDR],
        [aggregated(SPS, PPS, IDR)],
        [AUD, SPS, PPS, *fragmented(IDR, 10)],
        [b"", SPS, b"", PPS, *fragmented(IDR, 20), b"\x0c\xff"],
    ],
)
def test_every_way_to_pack_a_keyframe(payloads: list[bytes]) -> None:
    picture = H264Depacketizer(1).push(payloads)
    assert picture is not None
    assert picture.data == join_lengths([IDR])
    assert (picture.keyframe, picture.begins) == (True, True)
    assert picture.track is not None
    assert picture.track.codec is Codec.H264
    assert AvcConfig.decode(picture.track.config) == AvcConfig((SPS,), (PPS,))
    assert (picture.track.width, picture.track.height) == (1280, 720)


def test_sets_of_their_own_are_no_picture_and_are_remembered() -> None:
    depacketizer = H264Depacketizer(1)
    assert depacketizer.push([SPS]) is None
    assert depacketizer.push([PPS]) is None
    picture = depacketizer.push([IDR])
    assert picture is not None
    assert picture.track is not None


def test_a_keyframe_without_sets_has_no_description() -> None:
    picture = H264Depacketizer(1).push([IDR])
    assert picture is not None
    assert (picture.keyframe, picture.track) == (True, None)


def test_sets_out_of_the_offer() -> None:
    assert base64.b64encode(SPS)
    picture = H264Depacketizer(1, [b"", b"\x67", SPS, PPS]).push([IDR])
    assert picture is not None
    assert picture.track is not None


def test_the_same_sets_are_the_same_track_and_others_another() -> None:
    depacketizer = H264Depacketizer(1)
    first, second = depacketizer.push([SPS, PPS, IDR]), depacketizer.push([SPS, PPS, IDR])
    third = depacketizer.push([SPS, PPS + b"\x01", IDR])
    assert first
    assert second
    assert third
    assert first.track is second.track
    assert first.track != third.track


def test_other_pictures() -> None:
    depacketizer = H264Depacketizer(1)
    picture = depacketizer.push([SLICE, SECOND_SLICE])
    assert picture is not None
    assert (picture.data, picture.keyframe) == (join_lengths([SLICE, SECOND_SLICE]), False)
    late = depacketizer.push([SECOND_SLICE])
    assert late is not None
    assert not late.begins


def test_decoding_may_begin_at_a_recovery_point() -> None:
    picture = H264Depacketizer(1).push([SPS, PPS, RECOVERY, SLICE])
    assert picture is not None
    assert picture.keyframe
    assert picture.data == join_lengths([RECOVERY, SLICE])


@pytest.mark.parametrize(
    "payloads",
    [
        fragmented(IDR, 10)[1:],
        fragmented(IDR, 10)[:-1],
        [fragmented(IDR, 10)[0], SLICE],
        [fragmented(IDR, 10)[0]] * 2,
        [b"\x7c\x80"],
        [b"\x78\x00\x09\x01"],
        [b"\x19abc"],
        [SPS[:6], PPS, IDR],
    ],
)
def test_what_is_broken(payloads: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        H264Depacketizer(1).push(payloads)


def test_broken_sets_are_forgotten() -> None:
    depacketizer = H264Depacketizer(1)
    with pytest.raises(MalformedError):
        depacketizer.push([SPS[:9], PPS, IDR])
    picture = depacketizer.push([SPS, PPS, IDR])
    assert picture is not None
    assert picture.track is not None


def test_the_sets_remembered_are_bounded() -> None:
    depacketizer = H264Depacketizer(1)
    sets = [b"\x68" + (1 + each << 32 - 2 * (1 + each).bit_length() + 1).to_bytes(4, "big") for each in range(100)]
    picture = depacketizer.push([SPS, *sets, IDR])
    assert picture is not None
    assert picture.track is not None
    assert len(AvcConfig.decode(picture.track.config).pps) == MOST_PPS


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes(payloads: list[bytes]) -> None:
    with contextlib.suppress(MalformedError):
        H264Depacketizer(1).push(payloads)
