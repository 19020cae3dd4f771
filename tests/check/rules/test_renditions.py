from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.check.breaking import broken
from tests.check.scene import event, listed, media, moved, redated, said, stream
from vitrine.check.playlist.model import Report
from vitrine.check.rules import renditions
from vitrine.check.seen import Stream

Break = Callable[[Stream], object]


def test_what_is_right() -> None:
    assert broken(renditions.RULES, stream()) == {}


def second_answer(of: int, asked: float, next_msn: int, last: tuple[int, int], *reports: Report) -> Break:
    """A later answer of one playlist; the others' come at 10.0 to 10.1."""

    def change(all_of_it: Stream) -> None:
        answers = all_of_it.renditions[of].answers
        answers.append(
            replace(answers[0], asked=asked, done=asked + 0.1, next_msn=next_msn, last=last, reports=tuple(reports))
        )

    return change


def range_in_one(all_of_it: Stream) -> None:
    """A date range that came long before the other's last answer, and is not in that."""
    all_of_it.renditions[0].ranges["r"] = ({"ID": '"r"'}, 12.0)
    all_of_it.renditions[1].ranges["s"] = ({"ID": '"s"'}, 29.9)
    for number in (0, 1):
        second_answer(number, 30.0, 14, (13, 1))(all_of_it)


def sound_is_dated_late(all_of_it: Stream) -> None:
    for seen in all_of_it.renditions[2].segments.values():
        redated(seen, 100_000_000)


def ranges_that_differ(all_of_it: Stream) -> None:
    for rendition, value in zip(all_of_it.renditions, ("1", "2", "1"), strict=True):
        rendition.ranges["r"] = ({"ID": '"r"', "X-A": value}, 1.0)


TABLE: list[tuple[str, Break, str]] = [
    (
        "target-durations-agree",
        lambda all_of_it: said(all_of_it.renditions[1], target_duration=3),
        "low/index.m3u8 has 3",
    ),
    ("server-controls-agree", lambda all_of_it: said(all_of_it.renditions[1], server_control=None), "has none"),
    ("playlist-types-agree", lambda all_of_it: said(all_of_it.renditions[1], playlist_type="EVENT"), "has EVENT"),
    (
        "dates-are-everywhere",
        lambda all_of_it: said(
            all_of_it.renditions[2],
            segments=tuple(replace(each, date=None) for each in all_of_it.renditions[2].playlist.segments),  # type: ignore[union-attr]
        ),
        "audio/index.m3u8 has none",
    ),
    (
        "dates-agree",
        sound_is_dated_late,
        "audio/index.m3u8 are 0.1 s apart",
    ),
    (
        "segments-are-aligned",
        lambda all_of_it: moved(all_of_it.renditions[1].segments[2], 3000),
        "low/index.m3u8 has a segment at 4.033 s, high/index.m3u8 has none there",
    ),
    (
        "sound-is-cut-with-the-pictures",
        lambda all_of_it: moved(all_of_it.renditions[2].segments[2], 4800),
        "audio/index.m3u8: segment 2 starts 0.1 s from the nearest",
    ),
    (
        "discontinuity-numbers-agree",
        lambda all_of_it: listed(all_of_it.renditions[1].segments[2], number=1, date=None),
        "segment 2 has 0 in high/index.m3u8, 1 in low/index.m3u8",
    ),
    ("date-ranges-agree", range_in_one, "r is in high/index.m3u8, and not in low/index.m3u8"),
    ("date-ranges-agree", ranges_that_differ, "r: X-A is 1 in high/index.m3u8, 2 in low/index.m3u8"),
    (
        "events-agree",
        lambda all_of_it: media(all_of_it.renditions[1].segments[2], lambda was: replace(was, events=())),
        "at 4 s is only in high/index.m3u8",
    ),
    (
        "events-agree",
        lambda all_of_it: media(
            all_of_it.renditions[1].segments[2], lambda was: replace(was, events=(event(360_000, b"other"),))
        ),
        "at 4 s differs in high/index.m3u8 and low/index.m3u8",
    ),
    (
        "every-other-rendition-is-reported",
        lambda all_of_it: said(all_of_it.renditions[0], reports=()),
        "high/index.m3u8 has none of audio/index.m3u8",
    ),
    (
        "reports-promise-nothing",
        lambda all_of_it: (
            second_answer(0, 11.0, 4, (4, 0), Report("../low/index.m3u8", 4, 1))(all_of_it),
            second_answer(1, 12.0, 4, (4, 0))(all_of_it),
        ),
        "high/index.m3u8 reports (4, 1) of low/index.m3u8, which had (4, 0)",
    ),
    (
        "reports-are-fresh",
        second_answer(0, 11.0, 4, (3, 1), Report("../low/index.m3u8", 3, 0)),
        "high/index.m3u8 reports (3, 0) of low/index.m3u8, which had (3, 1)",
    ),
    (
        "reports-are-fresh",
        second_answer(0, 11.0, 4, (3, 1), Report("../low/index.m3u8", 2, None)),
        "reports (2, None)",
    ),
]


@pytest.mark.parametrize(("rule", "break_it", "seen"), TABLE)
def test_what_is_wrong(rule: str, break_it: Break, seen: str) -> None:
    all_of_it = stream()
    break_it(all_of_it)
    found = broken(renditions.RULES, all_of_it)
    assert any(seen in each for each in found.get(rule, [])), found
    assert set(found) == {rule}


def test_a_report_of_whole_segments_is_held_against_these() -> None:
    all_of_it = stream()
    second_answer(0, 11.0, 4, (4, 0), Report("../low/index.m3u8", 3, None))(all_of_it)
    second_answer(1, 12.0, 4, (4, 1))(all_of_it)
    assert broken(renditions.RULES, all_of_it) == {}


def test_a_stream_of_one_playlist_has_nothing_to_agree_with() -> None:
    all_of_it = stream()
    del all_of_it.renditions[1:]
    assert broken(renditions.RULES, all_of_it) == {}


def test_nothing_is_missed_where_a_rendition_has_a_gap() -> None:
    """As our own server's, when it gives up a rendition that it cannot encode in time."""
    for number, msn in ((0, 2), (1, 2), (2, 2)):
        all_of_it = stream()
        del all_of_it.renditions[number].segments[msn]
        assert broken(renditions.RULES, all_of_it).keys() <= {"events-agree"}
