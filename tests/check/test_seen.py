from dataclasses import replace
from fractions import Fraction

import pytest

from tests.check.breaking import response
from tests.check.playlists import LIVE, changed
from tests.check.scene import high, rendition, stream
from vitrine.check.playlist.media import parse_media
from vitrine.check.seen import SEGMENTS_KEPT, MediaSeen, difference, seconds_text


@pytest.mark.parametrize(
    ("parts", "segment", "told"),
    [
        ([b"ab", b"cd"], b"abcd", ""),
        ([b"ab", b"cd"], b"abxd", "part 1 differs from the segment from its byte 0 on"),
        ([b"ab", b"cd"], b"abc", "part 1 differs from the segment from its byte 1 on"),
        ([b"ab"], b"abcd", "the parts have 2 bytes, the segment 4"),
    ],
)
def test_how_a_segment_differs_from_its_parts(parts: list[bytes], segment: bytes, told: str) -> None:
    assert difference(parts, segment) == told


def test_what_is_told_of_an_answer() -> None:
    assert response(status=206).ok
    assert response(status=404).told == "status 404"
    assert replace(response(status=0), trouble="connection refused").told == "connection refused"
    assert seconds_text(Fraction(1, 3)) == "0.333 s"


def test_which_playlist_an_address_means() -> None:
    all_of_it = stream()
    first, second, _ = all_of_it.renditions
    assert all_of_it.at(first.url, "../low/index.m3u8?token=1") is second
    assert all_of_it.at(all_of_it.url, "http://a/live/low/index.m3u8") is second
    assert all_of_it.at(first.url, "http://b/live/low/index.m3u8") is None


def test_the_timeline_is_of_segments_that_could_be_measured() -> None:
    found = high()
    found.segments[1].media = None
    found.segments[2].map = None
    assert [(segment.msn, int(measured.start)) for segment, measured in found.timeline()] == [(0, 0), (3, 6)]


def test_since_when_a_date_range_is_as_it_is() -> None:
    found = rendition("high", "video", {})
    found.answered(parse_media(LIVE), 1.0, 2.0, blocked=False)
    found.answered(parse_media(LIVE), 3.0, 4.0, blocked=False)
    assert {name: since for name, (_, since) in found.ranges.items()} == {"r1": 2.0, "r2": 2.0}
    ended = changed(LIVE, '"2026-11-29T17:00:09.000Z"', '"2026-11-29T17:00:09.000Z",DURATION=1')
    found.answered(parse_media(ended), 5.0, 6.0, blocked=True)
    assert {name: since for name, (_, since) in found.ranges.items()} == {"r1": 2.0, "r2": 6.0}
    assert (found.answers[-1].blocked, found.answers[-1].last, found.answers[-1].next_msn) == (True, (46, 1), 46)


def test_what_is_kept_is_bounded() -> None:
    found = high()
    seen = found.segments[3]
    for msn in range(4, SEGMENTS_KEPT + 10):
        found.segments[msn] = MediaSeen(seen.listed, seen.map)
    found.answered(parse_media(LIVE), 1.0, 2.0, blocked=False)
    assert len(found.segments) == SEGMENTS_KEPT
    assert min(found.parts, default=(10, 0)) >= (10, 0)
