import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.packager.cmaf.box import Box, read_boxes
from vitrine.packager.cmaf.emsg import ID3_SCHEME, UNKNOWN_DURATION, Emsg

EVENTS = [
    (
        Emsg(90_000, 12_012, 41, b"data"),
        "00000042 656d7367 01000000 00015f90 0000000000002eec ffffffff 00000029"
        + ID3_SCHEME.encode().hex()
        + "00 00 64617461",
    ),
    (
        Emsg(1, (1 << 64) - 1, 0, b"", duration=7, scheme="é", value="v"),
        "00000025 656d7367 01000000 00000001 ffffffffffffffff 00000007 00000000 c3a900 7600",
    ),
]


@pytest.mark.parametrize(("event", "written"), EVENTS)
def test_an_event_is_written_and_read(event: Emsg, written: str) -> None:
    assert event.encode() == bytes.fromhex(written)
    assert Emsg.decode(next(read_boxes(bytes.fromhex(written)))) == event


def test_the_defaults_are_those_of_id3() -> None:
    event = Emsg(1, 2, 3, b"")
    assert (event.scheme, event.value) == ("https://aomedia.org/emsg/ID3", "")
    assert event.duration == UNKNOWN_DURATION == 0xFFFFFFFF


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("", MalformedError, "cut short"),
        ("00000000" + "00" * 30, UnsupportedError, "version 0"),
        ("01000000 00000001", MalformedError, "cut short"),
        ("01000000" + "00" * 20 + "61", MalformedError, "no end"),
        ("01000000" + "00" * 20 + "6100 62", MalformedError, "no end"),
        ("01000000" + "00" * 20 + "ff00 00", MalformedError, "not UTF-8"),
    ],
)
def test_what_is_refused(body: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Emsg.decode(Box(b"emsg", bytes.fromhex(body)))


@pytest.mark.parametrize("event", [Emsg(1, 1, 1, b"", scheme="a\0"), Emsg(1, 1, 1, b"", value="\0")])
def test_a_text_ends_where_it_says(event: Emsg) -> None:
    with pytest.raises(MisuseError):
        event.encode()


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x01\x00\x00\x00" + rest))
def test_whatever_is_read_can_be_written(body: bytes) -> None:
    try:
        event = Emsg.decode(Box(b"emsg", body))
    except (MalformedError, UnsupportedError):
        return
    assert Emsg.decode(next(read_boxes(event.encode()))) == event
