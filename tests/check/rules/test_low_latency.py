import pytest

from tests.check.breaking import broken
from tests.check.playlists import LATER, LIVE, VOD, changed
from vitrine.check.playlist.media import parse_media
from vitrine.check.rules import low_latency

HINT = '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="46.2.m4s"\n'
OLD_PARTS = LIVE[: LIVE.index('#EXT-X-PART:DURATION=0.5,URI="46.0')] + "".join(
    f"#EXTINF:2,\n{msn}.m4s\n" for msn in range(46, 52)
)


IN_A_GAP = changed(changed(LIVE, HINT, ""), 'URI="46.1.m4s"', 'URI="46.1.m4s",GAP=YES')


@pytest.mark.parametrize("text", [LIVE, LATER, VOD, IN_A_GAP])
def test_what_is_right(text: str) -> None:
    assert broken(low_latency.RULES, parse_media(text)) == {}


@pytest.mark.parametrize(
    ("text", "rule", "seen"),
    [
        (changed(LIVE, "#EXT-X-PART-INF:PART-TARGET=0.5\n", ""), "part-target-is-there", "no PART-TARGET"),
        (LIVE.replace("#EXT-X-PART:", "#"), "announced-parts-are-there", "no part"),
        (
            changed(LIVE, 'DURATION=0.5,URI="44.1', 'DURATION=0.501,URI="44.1'),
            "parts-are-no-longer-than-their-target",
            "part 1 of segment 44 has DURATION 0.501 s",
        ),
        (
            changed(
                LIVE, 'DURATION=0.5,URI="46.1.m4s"', 'DURATION=0.4,URI="46.1.m4s"\n#EXT-X-PART:DURATION=0.5,URI="x"'
            ),
            "parts-are-not-too-short",
            "part 1 of segment 46 has 0.4 s of 0.5 s",
        ),
        (
            changed(LIVE, "#EXTINF:2,\n45.m4s", "#EXTINF:1.9,\n45.m4s"),
            "parts-add-up-to-their-segment",
            "the parts of segment 45 last 2 s; EXTINF is 1.9 s",
        ),
        (OLD_PARTS + HINT, "old-parts-have-left", "listed"),
        (changed(LIVE, ",HOLD-BACK=6", ",HOLD-BACK=5"), "hold-backs-are-far-enough", "HOLD-BACK is 5 s"),
        (changed(LIVE, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9"), "hold-backs-are-far-enough", "less than two"),
        (changed(LIVE, ",PART-HOLD-BACK=1.5", ""), "hold-backs-are-far-enough", "no PART-HOLD-BACK"),
        (changed(LIVE, "CAN-BLOCK-RELOAD=YES,", ""), "reloads-can-be-blocked", "no CAN-BLOCK-RELOAD=YES"),
        (changed(LIVE, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.2"), "part-hold-back-is-three-parts", "1.2 s"),
        (changed(LIVE, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=11"), "skip-boundary-is-far-enough", "is 11 s"),
        (changed(LIVE, "CAN-SKIP-UNTIL=12,", ""), "skip-boundary-is-far-enough", "without CAN-SKIP-UNTIL"),
        (changed(LIVE, HINT, HINT + HINT), "one-hint-of-a-type", "2 hints of type PART"),
        (
            changed(LIVE, 'URI="45.1.m4s"', 'URI="45.1.m4s",GAP=YES'),
            "gaps-in-parts-are-gaps-in-their-segment",
            "segment 45 has a part with GAP=YES",
        ),
        (changed(LIVE, 'URI="../low', 'URI="http://a/low'), "reports-are-whole", "is not relative"),
        (changed(LIVE, "LAST-MSN=46,", ""), "reports-are-whole", "no LAST-MSN"),
        (LIVE + "#EXT-X-ENDLIST\n", "ended-playlist-hints-at-nothing", "46.2.m4s"),
    ],
)
def test_what_is_wrong(text: str, rule: str, seen: str) -> None:
    found = broken(low_latency.RULES, parse_media(text))
    assert list(found) == [rule]
    assert seen in found[rule][0]


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-PART:DURATION=0.4,URI="46.1.m4s",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI="x"\n',
        '#EXT-X-PART:DURATION=0.4,URI="46.1.m4s",GAP=YES\n#EXT-X-PART:DURATION=0.5,URI="x"\n',
        '#EXT-X-PART:DURATION=0.4,URI="46.1.m4s"\n#EXT-X-PART:DURATION=0.5,URI="x",GAP=YES\n',
        '#EXT-X-PART:DURATION=0.1,URI="46.1.m4s"\n',
    ],
)
def test_parts_that_may_be_short(line: str) -> None:
    text = changed(LIVE, '#EXT-X-PART:DURATION=0.5,URI="46.1.m4s"\n', line)
    assert broken(low_latency.RULES, parse_media(text)) == {}


def test_the_oldest_segment_may_have_lost_parts() -> None:
    text = changed(LIVE, '#EXT-X-PART:DURATION=0.5,URI="44.0.m4s",INDEPENDENT=YES\n', "")
    assert broken(low_latency.RULES, parse_media(text)) == {}
