import pytest

from tests.check.breaking import broken
from tests.check.playlists import LATER, LIVE, VOD, changed
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules import form

UNDATED = "\n".join(line for line in LIVE.splitlines() if "DATE" not in line)


@pytest.mark.parametrize("text", [LIVE, LATER, VOD])
def test_what_is_right(text: str) -> None:
    assert broken(form.RULES, parse_media(text)) == {}


@pytest.mark.parametrize(
    ("text", "rule", "seen"),
    [
        (changed(LIVE, "DURATION=2.5\n", "DURATION=-2\n"), "playlist-is-well-formed", "line 10: "),
        (changed(VOD, "#EXT-X-TARGETDURATION:4\n", ""), "target-duration-is-there", "no EXT-X-TARGETDURATION"),
        (changed(VOD, "#EXTINF:4,", "#EXTINF:4.5,"), "segments-are-no-longer-than-the-target", "segment 0"),
        (changed(VOD, "VERSION:6", "VERSION:5"), "version-is-high-enough", "EXT-X-MAP needs 6"),
        (changed(VOD, "#EXT-X-VERSION:6\n", ""), "version-is-high-enough", "is absent"),
        (changed(LIVE, "#EXT-X-MEDIA-SEQUENCE:40\n", ""), "live-playlist-has-its-sequence", "no EXT-X-MEDIA-SEQUENCE"),
        (
            changed(
                changed(LIVE, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n", ""),
                "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:04.000Z",
                "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:04.000Z",
            ),
            "discontinuities-are-counted",
            "no EXT-X-DISCONTINUITY-SEQUENCE",
        ),
        (
            changed(UNDATED.replace("#EXT-X-PART:", "#"), "#EXT-X-MAP", "#EXT-X-START:TIME-OFFSET=-2\n#EXT-X-MAP"),
            "start-is-not-at-the-live-edge",
            "TIME-OFFSET is -2, 2 s from the end",
        ),
        (UNDATED, "live-playlist-has-dates", "no segment"),
        (
            changed(LIVE, "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:04.000Z", "#EXT-X-DISCONTINUITY"),
            "discontinuities-are-dated",
            "segment 42",
        ),
        (changed(LIVE, "17:00:04.000Z", "17:00:02.900Z"), "dates-are-unambiguous", "segment 42 is dated 1.1 s before"),
        (changed(LIVE, "17:00:04.000Z", "17:00:04.200Z"), "dates-follow-durations", "segment 42 is dated 0.2 s"),
    ],
)  # fmt: skip
def test_what_is_wrong(text: str, rule: str, seen: str) -> None:
    found = broken(form.RULES, parse_media(text))
    assert any(seen in each for each in found.get(rule, [])), found


def test_a_second_may_be_rounded_down() -> None:
    assert broken(form.RULES, parse_media(changed(VOD, "#EXTINF:4,", "#EXTINF:4.499,"))) == {}


@pytest.mark.parametrize(
    ("head", "version"),
    [
        ('#EXT-X-DEFINE:NAME="a",VALUE="b"\n', 8),
        ("#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", 9),
        ("#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24,CAN-SKIP-DATERANGES=YES\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", 10),
        ("#EXT-X-BYTERANGE:1@0\n", 4),
        ('#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI="a"\n', 5),
        ("", 3),
    ],
)
def test_the_version_that_is_needed(head: str, version: int) -> None:
    for number in (version - 1, version):
        text = f"#EXTM3U\n#EXT-X-VERSION:{number}\n#EXT-X-TARGETDURATION:4\n{head}#EXTINF:3.5,\na\n#EXT-X-ENDLIST\n"
        found = broken(form.RULES, parse_media(text))
        assert ("version-is-high-enough" in found) == (number < version)
