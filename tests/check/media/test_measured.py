from fractions import Fraction

from tests.check.scene import VIDEO, fragment
from vitrine.check.media.fragment import Media
from vitrine.check.media.init import Init, Track
from vitrine.check.media.measured import breaks, leading_track, measure

SOUND = Track(2, "soun", 48_000, "mp4a.40.2")


def test_the_picture_sets_the_pace() -> None:
    init = Init((), (SOUND, VIDEO))
    assert leading_track(init) is VIDEO
    assert leading_track(Init((), (SOUND,))) is SOUND
    assert leading_track(Init((), ())) is None
    media = Media("mp4", 9, (fragment(180_000, track=1), fragment(0, track=2), fragment(270_000, track=1)))
    found = measure(media, init)
    assert found is not None
    assert (found.start, found.duration, found.end) == (Fraction(2), Fraction(2), Fraction(4))
    assert (found.samples, found.frame, found.starts_sync) == (60, Fraction(1, 30), True)


def test_what_cannot_be_measured() -> None:
    assert measure(Media("mp4", 9, (fragment(0),)), None) is None
    assert measure(Media("ts", 9), Init((), (VIDEO,))) is None


def test_breaks() -> None:
    one = Media("mp4", 9, (fragment(0), fragment(90_000)))
    assert breaks(one, Media("mp4", 9, (fragment(180_000), fragment(270_000)))) == []
    late = fragment(190_000)
    assert breaks(one, Media("mp4", 9, (late,))) == [(one.fragments[1], late)]
    assert breaks(Media("mp4", 0), Media("mp4", 9, (fragment(5), fragment(7)))) == [(fragment(5), fragment(7))]
