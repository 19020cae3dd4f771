import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.cue import Cue
from vitrine.media.errors import MalformedError
from vitrine.packager.published import Published, read_published

OPENED = Published("b7-c1", Cue("c1", "WM-4411", 2, 10), None, False, 5)
CLOSED = Published("b7-c1", Cue("c1", "WM-4411", 2, 10), 40, False, 6)
OTHER = Published("b7-c2-r2", Cue("c2", 'ключ "1"\n', 1, 40), 90, True, 7)
WRITTEN = b"".join(each.encode().encode() for each in (OPENED, OTHER, CLOSED))


def test_a_line_is_as_it_always_was() -> None:
    """Files of today are read by the server of tomorrow."""
    assert OPENED.encode() == '["b7-c1","c1","WM-4411",2,10,null,false,5]\n'


def test_of_a_range_the_last_word_counts_and_the_first_place() -> None:
    assert read_published(WRITTEN) == ([CLOSED, OTHER], len(WRITTEN))


def test_whatever_is_cut_off_is_not_read_and_nothing_else_is_lost() -> None:
    lines = WRITTEN.splitlines(keepends=True)
    ends = [sum(map(len, lines[:count])) for count in range(len(lines) + 1)]
    expected = [[], [OPENED], [OPENED, OTHER], [CLOSED, OTHER]]
    for size in range(len(WRITTEN) + 1):
        whole = sum(end <= size for end in ends) - 1
        assert read_published(WRITTEN[:size]) == (expected[whole], ends[whole])


def test_zeros_that_a_power_cut_leaves_end_it() -> None:
    assert read_published(WRITTEN + b"\0\0\0\n" + OTHER.encode().encode()) == ([CLOSED, OTHER], len(WRITTEN))


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{}", b'"x"', b"[" * 5000, b'["a","b","c","2",10,null,false,5]', b"[1,2,3,4,5,6,7,8]"]
)
def test_what_is_no_range_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedError):
        Published.decode(line)


@given(
    st.builds(
        Published,
        id=st.text(),
        cue=st.builds(Cue, id=st.text(), product=st.text(), slot=st.integers(), start=st.integers(), end=st.none()),
        end=st.none() | st.integers(),
        withdrawn=st.booleans(),
        changed=st.integers(),
    ).filter(lambda each: "\ud800" not in repr(each))
)
def test_what_is_written_is_read(published: Published) -> None:
    line = published.encode()
    assert line.count("\n") == 1
    assert Published.decode(line.encode("utf-8", "surrogatepass")) == published


@given(st.binary())
def test_anything_can_be_read(data: bytes) -> None:
    assert read_published(data)[1] <= len(data)
