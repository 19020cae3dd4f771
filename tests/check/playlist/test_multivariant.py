from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check.playlists import LIVE, MULTIVARIANT, changed
from vitrine.check.playlist.multivariant import is_multivariant, parse_multivariant


def test_variants_and_groups() -> None:
    found = parse_multivariant(MULTIVARIANT)
    assert found.faults == ()
    high, low = found.variants
    assert (high.uri, high.bandwidth, high.average_bandwidth) == ("high/index.m3u8", 900_000, 800_000)
    assert high.codecs == ("avc1.64001f", "mp4a.40.2")
    assert (high.resolution, high.frame_rate, high.score) == ((1280, 720), Fraction(30), None)
    assert high.groups == {"AUDIO": "a"}
    assert low.uri == "low/index.m3u8"
    (sound,) = found.group("AUDIO", "a")
    assert (sound.name, sound.uri, sound.default) == ("sound", "audio/index.m3u8", True)
    assert found.group("AUDIO", "b") == []


def test_which_kind_a_playlist_is_of() -> None:
    assert is_multivariant(MULTIVARIANT)
    assert not is_multivariant(LIVE)


def test_variables_come_from_the_address() -> None:
    text = '#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="q"\n#EXT-X-DEFINE:NAME="n",VALUE="1"\n'
    found = parse_multivariant(text + "#EXT-X-STREAM-INF:BANDWIDTH=1\n{$q}{$n}.m3u8\n", {"q": "x"})
    assert found.variants[0].uri == "x1.m3u8"
    assert found.variables == {"q": "x", "n": "1"}


TWIN = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="sound"\n'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("TYPE=AUDIO", "TYPE=SOUND", "the type 'SOUND'"),
        ('TYPE=AUDIO,GROUP-ID="a",NAME="sound"', 'TYPE=SUBTITLES,GROUP-ID="a",NAME="b"\n#', "have no URI"),
        ("AUTOSELECT=YES", "AUTOSELECT=NO", "AUTOSELECT has to be YES"),
        ("#EXT-X-STREAM-INF:BANDWIDTH=5", TWIN + "#EXT-X-STREAM-INF:BANDWIDTH=5", "two members"),
        ("high/index.m3u8\n", "high/index.m3u8\nother.m3u8\n", "no EXT-X-STREAM-INF"),
        ("BANDWIDTH=900000,A", "BANDWIDTH=much,A", "no whole number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noted(old: str, new: str, says: str) -> None:
    faults = parse_multivariant(changed(MULTIVARIANT, old, new)).faults
    assert any(says in fault.says for fault in faults), faults


@given(st.lists(st.sampled_from(MULTIVARIANT.splitlines()) | st.text(max_size=20), max_size=30))
def test_whatever_begins_as_a_playlist_is_read(lines: list[str]) -> None:
    parse_multivariant("#EXTM3U\n" + "\n".join(lines))
