from fractions import Fraction

from tests.check.playlists import LIVE, VOD
from vitrine.check.playlist.media import parse_media


def test_where_a_playlist_ends() -> None:
    live = parse_media(LIVE)
    assert (live.first_msn, live.next_msn, live.last, live.seconds) == (40, 46, (46, 1), Fraction(13))
    closed = parse_media(LIVE.replace('#EXT-X-PART:DURATION=0.5,URI="46', "#"))
    assert closed.last == (45, 3)
    vod = parse_media(VOD)
    assert (vod.first_msn, vod.next_msn, vod.last, vod.has_parts) == (0, 2, (1, None), False)


def test_the_target_of_a_playlist_that_does_not_say() -> None:
    assert parse_media(VOD.replace("#EXT-X-TARGETDURATION:4\n", "")).target == 4
    assert parse_media("#EXTM3U\n").target == 1


def test_the_newest_segments() -> None:
    text = LIVE.replace("#EXTINF:2,\n42.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2,\n42.m4s")
    recent = parse_media(text).recent(3)
    assert [segment.msn for segment in recent.segments] == [43, 44, 45]
    assert (recent.next_msn, recent.last, recent.discontinuity_sequence) == (46, (46, 1), 1)
    assert parse_media(text).recent(4).discontinuity_sequence == 0
    assert parse_media(text).recent(6).media_sequence == 40
