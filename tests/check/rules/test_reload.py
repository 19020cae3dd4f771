import pytest

from tests.check.breaking import broken
from tests.check.playlists import LATER, LIVE, VOD, changed
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules import reload
from vitrine.check.seen import Reload

DATE_44 = "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:04.000Z\n"
TAGGED = changed(LIVE, DATE_44, "#EXT-X-DISCONTINUITY\n" + DATE_44)
UNENDED = changed(VOD, "#EXT-X-ENDLIST\n", "")
FIRST_OF_LATER = "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:02.000Z\n#EXTINF:2,\n41.m4s\n"


def held(before: str, after: str) -> dict[str, list[str]]:
    return broken(reload.RULES, Reload(parse_media(before), parse_media(after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LIVE, LATER),
        (LIVE, LIVE),
        (VOD, VOD),
        (LIVE, changed(LIVE, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="46.2.m4s"\n', "#EXT-X-ENDLIST\n")),
        (LIVE, changed(LIVE, '#EXT-X-PART:DURATION=0.5,URI="44.0.m4s",INDEPENDENT=YES\n', "")),
        (TAGGED, changed(LATER, DATE_44, "#EXT-X-DISCONTINUITY\n" + DATE_44)),
    ],
)
def test_what_may_change(before: str, after: str) -> None:
    assert held(before, after) == {}


def short(text: str) -> str:
    """LATER, with most of its segments gone."""
    start, end = text.index(FIRST_OF_LATER), text.index("#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:12")
    return changed(text[:start] + text[end:], "SEQUENCE:41", "SEQUENCE:46")


@pytest.mark.parametrize(
    ("before", "after", "rule", "seen"),
    [
        (LIVE, changed(LATER, "TARGETDURATION:2", "TARGETDURATION:3"), "target-duration-stays", "2 became 3"),
        (LIVE, changed(LATER, "PART-TARGET=0.5", "PART-TARGET=0.6"), "part-target-stays", "0.5 became 0.6"),
        (
            LIVE,
            changed(LATER, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.6"),
            "server-control-stays",
            "PART-HOLD-BACK: 3/2 became 8/5",
        ),
        (LIVE, changed(LATER, "#EXT-X-SERVER-CONTROL", "#X"), "server-control-stays", "the tag left"),
        (VOD, changed(VOD, "b.m4s", "c.m4s"), "segments-stay-as-they-are", "segment 1: resource: b.m4s became c.m4s"),
        (
            LIVE,
            changed(LATER, "#EXTINF:2,\n42.m4s", "#EXTINF:1.9,\n42.m4s"),
            "segments-stay-as-they-are",
            "segment 42: duration",
        ),
        (LIVE, changed(LATER, "17:00:04.000Z", "17:00:04.100Z"), "segments-stay-as-they-are", "segment 42: date"),
        (LIVE, changed(LATER, "#EXTINF:2,\n42", "#EXT-X-GAP\n#EXTINF:2,\n42"), "segments-stay-as-they-are", "gap"),
        (
            LIVE,
            changed(LATER, "DISCONTINUITY-SEQUENCE:0", "DISCONTINUITY-SEQUENCE:1"),
            "discontinuity-numbers-stay",
            "segment 41 had discontinuity sequence number 0, then 1",
        ),
        (LIVE, changed(LATER, "46.1.m4s", "46.1b.m4s"), "parts-stay-as-they-are", "the parts of segment 46 were"),
        (LIVE, changed(LATER, '0.5,URI="46.1', '0.49,URI="46.1'), "parts-stay-as-they-are", "(0.49 s)"),
        (LIVE, changed(LATER, "46.2.m4s", "46.2b.m4s"), "hinted-part-comes", "46.2.m4s was hinted at, 46.2b.m4s came"),
        (
            changed(LIVE, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="46.2.m4s"\n', ""),
            LATER,
            "next-part-is-hinted",
            "46.2.m4s came without",
        ),
        (LIVE + "#EXT-X-ENDLIST\n", LIVE, "end-is-the-end", "and left"),
        (LIVE + "#EXT-X-ENDLIST\n", LATER + "#EXT-X-ENDLIST\n", "end-is-the-end", "segment 46 came after"),
        (VOD, changed(VOD, "TYPE:VOD", "TYPE:EVENT"), "playlist-type-is-kept", "VOD became EVENT"),
        (UNENDED, UNENDED + "#EXTINF:1,\nc.m4s\n", "playlist-type-is-kept", "grew"),
        (
            VOD,
            changed(changed(VOD, "#EXTINF:4,\na.m4s\n", ""), "#EXT-X-MAP", "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP"),
            "playlist-type-is-kept",
            "lost its first segment",
        ),
        (
            LIVE,
            changed(changed(LATER, FIRST_OF_LATER, ""), "SEQUENCE:41", "SEQUENCE:42"),
            "live-window-is-long-enough",
            "5 segments are listed after a removal",
        ),
    ],
)
def test_what_may_not(before: str, after: str, rule: str, seen: str) -> None:
    found = held(before, after)
    assert rule in found, found
    assert any(seen in each for each in found[rule]), found
    assert len(found) == 1, found


def test_a_playlist_that_keeps_hardly_anything() -> None:
    found = held(LIVE, short(LATER))
    assert found.keys() == {"enough-stays-listed", "live-window-is-long-enough"}
    assert found["enough-stays-listed"] == ["2.5 s are listed after a removal; the target duration is 2 s"]


def test_a_playlist_that_goes_back() -> None:
    found = held(LATER, LIVE)
    assert found["media-sequence-never-falls"] == ["41 became 40"]
    assert found["playlist-never-goes-back"] == ["the newest was part 0 of segment 47, then part 1 of segment 46"]


def test_a_hint_may_fail_at_a_discontinuity() -> None:
    cut = changed(
        LIVE,
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="46.2.m4s"\n',
        "#EXTINF:1,\n46.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:13.000Z\n"
        '#EXT-X-PART:DURATION=0.5,URI="47.0.m4s"\n',
    )
    assert held(LIVE, cut) == {}
