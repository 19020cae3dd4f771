from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MisuseError
from vitrine.packager.playlist import tags


@pytest.mark.parametrize(
    ("ticks", "timescale", "text"),
    [
        (0, 90_000, "0"),
        (180_000, 90_000, "2"),
        (900_000, 90_000, "10"),
        (180_180, 90_000, "2.002"),
        (30_030, 90_000, "0.333666667"),
        (96_256, 48_000, "2.005333333"),
        (1, 90_000, "0.000011111"),
    ],
)
def test_decimal(ticks: int, timescale: int, text: str) -> None:
    assert tags.decimal(ticks, timescale) == text


@given(st.fractions(0, 10), st.fractions(0, 10))
def test_rounding_keeps_order(one: Fraction, other: Fraction) -> None:
    """No part is written longer than the PART-TARGET that it does not exceed."""
    low, high = sorted((one, other))
    assert Fraction(tags.decimal_fraction(low)) <= Fraction(tags.decimal_fraction(high))


@pytest.mark.parametrize(
    ("utc_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_971_603_120_499_999, "2026-11-29T17:00:03.120Z"),
        (1_795_971_603_999_500_000, "2026-11-29T17:00:04.000Z"),
    ],
)
def test_utc_text(utc_ns: int, text: str) -> None:
    assert tags.utc_text(utc_ns) == text


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\rb"])
def test_a_quoted_string_cannot_hold_everything(text: str) -> None:
    with pytest.raises(MisuseError):
        tags.quoted(text)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (tags.version(9), "#EXT-X-VERSION:9"),
        (tags.extinf(180_180, 90_000), "#EXTINF:2.002,"),
        (tags.map_uri("i"), '#EXT-X-MAP:URI="i"'),
        (tags.program_date_time(120_000_000), "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.120Z"),
        (tags.part("p", 30_000, 90_000, independent=True), '#EXT-X-PART:DURATION=0.333333333,URI="p",INDEPENDENT=YES'),
        (tags.part("p", 28_800, 90_000, independent=False), '#EXT-X-PART:DURATION=0.32,URI="p"'),
        (tags.target_duration(2), "#EXT-X-TARGETDURATION:2"),
        (tags.media_sequence(0), "#EXT-X-MEDIA-SEQUENCE:0"),
        (tags.part_inf(Fraction(334, 1000)), "#EXT-X-PART-INF:PART-TARGET=0.334"),
        (
            tags.server_control(can_skip_until=12, hold_back=6, part_hold_back=Fraction(1002, 1000)),
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6,"
            "PART-HOLD-BACK=1.002",
        ),
        (tags.skip(3), "#EXT-X-SKIP:SKIPPED-SEGMENTS=3"),
        (tags.skip(3, ""), '#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=""'),
        (tags.skip(3, "a\tb"), '#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb"'),
        (tags.preload_hint("p"), '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p"'),
        (tags.rendition_report("../a", 7, 0), '#EXT-X-RENDITION-REPORT:URI="../a",LAST-MSN=7,LAST-PART=0'),
        (
            tags.media("g", "n", "u", channels=2, default=False),
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="n",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="u"',
        ),
        (tags.stream_inf({"BANDWIDTH": "1", "CODECS": '"x"'}), '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="x"'),
    ],
)
def test_lines(line: str, text: str) -> None:
    assert line == text


@pytest.mark.parametrize(
    ("end", "extra", "line"),
    [
        (None, {}, 'ID="i",CLASS="c",START-DATE="1970-01-01T00:00:00.001Z"'),
        (
            2_000_499_999,
            {"X-A": "b", "X-N": 3},
            'ID="i",CLASS="c",START-DATE="1970-01-01T00:00:00.001Z",END-DATE="1970-01-01T00:00:02.000Z",X-A="b",X-N=3',
        ),
        (
            500_000,
            {},
            'ID="i",CLASS="c",START-DATE="1970-01-01T00:00:00.001Z",END-DATE="1970-01-01T00:00:00.001Z"',
        ),
    ],
)
def test_date_range(end: int | None, extra: dict[str, str | int], line: str) -> None:
    assert tags.date_range("i", "c", 500_000, end, extra) == "#EXT-X-DATERANGE:" + line


def test_a_report_of_a_rendition_without_parts() -> None:
    assert tags.rendition_report("../t/index.m3u8", 7, None) == (
        '#EXT-X-RENDITION-REPORT:URI="../t/index.m3u8",LAST-MSN=7'
    )
