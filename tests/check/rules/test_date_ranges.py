import pytest

from tests.check.breaking import broken
from tests.check.playlists import LATER, LIVE, changed
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules import date_ranges
from vitrine.check.rules.date_ranges import covered_until
from vitrine.check.seen import Reload

R1, R2 = (line + "\n" for line in LIVE.splitlines() if line.startswith("#EXT-X-DATERANGE"))
UNDATED = "\n".join(line for line in LIVE.splitlines() if "PROGRAM-DATE" not in line)


def test_what_is_right() -> None:
    assert broken(date_ranges.PLAYLIST_RULES, parse_media(LIVE)) == {}


@pytest.mark.parametrize(
    ("text", "rule", "seen"),
    [
        (UNDATED, "date-ranges-need-a-date", "2 date ranges"),
        (changed(LIVE, R2, '#EXT-X-DATERANGE:ID="r2"\n'), "date-ranges-are-whole", "r2 has no START-DATE"),
        (changed(LIVE, "DURATION=2.5\n", "DURATION=2.6\n"), "date-ranges-are-whole", "DURATION is 2.6 s"),
        (changed(LIVE, '17:00:03.500Z",', '17:00:00.500Z",'), "date-ranges-are-whole", "ends 0.5 s before"),
        (changed(LIVE, "DURATION=2.5\n", "DURATION=2.5,END-ON-NEXT=YES\n"), "end-on-next-stands-alone", "and an end"),
        (
            changed(LIVE, R2, changed(R2, 'CLASS="c",', "END-ON-NEXT=YES,")),
            "end-on-next-stands-alone",
            "no CLASS",
        ),
        (changed(LIVE, R2, R2.strip() + ",PRODUCT=1\n"), "own-attributes-begin-with-x", "r2 has PRODUCT"),
    ],
)
def test_what_is_wrong(text: str, rule: str, seen: str) -> None:
    found = broken(date_ranges.PLAYLIST_RULES, parse_media(text))
    assert list(found) == [rule]
    assert seen in found[rule][0]


def held(before: str, after: str) -> dict[str, list[str]]:
    return broken(date_ranges.RELOAD_RULES, Reload(parse_media(before), parse_media(after)))


ENDED = R2.strip() + ',END-DATE="2026-11-29T17:00:10.000Z",DURATION=1\n'
OVER = changed(changed(R1, "17:00:01.000Z", "16:59:59.000Z"), "17:00:03.500Z", "17:00:01.500Z")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LIVE, LATER),
        (LIVE, changed(LIVE, R2, ENDED)),
        (changed(LIVE, R1, OVER), changed(LATER, R1, "")),
    ],
)
def test_what_may_change(before: str, after: str) -> None:
    assert held(before, after) == {}


@pytest.mark.parametrize(
    ("after", "rule", "seen"),
    [
        (changed(LATER, "17:00:09.000Z", "17:00:09.500Z"), "date-range-values-stay", "r2: START-DATE="),
        (changed(LATER, R1, ""), "date-ranges-stay-while-they-count", "r1 left"),
        (changed(LATER, R2, ""), "date-ranges-stay-while-they-count", "r2 left"),
    ],
)
def test_what_may_not(after: str, rule: str, seen: str) -> None:
    found = held(LIVE, after)
    assert list(found) == [rule]
    assert seen in found[rule][0]


def test_a_range_that_ends_on_the_next_of_its_class() -> None:
    on_next = changed(LIVE, ',END-DATE="2026-11-29T17:00:03.500Z",DURATION=2.5', ",END-ON-NEXT=YES")
    playlist = parse_media(on_next)
    assert covered_until(playlist.date_ranges["r1"], playlist) == playlist.date_ranges["r2"].start
    assert covered_until(playlist.date_ranges["r2"], playlist) is None
