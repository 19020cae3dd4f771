from dataclasses import replace

import pytest

from tests.check.breaking import broken, response
from vitrine.check.rules import http
from vitrine.check.seen import Exchange, Kind

PLAYLIST = "http://a/live/index.m3u8"
PART = "http://a/live/7.0.m4s"
HEADERS = {
    "content-type": "application/vnd.apple.mpegurl",
    "content-encoding": "gzip",
    "vary": "Accept-Encoding",
    "cache-control": "public, max-age=1",
    "access-control-allow-origin": "*",
}
LONG = b"#EXTM3U\n" + b"# text\n" * 300


def exchange(kind: Kind, url: str = PLAYLIST, *, status: int = 200, redirects: int = 0, **headers: str) -> Exchange:
    """A good answer with some headers changed; an empty one is left out."""
    own = {"content-type": "video/iso.segment", "cache-control": "max-age=3600"} if url == PART else {}
    if kind is Kind.BLOCKED:
        own = {"cache-control": "max-age=12"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in {**HEADERS, **own, **given}.items() if value}
    return Exchange(kind, response(LONG, status, url=url, headers=kept, redirects=redirects), 2, live=True)


@pytest.mark.parametrize(
    "one",
    [
        exchange(Kind.PLAYLIST),
        exchange(Kind.BLOCKED),
        exchange(Kind.MULTIVARIANT, cache_control="max-age=30"),
        exchange(Kind.MEDIA, PART, content_encoding="", vary="Origin"),
        exchange(Kind.PLAYLIST, status=404, content_type="text/plain"),
        exchange(Kind.BLOCKED, status=400, cache_control="max-age=8"),
        exchange(Kind.MULTIVARIANT, redirects=1),
        exchange(Kind.PLAYLIST, content_type="Audio/MPEGURL; charset=utf-8"),
        replace(exchange(Kind.PLAYLIST, cache_control="max-age=3600"), live=False),
    ],
)
def test_what_is_right(one: Exchange) -> None:
    assert broken(http.RULES, one) == {}


@pytest.mark.parametrize(
    ("one", "rule", "seen"),
    [
        (
            exchange(Kind.PLAYLIST, "http://a/live/list", content_type="text/plain"),
            "playlist-can-be-told-from-others",
            "list came as text/plain",
        ),
        (exchange(Kind.PLAYLIST, content_type=""), "playlist-has-its-type", "index.m3u8 came as nothing"),
        (
            exchange(Kind.MEDIA, PART, content_type="application/octet-stream"),
            "media-have-their-type",
            "7.0.m4s came as application/octet-stream",
        ),
        (exchange(Kind.BLOCKED, content_encoding="", vary=""), "playlists-are-compressed", "2108 bytes"),
        (exchange(Kind.PLAYLIST, vary=""), "compressed-answers-vary", "Vary is absent"),
        (exchange(Kind.PLAYLIST, set_cookie="a=b"), "answers-are-the-same-for-everyone", "sets a cookie"),
        (
            exchange(Kind.PLAYLIST, vary="Accept-Encoding, Cookie"),
            "answers-are-the-same-for-everyone",
            "varies on cookie",
        ),
        (exchange(Kind.PLAYLIST, access_control_allow_origin=""), "browsers-may-read-it", "no Access-Control"),
        (exchange(Kind.MEDIA, PART, redirects=2), "nothing-is-redirected", "redirected 2 times"),
        (exchange(Kind.MEDIA, PART, cache_control=""), "caches-are-told", "neither Cache-Control nor Expires"),
        (
            exchange(Kind.PLAYLIST, cache_control="max-age=2"),
            "live-playlists-do-not-go-stale",
            "may be kept 2 s; 1 s is the most",
        ),
        (
            exchange(Kind.BLOCKED, cache_control="s-maxage=13, max-age=1"),
            "live-playlists-do-not-go-stale",
            "may be kept 13 s; 12 s is the most",
        ),
        (exchange(Kind.BLOCKED, cache_control="no-cache"), "blocking-reloads-can-be-shared", "says no-cache"),
        (exchange(Kind.MEDIA, PART, cache_control="max-age=11"), "media-can-be-kept", "six target durations are 12 s"),
        (exchange(Kind.INIT, PART, cache_control="private"), "media-can-be-kept", "says private"),
        (
            exchange(Kind.BLOCKED, status=404, cache_control="max-age=9"),
            "errors-are-soon-forgotten",
            "status 404 may be kept 9 s; 8 s is the most",
        ),
        (
            exchange(Kind.MEDIA, PART, status=404, cache_control="max-age=3"),
            "errors-are-soon-forgotten",
            "2 s is the most",
        ),
    ],
)
def test_what_is_wrong(one: Exchange, rule: str, seen: str) -> None:
    found = broken(http.RULES, one)
    assert any(seen in each for each in found.get(rule, [])), found
    assert set(found) - {"playlist-has-its-type"} <= {rule}


def test_a_short_playlist_need_not_be_compressed() -> None:
    one = exchange(Kind.PLAYLIST, content_encoding="")
    assert broken(http.RULES, replace(one, response=replace(one.response, body=b"#EXTM3U\n"))) == {}
