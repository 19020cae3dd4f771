from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from vitrine.media.grid import PART_TARGET
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.playlist.media import (
    REPEATED,
    Listed,
    LiveState,
    discontinuity,
    listed,
    render_live,
    render_reports,
    render_vod,
)
from vitrine.packager.segment import Segment, SegmentEntry, close_segment

START_UTC_NS = 1_795_971_603_120_000_000
TIMESCALE = 90_000
PART_TICKS = 30_000


def make_parts(msn: int, count: int) -> tuple[Part, ...]:
    return tuple(
        Part(
            part_name("b7", msn, index),
            msn,
            index,
            (6 * msn + index) * PART_TICKS,
            PART_TICKS,
            TIMESCALE,
            START_UTC_NS + msn * 2_000_000_000,
            index == 0,
            b"x",
        )
        for index in range(count)
    )


def make_segment(msn: int) -> Segment:
    return close_segment(segment_name("b7", msn), make_parts(msn, 6))


def state(first: int, count: int, open_count: int, hint: str | None = "next") -> LiveState:
    segments: list[Listed] = [listed(make_segment(msn)) for msn in range(first, first + count)]
    return LiveState(
        part_target=PART_TARGET,
        segments=segments,
        first_msn=first,
        ended=hint is None,
        init_name="b7.init.mp4",
        open_parts=make_parts(first + count, open_count),
        hint=hint,
    )


def test_live(golden: Callable[[str, str], None]) -> None:
    golden("live.m3u8", render_live(state(40, 8, 2), delta=False))


def test_delta(golden: Callable[[str, str], None]) -> None:
    golden("delta.m3u8", render_live(state(40, 8, 2), delta=True))


def test_ended(golden: Callable[[str, str], None]) -> None:
    golden("ended.m3u8", render_live(state(0, 2, 0, hint=None), delta=False))


@pytest.mark.parametrize(("count", "skipped"), [(0, 0), (6, 0), (7, 1), (8, 2), (30, 24)])
@pytest.mark.parametrize("open_count", [0, 5])
def test_the_skip_boundary_counts_from_the_last_whole_segment(count: int, skipped: int, open_count: int) -> None:
    text = render_live(state(0, count, open_count), delta=True)
    assert ("#EXT-X-SKIP:" in text) == bool(skipped)
    assert text.count("#EXTINF") == count - skipped
    assert ("#EXT-X-MAP" in text) == (not skipped)
    if skipped:
        assert f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n" in text


@pytest.mark.parametrize(("after", "skipped"), [(10, 20), (REPEATED - 1, 20), (REPEATED, 21 + REPEATED - 6)])
def test_a_discontinuity_is_repeated_for_a_while_and_not_for_hours(after: int, skipped: int) -> None:
    live = state(0, 21 + after, 2)
    segments = list(live.segments)
    segments[20] = replace(segments[20], opening=discontinuity("b7.r1.init.mp4"))
    text = render_live(replace(live, segments=segments), delta=True)
    assert f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n" in text


@pytest.mark.parametrize(("open_count", "first_with_parts"), [(0, 7), (1, 8), (6, 8)])
def test_parts_leave_the_list_three_target_durations_from_the_end(open_count: int, first_with_parts: int) -> None:
    text = render_live(state(0, 10, open_count), delta=False)
    assert f'"b7.{first_with_parts}.0.m4s"' in text
    assert f'"b7.{first_with_parts - 1}.0.m4s"' not in text


@pytest.mark.parametrize(
    ("count", "delta", "news", "lines", "skip"),
    [
        (8, False, None, "all\n", None),
        (8, True, None, "all\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2"),
        (8, True, ("new\n", "i"), "new\n", '#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES="i"'),
        (8, True, ("", ""), "", '#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=""'),
        (6, True, ("new\n", "i"), "all\n", None),
    ],
    ids=["whole", "delta", "delta without old ranges", "no news", "nothing to skip: whole"],
)
def test_date_ranges_stand_before_the_segments(
    count: int, delta: bool, news: tuple[str, str] | None, lines: str, skip: str | None
) -> None:
    live = replace(state(0, count, 0), date_ranges="all\n", news=news)
    text = render_live(live, delta=delta)
    start = f"#EXT-X-INDEPENDENT-SEGMENTS\n{lines}"
    assert start + (skip or '#EXT-X-MAP:URI="b7.init.mp4"') + "\n" in text


def test_a_delta_keeps_the_parts() -> None:
    whole, delta = (render_live(state(0, 20, 3), delta=delta) for delta in (False, True))
    assert [line for line in delta.splitlines() if "PART:" in line] == [
        line for line in whole.splitlines() if "PART:" in line
    ]


def test_before_the_first_segment_closes() -> None:
    lines = render_live(state(0, 0, 1), delta=True).splitlines()
    assert lines[-4:] == [
        '#EXT-X-MAP:URI="b7.init.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:03.120Z",
        '#EXT-X-PART:DURATION=0.333333333,URI="b7.0.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="next"',
    ]


def test_reports() -> None:
    assert render_reports([("audio", 7, 0), ("360p", 6, 5)]) == (
        '#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN=7,LAST-PART=0\n'
        '#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=6,LAST-PART=5\n'
    )


def test_vod(golden: Callable[[str, str], None]) -> None:
    entries = [make_segment(msn).entry for msn in range(2)]
    entries.append(SegmentEntry("b7.2.m4s", 2, 24_000, 90_000, START_UTC_NS + 4_000_000_000, 9))
    golden("vod.m3u8", render_vod("b7.init.mp4", entries))


@pytest.mark.parametrize(("seconds", "target"), [(Fraction(1, 3), 2), (Fraction(249, 100), 2), (Fraction(26, 10), 3)])
def test_the_vod_target_duration_holds_every_segment(seconds: Fraction, target: int) -> None:
    entry = SegmentEntry("s", 0, seconds.numerator, seconds.denominator, 0, 1)
    assert f"#EXT-X-TARGETDURATION:{target}\n" in render_vod("i", [entry])


def test_an_empty_vod() -> None:
    assert "#EXTINF" not in render_vod("i", [])
