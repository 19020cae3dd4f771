import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.packager.webvtt import MPEG_WRAP, TextCue, encode_segment, escaped, timestamp, timestamp_map


def test_a_segment() -> None:
    cues = [TextCue("c1/7", 14_000, 16_000, "Kettle & <Pot>"), TextCue("c2/7", 15_033, 16_000, "شال 🧣")]
    assert (
        encode_segment(14 * 90_000, cues)
        == (
            "WEBVTT\n"
            "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
            "\n"
            "c1/7\n"
            "00:00:14.000 --> 00:00:16.000\n"
            "Kettle &amp; &lt;Pot&gt;\n"
            "\n"
            "c2/7\n"
            "00:00:15.033 --> 00:00:16.000\n"
            "شال 🧣\n"
        ).encode()
    )


def test_a_segment_without_cues() -> None:
    assert encode_segment(0, []) == b"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(0, "00:00:00.000"), (59_999, "00:00:59.999"), (3_723_004, "01:02:03.004"), (360_000_000, "100:00:00.000")],
)
def test_timestamp(milliseconds: int, written: str) -> None:
    assert timestamp(milliseconds) == written


@pytest.mark.parametrize(
    ("tick", "written"),
    [
        (0, "LOCAL:00:00:00.000,MPEGTS:0"),
        (MPEG_WRAP - 1, "LOCAL:00:00:00.000,MPEGTS:0"),
        (MPEG_WRAP, "LOCAL:26:30:44.000,MPEGTS:25408"),
        (3 * MPEG_WRAP + 180_000, "LOCAL:79:32:12.000,MPEGTS:76224"),
    ],
)
def test_the_map_follows_the_wraps_of_mpeg(tick: int, written: str) -> None:
    assert timestamp_map(tick) == "X-TIMESTAMP-MAP=" + written


@given(st.integers(0, 100 * MPEG_WRAP))
def test_the_map_always_says_that_programme_time_is_media_time(tick: int) -> None:
    found = re.fullmatch(r"X-TIMESTAMP-MAP=LOCAL:(\d+):(\d\d):(\d\d)\.000,MPEGTS:(\d+)", timestamp_map(tick))
    assert found
    hours, minutes, seconds, mpeg = map(int, found.groups())
    local = (hours * 3600 + minutes * 60 + seconds) * 90_000
    assert mpeg < MPEG_WRAP
    assert (local - mpeg) % MPEG_WRAP == 0
    assert (local - mpeg) // MPEG_WRAP == tick // MPEG_WRAP, "as many wraps as Shaka counts"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Kettle", "Kettle"),
        ("a --> b", "a --&gt; b"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("two\r\n\nlines", "two lines"),
        ("tab\tand\x00zero", "tab and zero"),
        ("line\u2028separator", "line separator"),
        ("👩‍🍳 می\u200cخواهم", "👩‍🍳 می\u200cخواهم"),
    ],
)
def test_escaped(text: str, written: str) -> None:
    assert escaped(text) == written


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_title_leaves_its_line(text: str) -> None:
    written = escaped(text)
    assert len(written.splitlines()) <= 1
    assert "-->" not in written
    assert "<" not in written
