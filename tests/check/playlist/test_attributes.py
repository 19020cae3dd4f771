from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.check.playlist.attributes import MOST_LINES, Attributes, date, decimal, integer, lines_of, substituted
from vitrine.media.errors import MalformedError


def read(text: str, **variables: str) -> tuple[Attributes, list[str]]:
    notes: list[str] = []
    return Attributes(text, notes.append, variables), notes


def test_every_kind_of_value() -> None:
    text = 'URI="a,b=c.mp4",N=12,D=0.333,YES=YES,NO=NO,WORD=PART,RES=1280x720,DATE="1970-01-01T00:00:01.5+00:00"'
    attributes, notes = read(text)
    assert attributes.quoted("URI") == "a,b=c.mp4"
    assert attributes.integer("N") == 12
    assert attributes.decimal("D") == Fraction(333, 1000)
    assert (attributes.flag("YES"), attributes.flag("NO"), attributes.flag("ABSENT")) == (True, False, False)
    assert attributes.word("WORD") == "PART"
    assert attributes.resolution("RES") == (1280, 720)
    assert attributes.date("DATE") == 1_500_000_000
    absent = (attributes.quoted, attributes.integer, attributes.decimal, attributes.date, attributes.resolution)
    assert [read_as("ABSENT") for read_as in absent] == [None] * 5
    assert notes == []


@pytest.mark.parametrize(
    ("text", "ask", "value", "note"),
    [
        ("A=1,A=2", ("integer", "A"), 1, "A stands twice"),
        ("A=x", ("quoted", "A"), "x", "lacks its quotation marks"),
        ('A="YES"', ("flag", "A"), True, "quotation marks that do not belong"),
        ("A=yes", ("flag", "A"), False, "neither YES nor NO"),
        ("A=-1", ("integer", "A"), None, "no whole number"),
        ("A=1e3", ("decimal", "A"), None, "no decimal number"),
        ('A="yesterday"', ("date", "A"), None, "no date of ISO 8601"),
        ('A="1970-01-01T00:00:01"', ("date", "A"), 10**9, "no time zone"),
        ("A=12", ("resolution", "A"), None, "not WIDTHxHEIGHT"),
        ("B=1", ("required", "A"), "", "A is missing"),
        ("A=1, B=2", ("integer", "A"), 1, "not NAME=value"),
        ('A="{$x}"', ("quoted", "A"), "", "does not define"),
    ],
)
def test_what_is_wrong_is_noted_and_read_all_the_same(
    text: str, ask: tuple[str, str], value: object, note: str
) -> None:
    attributes, notes = read(text)
    assert getattr(attributes, ask[0])(ask[1]) == value
    assert len(notes) == 1
    assert note in notes[0]


def test_variables() -> None:
    attributes, notes = read('URI="{$host}/a/{$host}.mp4"', host="b")
    assert (attributes.quoted("URI"), notes) == ("b/a/b.mp4", [])


def test_lines_of_what_is_no_playlist() -> None:
    assert lines_of("#EXTM3U\r\na\n") == ["#EXTM3U", "a", ""]
    with pytest.raises(MalformedError, match="<html>"):
        lines_of("<html>\n")
    with pytest.raises(MalformedError, match="lines"):
        lines_of("#EXTM3U" + "\n" * (MOST_LINES + 1))


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    notes: list[str] = []
    attributes = Attributes(text, notes.append, {})
    for name in attributes.raw:
        for kind in (attributes.quoted, attributes.integer, attributes.decimal, attributes.date, attributes.flag):
            kind(name)
    integer(text, "x", notes.append)
    decimal(text, "x", notes.append)
    date(text, "x", notes.append)
    substituted(text, {}, notes.append)
