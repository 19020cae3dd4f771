import pytest

from tests.check.playlists import LATER, LIVE, changed
from vitrine.check.playlist.delta import apply
from vitrine.check.playlist.media import parse_media
from vitrine.media.errors import MalformedError

CUT = LATER.index("#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:06.000Z")
HEAD = LATER.index("#EXT-X-MAP")


def delta(skip: str) -> str:
    return f"{LATER[:HEAD]}#EXT-X-SKIP:{skip}\n{LATER[CUT:]}"


def test_a_delta_gives_what_the_full_playlist_has() -> None:
    whole = apply(parse_media(delta('SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=""')), parse_media(LIVE))
    full = parse_media(LATER)
    assert whole.segments == full.segments
    assert whole.open == full.open
    assert whole.date_ranges == full.date_ranges
    assert whole.skip is None


def test_date_ranges_that_were_removed_leave() -> None:
    whole = apply(parse_media(delta('SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES="r1"')), parse_media(LIVE))
    assert set(whole.date_ranges) == {"r2"}


def test_without_the_attribute_a_delta_lists_every_date_range() -> None:
    assert apply(parse_media(delta("SKIPPED-SEGMENTS=2")), parse_media(LIVE)).date_ranges == {}


def test_numbers_go_on_over_what_was_skipped() -> None:
    tagged = changed(LIVE, "#EXTINF:2,\n42.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2,\n42.m4s")
    whole = apply(parse_media(delta("SKIPPED-SEGMENTS=2")), parse_media(tagged))
    assert [segment.number for segment in whole.segments] == [0, 1, 1, 1, 1, 1]


def test_what_is_whole_stays_and_what_skips_too_much_is_refused() -> None:
    live = parse_media(LIVE)
    assert apply(live, parse_media("#EXTM3U\n")) is live
    with pytest.raises(MalformedError, match="segment 41"):
        apply(parse_media(delta("SKIPPED-SEGMENTS=2")), parse_media("#EXTM3U\n"))
