from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check.playlists import LIVE, VOD, changed
from vitrine.check.playlist.media import MOST_FAULTS, parse_media
from vitrine.check.playlist.model import ByteRange, Part, Report, Resource, ServerControl
from vitrine.media.errors import MalformedError


def test_a_live_playlist() -> None:
    playlist = parse_media(LIVE)
    assert playlist.faults == ()
    assert (playlist.version, playlist.target_duration, playlist.part_target) == (10, 2, Fraction(1, 2))
    assert playlist.server_control == ServerControl(
        can_block_reload=True,
        can_skip_until=Fraction(12),
        can_skip_dateranges=True,
        hold_back=Fraction(6),
        part_hold_back=Fraction(3, 2),
    )
    assert [segment.msn for segment in playlist.segments] == [40, 41, 42, 43, 44, 45]
    assert playlist.segments[4].parts[0] == Part(Resource("44.0.m4s"), Fraction(1, 2), independent=True)
    assert all(segment.map == Resource("init.mp4") for segment in playlist.segments)
    assert [part.resource.uri for part in playlist.open.parts] == ["46.0.m4s", "46.1.m4s"]
    assert playlist.reports == (Report("../low/index.m3u8", 46, 1),)
    assert [(hint.kind, hint.resource.uri) for hint in playlist.hints] == [("PART", "46.2.m4s")]
    assert playlist.date_ranges["r1"].duration == Fraction(5, 2)
    assert playlist.independent_segments
    assert playlist.live


def test_a_vod_playlist() -> None:
    playlist = parse_media(VOD.replace("\n", "\r\n"))
    assert playlist.faults == ()
    assert (playlist.playlist_type, playlist.ended, playlist.live) == ("VOD", True, False)
    assert [segment.duration for segment in playlist.segments] == [Fraction(4), Fraction(7, 2)]
    assert playlist.segments[1].msn == 1


def test_byte_ranges_follow_one_another() -> None:
    text = "#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:100@50\na\n#EXTINF:1,\n#EXT-X-BYTERANGE:30\na\n"
    text += '#EXT-X-PART:DURATION=1,URI="a",BYTERANGE="20"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="a",BYTERANGE-START=200\n'
    playlist = parse_media(text)
    assert [segment.resource.byte_range for segment in playlist.segments] == [ByteRange(50, 100), ByteRange(150, 30)]
    assert playlist.open.parts[0].resource.byte_range == ByteRange(180, 20)
    assert playlist.hints[0].resource.byte_range == ByteRange(200, None)
    assert playlist.faults == ()


def test_discontinuities_gaps_keys_and_maps() -> None:
    text = """#EXTM3U
#EXT-X-DISCONTINUITY-SEQUENCE:7
#EXT-X-KEY:METHOD=NONE
#EXTINF:1,
a
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="m",BYTERANGE="10@0"
#EXT-X-GAP
#EXTINF:1,
b
#EXTINF:1,
c
"""
    first, second, third = parse_media(text).segments
    assert (first.number, first.map, first.key, first.gap) == (7, None, "METHOD=NONE", False)
    assert (second.number, second.discontinuity, second.gap) == (8, True, True)
    assert second.map == Resource("m", ByteRange(0, 10))
    assert (third.number, third.discontinuity, third.map) == (8, False, second.map)


def test_variables_are_defined_imported_and_missed() -> None:
    text = '#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:IMPORT="b"\n#EXT-X-DEFINE:QUERYPARAM="c"\n'
    playlist = parse_media(text + "#EXTINF:1,\n{$a}{$b}.ts\n", {"b": "2"})
    assert playlist.segments[0].resource.uri == "12.ts"
    assert [fault.says for fault in playlist.faults] == [
        "EXT-X-DEFINE takes c from elsewhere (QUERYPARAM), where there is none"
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("#EXTM3U\n", "\ufeff#EXTM3U\n", "byte order mark"),
        ("#EXT-X-VERSION:10\n", "#EXT-X-VERSION:10\n#EXT-X-VERSION:10\n", "stands twice"),
        ("#EXT-X-VERSION:10\n", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b"\n', "multivariant"),
        ("#EXTINF:2,\n40.m4s\n#EXT", "#EXTINF:2\n40.m4s\n#EXT", "comma"),
        ("#EXTINF:2,\n40.m4s\n#EXT", "40.m4s\n#EXT", "no EXTINF before it"),
        ("#EXTINF:2,\n40.m4s\n#EXT", "#EXTINF:2,\n#EXTINF:2,\n40.m4s\n#EXT", "no address after it"),
        ("#EXT-X-PRELOAD-HINT", "#EXTINF:2,\n#EXT-X-PRELOAD-HINT", "last EXTINF has no address"),
        ("TARGETDURATION:2", "TARGETDURATION:2.0", "no whole number"),
        ("PART-TARGET=0.5", "PART-TARGET=0", "PART-TARGET above 0"),
        ("42.m4s\n", "42.m4s\n#EXT-X-MEDIA-SEQUENCE:40\n", "after the first segment"),
        ("42.m4s\n", "42.m4s\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n", "after a segment"),
        ("42.m4s\n", "42.m4s\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", "EXT-X-SKIP stands after a segment"),
        ("#EXT-X-MAP", "#EXT-X-SKIP:X=1\n#EXT-X-MAP", "no SKIPPED-SEGMENTS"),
        ("#EXT-X-MAP", "#EXT-X-PLAYLIST-TYPE:LIVE\n#EXT-X-MAP", "neither VOD nor EVENT"),
        ("TYPE=PART", "TYPE=SEGMENT", "neither PART nor MAP"),
        ('DURATION=0.5,URI="44.0.m4s"', 'URI="44.0.m4s"', "no DURATION"),
        ('URI="44.0.m4s",', "", "URI is missing"),
        ('"44.0.m4s"', '"44.0.m4s",BYTERANGE="5"', "no start"),
        (
            '#EXT-X-PART:DURATION=0.5,URI="44.1',
            '#EXT-X-DISCONTINUITY\n#EXT-X-PART:DURATION=0.5,URI="44.1',
            "stands after a part",
        ),
    ],
)
def test_what_is_wrong_is_noted_with_its_line(old: str, new: str, says: str) -> None:
    faults = parse_media(changed(LIVE, old, new)).faults
    assert any(says in fault.says for fault in faults), faults
    assert all(0 <= fault.line <= LIVE.count("\n") + 3 for fault in faults)


def test_the_faults_of_a_playlist_are_bounded() -> None:
    assert len(parse_media("#EXTM3U\n" + "a\n" * 1000).faults) == MOST_FAULTS


LINES = st.sampled_from([*LIVE.splitlines(), *VOD.splitlines(), "#EXT-X-GAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2"])


@given(st.lists(LINES | st.text(max_size=20).map(lambda text: text.replace("\n", "")), max_size=60))
def test_whatever_begins_as_a_playlist_is_read(lines: list[str]) -> None:
    playlist = parse_media("#EXTM3U\n" + "\n".join(lines))
    for segment in playlist.segments:
        assert playlist.segment(segment.msn) is segment
    assert playlist.next_msn >= len(playlist.segments)


@given(st.text().filter(lambda text: not text.removeprefix("\ufeff").startswith("#EXTM3U")))
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(MalformedError, match="#EXTM3U"):
        parse_media(text)
