import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.whip.rtp.vp8 import Vp8Depacketizer
from vitrine.media.errors import MalformedError
from vitrine.media.track import Codec, VideoTrack

KEYFRAME = b"\x10\x00\x00\x9d\x01\x2a\x80\x42\xe0\x01" + bytes(20)
"""640x480; the high bits of the width hold a scaling."""


@pytest.mark.parametrize(
    "descriptor",
    ["10", "9080 05", "9080 8005", "90f0 800507 20", "9040 01", "9020 40", "9010 03"],
)
def test_every_descriptor_comes_off(descriptor: str) -> None:
    picture = Vp8Depacketizer(1).push([bytes.fromhex(descriptor) + KEYFRAME])
    assert picture is not None
    assert (picture.data, picture.keyframe, picture.begins) == (KEYFRAME, True, True)
    assert picture.track == VideoTrack(1, Codec.VP8, 90_000, b"", 640, 480)


def test_a_picture_in_several_packets() -> None:
    picture = Vp8Depacketizer(1).push([b"\x10" + KEYFRAME[:12], b"\x00" + KEYFRAME[12:20], b"\x01" + KEYFRAME[20:]])
    assert picture is not None
    assert picture.data == KEYFRAME


def test_other_pictures() -> None:
    picture = Vp8Depacketizer(1).push([b"\x10\x11abc"])
    assert picture is not None
    assert (picture.keyframe, picture.track) == (False, None)
    cut = Vp8Depacketizer(1).push([b"\x00\x10abc"])
    assert cut is not None
    assert (cut.keyframe, cut.begins) == (False, False)


def test_nothing() -> None:
    assert Vp8Depacketizer(1).push([b"", b"\x10"]) is None


@pytest.mark.parametrize("payload", [b"\x90", b"\x90\x80", b"\x90\x80\x80", b"\x10\x10\x00\x00\x9d\x01\x2b" + bytes(9)])
def test_what_is_broken(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        Vp8Depacketizer(1).push([payload])


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes(payloads: list[bytes]) -> None:
    with contextlib.suppress(MalformedError):
        Vp8Depacketizer(1).push(payloads)
