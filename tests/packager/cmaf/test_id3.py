import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.packager.cmaf.id3 import LARGEST, UserText, syncsafe

TAGS = [
    (UserText("d", "v"), "494433 0400 00 0000000e  54585858 00000004 0000  03 64 00 76"),
    (UserText("", ""), "494433 0400 00 0000000c  54585858 00000002 0000  03 00"),
    (UserText("é", "🛍"), "494433 0400 00 00000012  54585858 00000008 0000  03 c3a9 00 f09f9b8d"),
    (UserText("d", "x" * 200), "494433 0400 00 00000155  54585858 0000014b 0000  03 64 00" + "78" * 200),
]


@pytest.mark.parametrize(("text", "written"), TAGS, ids=["letters", "empty", "any script", "more than 127 bytes"])
def test_a_tag_is_written_and_read(text: UserText, written: str) -> None:
    assert text.encode() == bytes.fromhex(written)
    assert UserText.decode(bytes.fromhex(written)) == text


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "00000000"), (127, "0000007f"), (128, "00000100"), (0x3FFF, "00007f7f"), (LARGEST, "7f7f7f7f")],
)
def test_syncsafe(number: int, written: str) -> None:
    assert syncsafe(number) == bytes.fromhex(written)


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_syncsafe_refuses_what_four_bytes_cannot_say(number: int) -> None:
    with pytest.raises(MisuseError):
        syncsafe(number)


def test_a_description_ends_where_it_says() -> None:
    with pytest.raises(MisuseError):
        UserText("a\0b", "").encode()


def test_a_value_may_hold_a_zero() -> None:
    assert UserText.decode(UserText("d", "a\0b").encode()) == UserText("d", "a\0b")


def test_other_frames_are_passed_over_and_padding_ends_the_tag() -> None:
    title = bytes.fromhex("54495432 00000003 0000 03 6869")
    own = bytes.fromhex("54585858 00000004 0000 03 64 00 76")
    tag = b"ID3\x04\x00\x00" + syncsafe(len(title + own) + 30) + title + own + bytes(30)
    assert UserText.decode(tag) == UserText("d", "v")


@pytest.mark.parametrize(
    ("written", "error", "message"),
    [
        ("", MalformedError, "cut short"),
        ("494434 0400 00 00000000", MalformedError, "does not start"),
        ("494433 0300 00 00000000", UnsupportedError, "version 2.4"),
        ("494433 0400 40 00000000", UnsupportedError, "options"),
        ("494433 0400 00 00000080", MalformedError, "not syncsafe"),
        ("494433 0400 00 00000010 00", MalformedError, "cut short"),
        ("494433 0400 00 00000000", MalformedError, "no TXXX"),
        ("494433 0400 00 0000000b 54495432 00000001 0000 03", MalformedError, "no TXXX"),
        ("494433 0400 00 0000000e 54585858 00000004 0000 00 64 00 76", UnsupportedError, "plain UTF-8"),
        ("494433 0400 00 0000000e 54585858 00000004 0001 03 64 00 76", UnsupportedError, "plain UTF-8"),
        ("494433 0400 00 0000000c 54585858 00000002 0000 03 64", MalformedError, "no value"),
        ("494433 0400 00 0000000d 54585858 00000003 0000 03 00 ff", MalformedError, "not UTF-8"),
    ],
)
def test_what_is_refused(written: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        UserText.decode(bytes.fromhex(written))


WHOLE_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(WHOLE_TEXT.map(lambda text: text.replace("\0", "")), WHOLE_TEXT)
def test_what_is_written_is_read(description: str, value: str) -> None:
    text = UserText(description, value)
    assert UserText.decode(text.encode()) == text


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"ID3\x04\x00\x00\x00\x00\x00\x14TXXX" + rest))
def test_whatever_is_read_can_be_written(tag: bytes) -> None:
    try:
        text = UserText.decode(tag)
    except (MalformedError, UnsupportedError):
        return
    assert UserText.decode(text.encode()) == text
