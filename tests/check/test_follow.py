from dataclasses import replace

import pytest

from tests.check.breaking import response
from tests.check.playlists import LATER, LIVE, VOD, changed
from vitrine.check.finding import Findings
from vitrine.check.follow import Follow, Wanted
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules.media import segment_is_its_parts
from vitrine.check.seen import Rendition, Response
from vitrine.media.track import AudioTrack, Codec
from vitrine.packager.cmaf.fragment import Fragment, Sample
from vitrine.packager.cmaf.init import init_segment

URL = "http://a/live/high/index.m3u8"
INIT = init_segment(AudioTrack(1, Codec.AAC, 48_000, bytes.fromhex("1190"), 48_000, 2))


def follow(text: str) -> Follow:
    rendition = Rendition("high", URL, "video")
    rendition.playlist = parse_media(text)
    return Follow(rendition, Findings(), 30.0, URL)


def part(number: int) -> bytes:
    return Fragment(number, number * 24_000, (Sample(b"x", 24_000, 0, True),)).encode()


def answer(want: Wanted) -> Response:
    """What a good server has under a name of LIVE and LATER: `44.m4s` is its parts `44.0.m4s` to `44.3.m4s`."""
    name = want.url.rpartition("/")[2].removesuffix(".m4s")
    if name == "init.mp4":
        return response(INIT, url=want.url)
    msn, _, index = name.partition(".")
    indices = [int(index)] if index else range(4)
    return response(b"".join(part(4 * int(msn) + each) for each in indices), url=want.url)


def names(of: Follow) -> list[str]:
    """Fetch all that is wanted; the names in order."""
    found = []
    while want := of.wanted():
        found.append(want.url.removeprefix("http://a/live/high/"))
        of.fetched(want, answer(want))
    return found


def test_a_live_stream_is_fetched_from_near_its_end() -> None:
    followed = follow(LIVE)
    assert names(followed) == [
        "init.mp4", "43.m4s", "44.0.m4s", "44.1.m4s", "44.2.m4s", "44.3.m4s", "44.m4s",
        "45.0.m4s", "45.1.m4s", "45.2.m4s", "45.3.m4s", "45.m4s", "46.0.m4s", "46.1.m4s", "46.2.m4s",
    ]  # fmt: skip
    followed.rendition.playlist = parse_media(LATER)
    # 46.2 came when it was hinted at, and is not fetched again.
    assert names(followed) == ["46.3.m4s", "46.m4s", "47.0.m4s", "47.1.m4s"]
    assert sorted(followed.rendition.parts)[-2:] == [(46, 3), (47, 0)]
    assert sorted(followed.rendition.segments) == [43, 44, 45, 46]
    assert followed.rendition.role == "audio"
    assert followed.findings.all == []
    assert list(segment_is_its_parts.check(followed.rendition)) == []


def test_a_vod_is_fetched_from_its_beginning_as_far_as_it_plays() -> None:
    numbered = VOD.replace("a.m4s", "0.m4s").replace("b.m4s", "1.m4s")
    followed = follow(numbered)
    assert names(followed) == ["init.mp4", "0.m4s", "1.m4s"]
    followed = follow(numbered)
    followed.most_seconds = 3.0
    assert names(followed) == ["init.mp4", "0.m4s"]


