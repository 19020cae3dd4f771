import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import Box, box, find_box, full_box, read_boxes

BOXES = [
    (Box(b"mdat", b""), bytes.fromhex("00000008 6d646174")),
    (Box(b"free", b"abc"), bytes.fromhex("0000000b 66726565 616263")),
    (Box(b"url ", bytes.fromhex("00000001")), bytes.fromhex("0000000c 75726c20 00000001")),
]


@pytest.mark.parametrize(("read", "written"), BOXES)
def test_a_box_is_read_and_written(read: Box, written: bytes) -> None:
    assert read.encode() == written
    assert list(read_boxes(written)) == [read]


@pytest.mark.parametrize(("read", "written"), BOXES)
def test_boxes_follow_one_another(read: Box, written: bytes) -> None:
    other = box(b"skip", b"!")
    assert list(read_boxes(other + written)) == [Box(b"skip", b"!"), Box(read.kind, read.body, len(other))]


def test_a_full_box_has_version_and_flags() -> None:
    assert full_box(b"tfdt", 1, 0x20, b"x") == bytes.fromhex("0000000d 74666474 01000020 78")


def test_a_size_of_64_bits_is_read() -> None:
    assert list(read_boxes(bytes.fromhex("00000001 6d646174 0000000000000012 6162"))) == [Box(b"mdat", b"ab")]


def test_a_size_of_0_reaches_to_the_end() -> None:
    assert list(read_boxes(bytes.fromhex("00000000 6d646174 6162"))) == [Box(b"mdat", b"ab")]


@pytest.mark.parametrize(
    "data",
    ["000000", "00000008 6d6461", "0000000c 6d646174 61", "00000007 6d646174", "00000001 6d646174 0000000000000008"],
)
def test_a_broken_box_is_refused(data: str) -> None:
    with pytest.raises(MalformedError):
        list(read_boxes(bytes.fromhex(data)))


def test_children_are_found_along_a_path() -> None:
    tree = Box(b"moov", box(b"trak", box(b"mdia", box(b"minf"))))
    assert tree.find(b"trak", b"mdia", b"minf") == Box(b"minf", b"", 0)
    assert Box(b"minf", b"").children == []
    assert Box(b"free", b"no boxes here").children == []


def test_a_missing_box_is_named() -> None:
    with pytest.raises(MalformedError, match="'moof' is missing"):
        find_box([Box(b"moov", b"")], b"moof")


@given(st.binary(max_size=64))
def test_whatever_is_read_can_be_written(data: bytes) -> None:
    try:
        boxes = list(read_boxes(data))
    except MalformedError:
        return
    again = list(read_boxes(b"".join(found.encode() for found in boxes)))
    assert [(found.kind, found.body) for found in again] == [(found.kind, found.body) for found in boxes]
