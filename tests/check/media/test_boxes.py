import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.check.media.boxes import MOST_BOXES, boxes_of, first
from vitrine.media.errors import MalformedError

TWO = bytes.fromhex("0000000c 66726565 01020304 00000001 6d646174 0000000000000012 0506")


def test_boxes_with_either_kind_of_size() -> None:
    free, mdat = boxes_of(TWO)
    assert (free.kind, free.body, free.offset, free.size) == ("free", b"\1\2\3\4", 0, 12)
    assert (mdat.kind, mdat.body, mdat.offset, mdat.size) == ("mdat", b"\5\6", 12, 18)
    assert first([free, mdat], "mdat") is mdat
    assert first([free, mdat], "moov") is None


def test_the_last_box_may_go_to_the_end() -> None:
    (box,) = boxes_of(bytes.fromhex("00000000 6d646174 0102"))
    assert (box.body, box.size) == (b"\1\2", 10)


def test_children() -> None:
    (moov,) = boxes_of(bytes.fromhex("00000018 6d6f6f76 00000010 7472616b 00000008 6d646961"))
    assert [box.kind for box in moov.children()] == ["trak"]
    found = moov.child("trak", "mdia")
    assert found is not None
    assert found.kind == "mdia"
    assert moov.child("trak", "tkhd") is None
    assert moov.child("mvex", "trex") is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (TWO[:20], "cut short"),
        (bytes.fromhex("00000007 66726565"), "smaller than its header"),
        (bytes.fromhex("00000008 66726565") * (MOST_BOXES + 1), "more than"),
    ],
)
def test_what_is_no_box(data: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        boxes_of(data)


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        boxes = boxes_of(data)
    except MalformedError:
        return
    assert sum(box.size for box in boxes) == len(data)
