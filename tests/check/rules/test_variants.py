from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.check.breaking import broken
from tests.check.playlists import MULTIVARIANT, changed
from tests.check.scene import MAP, SOUND, VIDEO, fragments, listed, media, said, stream
from vitrine.check.media.init import Init
from vitrine.check.playlist.multivariant import parse_multivariant
from vitrine.check.rules import variants
from vitrine.check.rules.variants import frame_rates, rates
from vitrine.check.seen import Stream


def test_what_is_right() -> None:
    assert broken(variants.RULES, stream()) == {}


@pytest.mark.parametrize(
    ("old", "new", "rule", "seen"),
    [
        ("FRAME-RATE=30.000", "FRAME-RATE=fast", "multivariant-is-well-formed", "line 6: FRAME-RATE"),
        ("BANDWIDTH=900000,A", "A", "bandwidth-is-there", "high/index.m3u8 has none"),
        ("RESOLUTION=1280x720,FRAME-RATE=30.000,", "", "variants-are-described", "lacks RESOLUTION, FRAME-RATE"),
        ('CODECS="avc1.64001f,mp4a.40.2",R', "R", "variants-are-described", "lacks CODECS"),
        ('FRAME-RATE=30.000,AUDIO="a"', 'FRAME-RATE=30.000,AUDIO="b"', "groups-are-there", 'AUDIO="b"'),
        ("BANDWIDTH=900000,", "BANDWIDTH=900000,SCORE=1,", "scores-are-on-all-or-none", "low/index.m3u8 without"),
        ("avc1.64001f,mp4a.40.2", "avc1.64001f", "codecs-are-declared", 'has mp4a.40.2; CODECS="avc1.64001f"'),
        ("avc1.64001f", "avc1.640020", "codecs-are-declared", "has avc1.64001f"),
        ("1280x720", "1280x722", "resolution-is-the-pictures", "declares 1280x722; its pictures are 1280x720"),
        ("FRAME-RATE=30.000", "FRAME-RATE=29.970", "frame-rate-is-the-pictures", "29.970; its pictures have 30.000"),
        ("BANDWIDTH=900000,A", "BANDWIDTH=380000,A", "bandwidth-covers-the-peak", "its peak is 480000"),
    ],
)
def test_what_is_declared_wrong(old: str, new: str, rule: str, seen: str) -> None:
    all_of_it = stream()
    all_of_it.multivariant = parse_multivariant(changed(MULTIVARIANT, old, new))
    found = broken(variants.RULES, all_of_it)
    assert any(seen in each for each in found.get(rule, [])), found
    assert set(found) - {"variants-are-described"} <= {rule}


def heavy(all_of_it: Stream) -> None:
    """The high rendition has twice its bits, over 16 seconds."""
    for seen in all_of_it.renditions[0].segments.values():
        listed(seen, duration=Fraction(4))
        media(seen, lambda was: replace(was, size=500_000))
    said(all_of_it.renditions[0], target_duration=4)


IN_BAND = replace(VIDEO, codec="avc3.64001f")
Break = Callable[[Stream], object]


@pytest.mark.parametrize(
    ("break_it", "rule", "seen"),
    [
        (
            lambda all_of_it: all_of_it.renditions[0].inits.update({MAP: Init((), (IN_BAND,))}),
            "parameter-sets-are-in-the-initialisation",
            "high/index.m3u8 has avc3.64001f",
        ),
        (
            lambda all_of_it: fragments(all_of_it.renditions[1].segments[2], starts_sync=False),
            "independent-segments-are",
            "low/index.m3u8: segment 2",
        ),
        (heavy, "average-bandwidth-covers-the-average", "declares 800000; it has 1080000 over 16 s"),
    ],
)  # fmt: skip
def test_what_the_media_have(break_it: Break, rule: str, seen: str) -> None:
    all_of_it = stream()
    break_it(all_of_it)
    found = broken(variants.RULES, all_of_it)
    assert any(seen in each for each in found.get(rule, [])), found


def test_a_codec_of_which_only_the_letters_were_read() -> None:
    all_of_it = stream()
    all_of_it.renditions[2].inits[MAP] = Init((), (replace(SOUND, codec="Opus"),))
    declaring = MULTIVARIANT.replace("mp4a.40.2", "opus")
    all_of_it.multivariant = parse_multivariant(declaring)
    assert broken(variants.RULES, all_of_it) == {}


def test_the_peak_is_of_neighbours_that_last_about_a_target_duration() -> None:
    high = stream().renditions[0]
    media(high.segments[2], lambda was: replace(was, size=200_000))
    assert rates(high) == (Fraction(800_000), Fraction(500_000), Fraction(8))
    for seen in high.segments.values():
        listed(seen, duration=Fraction(1, 2))
    said(high, target_duration=2)
    assert rates(high) == (Fraction(2_400_000), Fraction(2_000_000), Fraction(2))


def test_pictures_that_are_left_out_for_a_while_are_no_wrong_rate() -> None:
    all_of_it = stream()
    first = next(iter(all_of_it.renditions[0].segments.values()))
    assert first.media is not None
    fragments(first, samples=first.media.fragments[0].samples // 2)
    assert broken((variants.frame_rate_is_the_pictures,), all_of_it) == {}


def test_what_has_no_rate() -> None:
    all_of_it = stream()
    assert frame_rates(all_of_it.renditions[0]) == (Fraction(30), Fraction(30))
    assert frame_rates(all_of_it.renditions[2]) is None
    all_of_it.renditions[0].segments.clear()
    assert rates(all_of_it.renditions[0]) is None
    all_of_it.multivariant = None
    assert broken(variants.RULES, all_of_it) == {}
