import pytest

from tests.check.breaking import response
from vitrine.check.rules import fetched
from vitrine.check.rules.fetched import Fetched, Of

PLAYLIST, HINTED, REMOVED = "the playlist", "the hinted part", "segment 1"


@pytest.mark.parametrize(
    ("rule", "subject", "seen"),
    [
        (fetched.playlists_can_be_had, Fetched(PLAYLIST, response(status=404)), ["the playlist: status 404"]),
        (fetched.playlists_can_be_had, Fetched(PLAYLIST, response()), []),
        (fetched.playlists_can_be_read, Fetched(PLAYLIST, response(), "no #EXTM3U"), ["the playlist: no #EXTM3U"]),
        (fetched.playlists_can_be_read, Fetched(PLAYLIST, response()), []),
        (fetched.media_can_be_read, Fetched("part 1", response(), "no moov"), ["part 1: no moov"]),
        (fetched.media_can_be_read, Fetched("part 1", response()), []),
        (fetched.removed_segments_stay_a_while, Fetched(REMOVED, response(status=410)), ["segment 1: status 410"]),
        (fetched.removed_segments_stay_a_while, Fetched(REMOVED, response(status=206)), []),
        (fetched.hinted_parts_can_be_had, Fetched(HINTED, response(status=404)), ["the hinted part: status 404"]),
        (fetched.hints_that_expire_are_not_found, Fetched(HINTED, response(status=404)), []),
        (fetched.hints_that_expire_are_not_found, Fetched(HINTED, response(status=206)), []),
        (
            fetched.hints_that_expire_are_not_found,
            Fetched(HINTED, response(status=503)),
            ["the hinted part: status 503"],
        ),
    ],
)
def test_what_comes(rule: Of, subject: Fetched, seen: list[str]) -> None:
    assert list(rule.check(subject)) == seen


def test_a_hinted_part_that_trickles() -> None:
    slow = response(took=1.0)
    slow = type(slow)(slow.url, 200, {}, b"x", 0.0, 0.5, 1.0)
    told = list(fetched.hinted_parts_come_at_once.check(Fetched("the hinted part", slow, part_target=0.5)))
    assert told == ["the hinted part: 0.5 s from the first byte to the last"]
    assert not list(fetched.hinted_parts_come_at_once.check(Fetched("the hinted part", slow, part_target=1.0)))
