import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp.amf3 import Amf3Reader
from vitrine.ingest.rtmp.amf_values import UNDEFINED, Budget, Date, Value
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, RefusedError, UnsupportedError


def read(data: bytes) -> Value:
    return Amf3Reader(ByteReader(data, "test"), Budget()).value()


READ: dict[str, tuple[Value, str]] = {
    "undefined": (UNDEFINED, "00"),
    "null": (None, "01"),
    "false": (False, "02"),
    "true": (True, "03"),
    "integer of one byte": (127.0, "04 7f"),
    "integer of two": (128.0, "04 8100"),
    "integer of three": (16384.0, "04 818000"),
    "integer of four": (2097152.0, "04 80c08000"),
    "negative integer": (-1.0, "04 ffffffff"),
    "double": (1.5, "05 3ff8000000000000"),
    "string": ("ab", "06 05 6162"),
    "empty string": ("", "06 01"),
    "XML document": ("<a/>", "07 09 3c612f3e"),
    "XML": ("<a/>", "0b 09 3c612f3e"),
    "date": (Date(1000.0), "08 01 408f400000000000"),
    "bytes": (b"\x01\x02", "0c 05 0102"),
    "dense array": ([1.0, 2.0], "09 05 01 04 01 04 02"),
    "array with names": ({"a": True, "0": None}, "09 03 03 61 03 01 01"),
    "sealed object": ({"a": 1.0, "b": 2.0}, "0a 23 01 03 61 03 62 04 01 04 02"),
    "dynamic object": ({"a": 1.0}, "0a 0b 01 03 61 04 01 01"),
    "string by reference": (["ab", "ab"], "09 05 01 06 05 6162 06 00"),
    "array by reference": ([[1.0], [1.0]], "09 05 01 09 03 01 04 01 09 02"),
    "object by reference": ([{"a": 1.0}, {"a": 1.0}], "09 05 01 0a 13 01 03 61 04 01 0a 02"),
    "traits by reference": ([{"a": 1.0}, {"a": 2.0}], "09 05 01 0a 13 01 03 61 04 01 0a 01 04 02"),
    "XML by reference": (["x", "x"], "09 05 01 0b 03 78 0b 02"),
    "bytes by reference": ([b"x", b"x"], "09 05 01 0c 03 78 0c 02"),
    "date by reference": ([Date(0.0), Date(0.0)], "09 05 01 08 01 0000000000000000 08 02"),
}


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    value, data = READ[name]
    assert read(bytes.fromhex(data)) == value


@pytest.mark.parametrize("name", READ)
def test_cut_short(name: str) -> None:
    data = bytes.fromhex(READ[name][1])
    for end in range(len(data)):
        with pytest.raises(MalformedError):
            read(data[:end])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("0d", UnsupportedError),
        ("ff", UnsupportedError),
        ("0a 07 01", UnsupportedError),  # a form of its own
        ("06 02", MalformedError),
        ("09 02", MalformedError),
        ("0a 05", MalformedError),
        ("09 03 01 09 00", UnsupportedError),  # an array that holds itself
        ("09 03 01" * 17, RefusedError),
        ("0a ffffff7b 01" + "01" * 5000, RefusedError),
    ],
)
def test_refused(data: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(bytes.fromhex(data))


@given(st.binary(max_size=100) | st.lists(st.sampled_from(range(32)), max_size=60).map(bytes))
def test_any_bytes(data: bytes) -> None:
    try:
        read(data)
    except (MalformedError, UnsupportedError, RefusedError):
        return
