from dataclasses import replace

import pytest

from tests.check.breaking import broken
from tests.check.playlists import LATER, LIVE, changed
from vitrine.check.playlist.delta import apply
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules import deltas
from vitrine.check.seen import Update

LONG = changed(LIVE, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=8")
"""With a boundary that lets the first segments go; the boundary itself is another rule's matter."""

LATER_LONG = changed(LATER, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=8")


R1, R2 = (line + "\n" for line in LIVE.splitlines() if line.startswith("#EXT-X-DATERANGE"))


def skipping(count: int, *, removed: str = 'RECENTLY-REMOVED-DATERANGES=""', ranges: str = "") -> str:
    """LATER_LONG as a delta that skips its first `count` segments."""
    head = LATER_LONG[: LATER_LONG.index("#EXT-X-MAP")]
    date = f"#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:{2 + 2 * count:02}"
    body = LATER_LONG[LATER_LONG.index(date) :]
    return f"{head}{ranges}#EXT-X-SKIP:SKIPPED-SEGMENTS={count},{removed}\n{body}"


def update(delta: str, full: str | None = LATER_LONG, known: str = LONG, v2: bool = True) -> Update:
    read = parse_media(delta)
    whole = apply(read, parse_media(known))
    ranges = parse_media(known).date_ranges
    since = {name: (ranges[name].raw, at) for name, at in (("r1", 10.0), ("r2", 95.0)) if name in ranges}
    return Update(read, whole, parse_media(full) if full else None, None, 100.0, since, v2)


DISCONTINUED = changed(LATER_LONG, "#EXTINF:2,\n42.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2,\n42.m4s")


@pytest.mark.parametrize(
    "one",
    [update(skipping(1)), update(skipping(2), None), update(LATER, LATER, LIVE), update(DISCONTINUED, DISCONTINUED)],
)
def test_what_is_right(one: Update) -> None:
    assert broken(deltas.RULES, one) == {}


@pytest.mark.parametrize(
    ("one", "rule", "seen"),
    [
        (update(changed(skipping(1), "CAN-SKIP-UNTIL=8", "X=8"), None), "skipping-is-offered", "no CAN-SKIP-UNTIL"),
        (update(skipping(1) + "#EXT-X-ENDLIST\n"), "skipping-is-offered", "beside EXT-X-ENDLIST"),
        (update(LATER_LONG), "skip-is-answered-by-a-delta", "a whole playlist"),
        (update(skipping(3)), "nothing-within-the-boundary-is-skipped", "segment 43 is skipped, 6 s before the end"),
        (
            update(skipping(1), changed(LATER_LONG, "43.m4s", "43b.m4s")),
            "delta-gives-the-full-playlist",
            "segment 43: resource",
        ),
        (
            update(skipping(1), LONG),
            "delta-gives-the-full-playlist",
            "the first segment is 41 by the delta, 40 in full",
        ),
        (
            replace(update(skipping(1, removed='RECENTLY-REMOVED-DATERANGES="r1"')), earlier=parse_media(LATER_LONG)),
            "delta-gives-the-same-date-ranges",
            "r1 is in the full playlist, and not in the delta made whole",
        ),
        (
            update(skipping(1), changed(LATER_LONG, R1, "")),
            "delta-gives-the-same-date-ranges",
            "r1 is in the delta made whole, and not in the full playlist",
        ),
        (
            update(skipping(1), changed(LATER_LONG, ",DURATION=2.5\n", "\n")),
            "delta-gives-the-same-date-ranges",
            "r1 has {'DURATION': '2.5'} in the delta made whole, {'DURATION': None} in the full playlist",
        ),
    ],
)
def test_what_is_wrong(one: Update, rule: str, seen: str) -> None:
    found = broken(deltas.RULES, one)
    assert list(found) == [rule], found
    assert seen in found[rule][0]


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        (R1, ["r1 is as it is since 90 s, and listed again"]),
        (R1.replace("\n", ',X-WITHDRAWN="YES"\n'), None),
        (R2, None),
        (R1.replace("r1", "r3"), None),
    ],
)
def test_old_date_ranges_are_left_out(ranges: str, found: list[str] | None) -> None:
    one = replace(update(skipping(1, ranges=ranges), None), full=None)
    assert broken(deltas.RULES, one).get("old-date-ranges-are-skipped") == found
    assert broken(deltas.RULES, replace(one, v2=False)) == {}


def test_a_discontinuity_need_not_be_skipped() -> None:
    whole = changed(LATER_LONG, "#EXTINF:2,\n43.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2,\n43.m4s")
    assert broken(deltas.RULES, update(whole, None)) == {}


def test_a_range_that_left_has_to_be_told() -> None:
    """It may leave between two answers; but then the next delta update says so."""
    left = changed(LATER_LONG, R1, "")
    over = changed(R1, '"2026-11-29T17:00:03.500Z",DURATION=2.5', '"2026-11-29T17:00:01.500Z",DURATION=0.5')
    known = changed(LONG, R1, over)
    assert broken(deltas.RULES, update(skipping(1), left, known)) == {}
    silent = replace(update(skipping(1), None, known), earlier=parse_media(left))
    assert broken(deltas.RULES, silent) == {
        "removed-date-ranges-are-told": ["r1 had left the full playlist, and the delta does not say so"]
    }
    told = skipping(1, removed='RECENTLY-REMOVED-DATERANGES="r1"')
    assert broken(deltas.RULES, replace(update(told, None, known), earlier=parse_media(left))) == {}


def test_what_came_since_is_no_difference() -> None:
    more = changed(LATER_LONG, R2, R2 + R2.replace("r2", "r3")).replace(R2, R2.strip() + ",DURATION=9\n")
    assert broken(deltas.RULES, update(skipping(1), more)) == {}
    assert broken(deltas.RULES, replace(update(skipping(1), None), earlier=parse_media(LONG))) == {}