def test_an_event_that_goes_on_is_fetched_from_near_its_end() -> None:
    followed = follow(changed(LIVE, "#EXT-X-MAP", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MAP"))
    assert names(followed)[:2] == ["init.mp4", "43.m4s"]


def test_a_gap_is_not_asked_for() -> None:
    gap = changed(LIVE, "#EXTINF:2,\n43.m4s", "#EXT-X-GAP\n#EXTINF:2,\n43.m4s")
    gap = changed(gap, 'URI="46.1.m4s"', 'URI="46.1.m4s",GAP=YES')
    fetched = names(follow(gap))
    assert "43.m4s" not in fetched
    assert "46.1.m4s" not in fetched


def test_a_client_that_falls_behind_goes_on_near_the_end() -> None:
    followed = follow(LIVE)
    names(followed)
    far = "".join(f"#EXTINF:2,\n{msn}.m4s\n" for msn in range(40, 100))
    followed.rendition.playlist = parse_media("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:40\n" + far)
    assert names(followed) == [f"{msn}.m4s" for msn in range(88, 100)]


def found(of: Follow) -> dict[str, list[str]]:
    return {finding.name: finding.seen for finding in of.findings.all}


def test_a_segment_that_is_not_its_parts() -> None:
    followed = follow(LIVE)
    while want := followed.wanted():
        good = answer(want)
        followed.fetched(want, replace(good, body=part(9)) if want.url.endswith("45.m4s") else good)
    assert list(segment_is_its_parts.check(followed.rendition)) == [
        "segment 45: part 0 differs from the segment from its byte 23 on"
    ]


def test_a_hint_that_does_not_hold_is_told_once_its_part_is_listed() -> None:
    followed = follow(LIVE)
    while want := followed.wanted():
        followed.fetched(want, response(status=404) if want.hint else answer(want))
    assert found(followed) == {}
    followed.rendition.playlist = parse_media(LATER)
    want = followed.wanted()
    assert want is not None
    assert (want.url, want.hint) == ("http://a/live/high/46.2.m4s", False)
    assert found(followed) == {"hinted-parts-can-be-had": ["part 2 of segment 46: status 404"]}


@pytest.mark.parametrize(
    ("status", "findings"),
    [
        (404, {}),
        (200, {}),
        (503, {"hints-that-expire-are-not-found": ["46.2.m4s, which was hinted at and did not come: status 503"]}),
        (0, {"hints-that-expire-are-not-found": ["46.2.m4s, which was hinted at and did not come: no answer"]}),
    ],
)
def test_a_hint_that_expires_is_answered_404(status: int, findings: dict[str, list[str]]) -> None:
    """The show ends with the part before it: what was hinted at is judged once it is hinted at no longer."""
    followed = follow(LIVE)
    while want := followed.wanted():
        expired = replace(response(status=status), trouble="no answer")
        followed.fetched(want, expired if want.hint else answer(want))
    assert found(followed) == {}
    ended = changed(LIVE, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="46.2.m4s"', "#EXTINF:1,\n46.m4s\n#EXT-X-ENDLIST")
    followed.rendition.playlist = parse_media(ended)
    assert "46.2.m4s" not in names(followed)
    assert found(followed) == findings


def test_what_cannot_be_fetched_or_read() -> None:
    followed = follow(changed(LIVE, 'URI="init.mp4"', 'URI="other.mp4"'))
    while want := followed.wanted():
        broken = {"other.mp4": response(status=404), "44.0.m4s": response(b"\0\0\0\1mdat"), "43.m4s": response(b"?")}
        followed.fetched(want, broken.get(want.url.rpartition("/")[2]) or answer(want))
    assert found(followed)["media-can-be-read"][0] == "the initialisation section: status 404"
    assert "part 0 of segment 44" in found(followed)["media-can-be-read"][1]
    assert followed.rendition.segments[43].media is not None
    assert followed.unchecked == {
        "high: segments are of an unknown format, so that durations and times in them were not checked"
    }


def test_what_is_encrypted_is_not_looked_into() -> None:
    followed = follow(changed(LIVE, "#EXT-X-MAP", '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP'))
    names(followed)
    assert followed.unchecked == {"high: segments are encrypted, so nothing in them was checked"}


def test_a_segment_that_was_just_removed_is_asked_for_once() -> None:
    followed = follow(LATER)
    followed.removed = parse_media(LIVE).segments[0]
    want = followed.wanted()
    assert want is not None
    assert want.url == "http://a/live/high/40.m4s"
    followed.fetched(want, response(status=404))
    assert found(followed) == {"removed-segments-stay-a-while": ["a segment that was just removed: status 404"]}
    assert "40.m4s" not in names(followed)
