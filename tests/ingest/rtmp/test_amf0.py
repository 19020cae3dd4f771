from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp import amf0
from vitrine.ingest.rtmp.amf_values import UNDEFINED, Date, EcmaArray, Value
from vitrine.media.errors import MalformedError, MisuseError, RefusedError, UnsupportedError

BOTH: dict[str, tuple[Value, str]] = {
    "number": (1.5, "00 3ff8000000000000"),
    "true": (True, "01 01"),
    "false": (False, "01 00"),
    "string": ("é", "02 0002 c3a9"),
    "object": ({"a": 1.0, "b": None}, "03 0001 61 00 3ff0000000000000 0001 62 05 000009"),
    "empty object": ({}, "03 000009"),
    "null": (None, "05"),
    "undefined": (UNDEFINED, "06"),
    "ECMA array": (EcmaArray({"a": "b"}), "08 00000001 0001 61 02 0001 62 000009"),
    "strict array": ([1.0, ["x"]], "0a 00000002 00 3ff0000000000000 0a 00000001 02 0001 78"),
    "date": (Date(1000.0), "0b 408f400000000000 0000"),
    "long string": ("x" * 65536, "0c 00010000" + "78" * 65536),
}
READ: dict[str, tuple[Value, str]] = {
    "ECMA array with a wrong count": (EcmaArray({"a": None}), "08 000000ff 0001 61 05 000009"),
    "date with a zone": (Date(0.0), "0b 0000000000000000 ffc4"),
    "unsupported": (UNDEFINED, "0d"),
    "XML": ("<a/>", "0f 00000004 3c612f3e"),
    "typed object": ({"a": True}, "10 0003 466f6f 0001 61 01 01 000009"),
    "AMF 3": (5.0, "11 04 05"),
    "text that is not UTF-8": ("�", "02 0001 ff"),
    "an empty name that does not end": ({"": True}, "03 0000 01 01 000009"),
}


@pytest.mark.parametrize("name", [*BOTH, *READ])
def test_decode(name: str) -> None:
    value, data = (BOTH | READ)[name]
    found = amf0.decode(bytes.fromhex(data))
    assert found == (value,)
    assert type(found[0]) is type(value)


@pytest.mark.parametrize("name", BOTH)
def test_encode(name: str) -> None:
    value, data = BOTH[name]
    assert amf0.encode(value) == bytes.fromhex(data)


def test_values_one_after_another() -> None:
    assert amf0.decode(amf0.encode("connect", 1, None)) == ("connect", 1.0, None)
    assert amf0.decode(b"") == ()


@pytest.mark.parametrize("name", BOTH)
def test_cut_short(name: str) -> None:
    data = bytes.fromhex(BOTH[name][1])[:200]
    for end in range(1, len(data)):
        if name != "long string" or end < 5:
            with pytest.raises(MalformedError):
                amf0.decode(data[:end])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("04", MalformedError),
        ("ff", MalformedError),
        ("09", MalformedError),
        ("07 0000", UnsupportedError),
        ("0a 00000001" * 17, RefusedError),
        ("11 0a", MalformedError),
        ("11 11", UnsupportedError),
        ("0affffffff" + "05" * 5000, RefusedError),
    ],
)
def test_refused(data: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        amf0.decode(bytes.fromhex(data))


def test_what_has_no_form() -> None:
    with pytest.raises(MisuseError, match="bytes"):
        amf0.encode(b"")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
VALUES = st.recursive(
    st.floats(allow_nan=False)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.none()
    | st.just(UNDEFINED)
    | st.builds(Date, st.floats(allow_nan=False)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3).map(EcmaArray)
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4))
def test_what_is_written_can_be_read(values: list[Value]) -> None:
    assert amf0.decode(amf0.encode(*values)) == tuple(values)


@given(st.binary(max_size=100) | st.lists(st.sampled_from(range(18)), max_size=60).map(bytes))
def test_any_bytes(data: bytes) -> None:
    try:
        values = amf0.decode(data)
    except (MalformedError, UnsupportedError, RefusedError):
        return
    with suppress(MisuseError):  # byte arrays, which only AMF 3 has
        assert repr(amf0.decode(amf0.encode(*values))) == repr(values)


def test_numbers_may_be_integers() -> None:
    assert amf0.encode(cast(float, 1)) == amf0.encode(1.0)
