from fractions import Fraction

from tests.check.playlists import LIVE, VOD
from vitrine.check.playlist.dates import NANOSECONDS, dates_of, span_of
from vitrine.check.playlist.media import parse_media


def dates(text: str) -> list[int | None]:
    playlist = parse_media("#EXTM3U\n" + text)
    return [None if date is None else int(date / NANOSECONDS) for date in dates_of(playlist.segments)]


def test_dates_follow_and_are_counted_back_to_a_discontinuity() -> None:
    segment = "#EXTINF:2,\na\n"
    dated = "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:00Z\n" + segment
    assert dates(segment + dated + segment) == [58, 60, 62]
    assert dates(segment + "#EXT-X-DISCONTINUITY\n" + dated) == [None, 60]
    assert dates(dated + "#EXT-X-DISCONTINUITY\n" + segment) == [60, None]
    assert dates("") == []


def test_the_span_of_a_playlist_has_its_open_parts() -> None:
    span = span_of(parse_media(LIVE))
    assert span is not None
    assert (span[1] - span[0]) / NANOSECONDS == Fraction(13)
    assert span_of(parse_media(VOD)) is None
