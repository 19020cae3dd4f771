import pytest

from tests.check.breaking import response
from tests.check.playlists import LATER, LIVE, MULTIVARIANT, VOD, changed
from vitrine.check.follow import Follow
from vitrine.check.reloading import Directives, Form
from vitrine.check.seen import NOWHERE, Kind, Response
from vitrine.check.watch import MOST_RENDITIONS, Watch
from vitrine.media.errors import MalformedError

HEADERS = {
    "content-type": "application/vnd.apple.mpegurl",
    "content-encoding": "gzip",
    "vary": "Accept-Encoding",
    "cache-control": "max-age=1",
    "access-control-allow-origin": "*",
}
URL = "http://a/live/index.m3u8"


def good(text: str, *, url: str = URL, asked: float = 0.0, took: float = 0.1) -> Response:
    return response(text, url=url, asked=asked, took=took, headers=HEADERS)


def opened(text: str = LIVE) -> tuple[Watch, Follow]:
    watch = Watch(URL, 30.0)
    watch.opened(good(text))
    return watch, watch.follows[0]


def plain(watch: Watch, follow: Follow, text: str, asked: float = 0.0) -> bool:
    return watch.answered(follow, Form.NEXT_PART, Directives(), good(text, asked=asked))


def names(watch: Watch) -> set[str]:
    return {finding.name for finding in watch.findings.all}


def test_a_multivariant_playlist_names_what_is_followed() -> None:
    watch, _ = opened(MULTIVARIANT)
    roles = {each.name: (each.role, each.url) for each in watch.stream.renditions}
    assert roles == {
        "high/index.m3u8": ("video", "http://a/live/high/index.m3u8"),
        "low/index.m3u8": ("video", "http://a/live/low/index.m3u8"),
        "audio/index.m3u8": ("audio", "http://a/live/audio/index.m3u8"),
    }
    assert names(watch) == set()


def test_a_media_playlist_is_followed_by_itself() -> None:
    watch, follow = opened()
    assert (follow.rendition.name, follow.rendition.url) == ("live/index.m3u8", URL)
    assert watch.stream.multivariant is None


def test_sound_alone_has_its_role_and_a_playlist_named_twice_counts_once() -> None:
    stream_inf = '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\n'
    watch, _ = opened("#EXTM3U\n" + stream_inf + "a.m3u8\n" + stream_inf + "a.m3u8\n")
    assert [(each.name, each.role) for each in watch.stream.renditions] == [("a.m3u8", "audio")]


def test_how_many_are_followed_is_bounded() -> None:
    variants = "".join(f"#EXT-X-STREAM-INF:BANDWIDTH=1\n{index}.m3u8\n" for index in range(MOST_RENDITIONS + 2))
    watch, _ = opened("#EXTM3U\n" + variants)
    assert len(watch.follows) == MOST_RENDITIONS
    assert watch.unchecked == [
        f"{MOST_RENDITIONS + index}.m3u8: not watched; 16 playlists at a time are" for index in (0, 1)
    ]


