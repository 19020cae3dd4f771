from fractions import Fraction

import pytest

from tests.check.playlists import LATER, LIVE, VOD, changed
from vitrine.check.playlist.media import parse_media
from vitrine.check.reloading import Directives, Form, advance_part_limit, holds, next_reload, probe

UNBLOCKED = changed(LIVE, "CAN-BLOCK-RELOAD=YES,", "")
NO_PARTS = LIVE.replace("#EXT-X-PART:", "#")


@pytest.mark.parametrize(
    ("directives", "url", "address"),
    [
        (Directives(), "http://a/b.m3u8?x=1#c", "http://a/b.m3u8?x=1"),
        (Directives(7, 2, "v2"), "http://a/b.m3u8", "http://a/b.m3u8?_HLS_msn=7&_HLS_part=2&_HLS_skip=v2"),
        (Directives(7), "http://a/b?token=x%2Fy&A=", "http://a/b?A=&_HLS_msn=7&token=x%2Fy"),
    ],
)
def test_directives_stand_in_order_in_the_query(directives: Directives, url: str, address: str) -> None:
    assert directives.address(url) == address


@pytest.mark.parametrize(
    ("text", "changed_since", "directives", "wait"),
    [
        (LIVE, True, Directives(46, 2, "v2"), 0.0),
        (changed(LIVE, ",CAN-SKIP-DATERANGES=YES", ""), True, Directives(46, 2, "YES"), 0.0),
        (NO_PARTS, True, Directives(46, None, "v2"), 0.0),
        (UNBLOCKED, True, Directives(skip="v2"), 2.0),
        (UNBLOCKED, False, Directives(skip="v2"), 1.0),
        (VOD, True, Directives(), 3.5),
    ],
)
def test_what_a_player_asks_next(text: str, changed_since: bool, directives: Directives, wait: float) -> None:
    following = next_reload(parse_media(text), changed=changed_since)
    assert (following.directives, following.wait) == (directives, wait)
    assert next_reload(parse_media(LIVE), changed=True, deltas=False).directives == Directives(46, 2)


def test_probes() -> None:
    playlist = parse_media(LIVE)
    assert {form: probe(form, playlist) for form in Form} == {
        Form.NEXT_PART: None,
        Form.NEXT_SEGMENT: Directives(46),
        Form.LISTED: Directives(45),
        Form.GONE: Directives(39),
        Form.PAST_ITS_LAST_PART: Directives(45, 9),
        Form.PART_ALONE: Directives(part=0),
        Form.FAR_SEGMENT: Directives(56),
        Form.FAR_PART: Directives(46, 38),
        Form.ENDED: None,
    }
    ended = parse_media(LIVE + "#EXT-X-ENDLIST\n")
    assert [form for form in Form if probe(form, ended)] == [Form.ENDED]
    assert not any(probe(form, parse_media(UNBLOCKED)) for form in Form)
    assert probe(Form.FAR_PART, parse_media(NO_PARTS)) is None


@pytest.mark.parametrize(
    ("directives", "live", "later"),
    [
        (Directives(), True, True),
        (Directives(39), True, True),
        (Directives(45), True, True),
        (Directives(46), False, True),
        (Directives(46, 1), True, True),
        (Directives(46, 2), False, True),
        (Directives(45, 4), True, True),
        (Directives(46, 4), False, True),
        (Directives(47, 0), False, True),
        (Directives(47, 1), False, False),
        (Directives(48), False, False),
    ],
)
def test_what_a_playlist_holds(directives: Directives, live: bool, later: bool) -> None:
    assert holds(parse_media(LIVE), directives) is live
    assert holds(parse_media(LATER), directives) is later


@pytest.mark.parametrize(("target", "limit"), [("0.334", 9), ("0.5", 6), ("0.999", 4), ("1", 3), ("2", 3)])
def test_the_advance_part_limit(target: str, limit: int) -> None:
    assert advance_part_limit(Fraction(target)) == limit