def test_an_address_that_makes_no_sense_is_one_that_cannot_be_fetched() -> None:
    watch, _ = opened("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n//[x/y.m3u8\n")
    assert [each.url for each in watch.stream.renditions] == [NOWHERE]
    watch, follow = opened()
    report = '#EXT-X-RENDITION-REPORT:URI="//[x/y.m3u8",LAST-MSN=1\n'
    assert plain(watch, follow, changed(LIVE, "#EXTINF:2,\n45.m4s", "#EXTINF:2,\n//[x/45.m4s") + report)
    wanted = []
    while (want := follow.wanted()) is not None:
        wanted.append(want.url)
    assert NOWHERE in wanted
    watch.finish()


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (response(status=404, url=URL), "cannot be watched: status 404"),
        (response("<html>", url=URL), "This is no HLS playlist: it begins with '<html>'"),
        (response('#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b"\n', url=URL), "names no media playlist"),
    ],
)
def test_what_cannot_be_watched(first: Response, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        Watch(URL, 30.0).opened(first)


def test_good_answers_give_no_finding() -> None:
    watch, follow = opened()
    assert plain(watch, follow, LIVE)
    assert plain(watch, follow, LATER, asked=1.0)
    assert follow.rendition.playlist is not None
    assert follow.rendition.playlist.next_msn == 47
    assert follow.removed is not None
    assert follow.removed.msn == 40
    watch.finish()
    assert names(watch) == set()
    assert watch.counts.playlists == 3


def test_nothing_is_asked_for_of_a_gap_that_was_removed() -> None:
    watch, follow = opened()
    plain(watch, follow, changed(LIVE, "40.m4s", "#EXT-X-GAP\n40.m4s"))
    plain(watch, follow, LATER, asked=1.0)
    assert follow.removed is None


def test_what_a_reload_breaks_is_found() -> None:
    watch, follow = opened()
    plain(watch, follow, LIVE)
    plain(watch, follow, changed(LATER, "TARGETDURATION:2", "TARGETDURATION:3"), asked=1.0)
    assert "target-duration-stays" in names(watch)


DELTA = LATER[: LATER.index("#EXT-X-MAP")] + (
    '#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=""\n'
    + LATER[LATER.index("#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:08") :]
)


def test_a_delta_update_is_made_whole_and_held_against_the_full_playlist() -> None:
    watch, follow = opened()
    plain(watch, follow, LIVE)
    asked = Directives(46, 2, "v2")
    assert watch.answered(follow, Form.NEXT_PART, asked, good(DELTA, asked=1.0))
    assert follow.rendition.playlist is not None
    assert [segment.msn for segment in follow.rendition.playlist.segments] == list(range(41, 47))
    assert names(watch) == {"nothing-within-the-boundary-is-skipped"}  # the window is shorter than the boundary
    assert follow.update is not None
    watch.compared(follow, follow.update, good(changed(LATER, "45.m4s", "45b.m4s"), asked=1.1))
    assert "delta-gives-the-full-playlist" in names(watch)


def test_a_delta_that_cannot_be_made_whole() -> None:
    watch, follow = opened()
    assert not watch.answered(follow, Form.NEXT_PART, Directives(skip="v2"), good(DELTA))
    assert "playlists-can-be-read" in names(watch)
    assert follow.rendition.playlist is None


def test_a_probe_is_judged_and_left() -> None:
    watch, follow = opened()
    plain(watch, follow, LIVE)
    watch.answered(follow, Form.PART_ALONE, Directives(part=0), good(LATER, asked=1.0))
    assert follow.rendition.playlist is not None
    assert follow.rendition.playlist.next_msn == 46
    assert names(watch) == {"part-without-segment-is-refused"}


def test_a_playlist_that_is_not_there() -> None:
    watch, follow = opened(MULTIVARIANT)
    assert not watch.answered(follow, Form.NEXT_PART, Directives(), response(status=404))
    assert names(watch) == {"playlists-can-be-had"}


def test_variables_come_from_the_multivariant_playlist() -> None:
    watch, follow = opened(changed(MULTIVARIANT, "#EXTM3U\n", '#EXTM3U\n#EXT-X-DEFINE:NAME="v",VALUE="x"\n'))
    plain(watch, follow, VOD.replace("#EXT-X-MAP", '#EXT-X-DEFINE:IMPORT="v"\n#EXT-X-MAP').replace("a.m4s", "{$v}.m4s"))
    assert follow.rendition.playlist is not None
    assert follow.rendition.playlist.segments[0].resource.uri == "x.m4s"


def test_how_media_are_delivered() -> None:
    watch, follow = opened()
    plain(watch, follow, LIVE)
    watch.loaded(follow, Kind.MEDIA, response(b"123", url="http://a/live/1.m4s", headers={"cache-control": "no-store"}))
    watch.loaded(follow, Kind.MEDIA, response(status=404, headers={"cache-control": "max-age=60"}))
    assert {"media-can-be-kept", "errors-are-soon-forgotten", "browsers-may-read-it"} <= names(watch)
    assert (watch.counts.media, watch.counts.bytes) == (2, len(LIVE) + 3)
