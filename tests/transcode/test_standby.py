from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.standby import Standby

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2)


def picture(pts: int, keyframe: bool = False) -> AccessUnit:
    return AccessUnit(1, pts, pts, keyframe, b"p")


def sound(pts: int) -> AccessUnit:
    return AccessUnit(2, pts, pts, True, b"s")


def standby() -> Standby:
    return Standby(Fraction(25), [VIDEO, AUDIO], dropped=3)


def test_what_is_held_begins_at_the_last_keyframe_and_ends_at_the_time_asked() -> None:
    held = standby()
    for unit in (picture(0), sound(0), picture(40, True), picture(80), picture(120, True), sound(130), picture(160)):
        assert not held.ready or unit.pts > 40
        assert held.push(unit) == []
    assert (held.rate, held.programme(Fraction(1))) == (None, None)
    assert [unit.pts for unit in held.open(Fraction(70))] == [69960, 69970, 70000]
    assert held.rate == 25
    assert not held.ready
    assert [unit.pts for unit in held.push(picture(200))] == [70040]
    assert held.programme(Fraction(20, 100)) == Fraction(7004, 100)


def test_it_is_not_ready_without_a_keyframe_and_shows_nothing_at_its_end() -> None:
    held = standby()
    held.push(picture(0))
    held.push(AccessUnit(7, 0, 0, True, b"unknown"))
    assert not held.ready
    assert held.dropped == 4
    assert held.flush() == []


def test_sound_alone_is_ready_at_once() -> None:
    held = Standby(Fraction(25), [AUDIO])
    held.push(sound(10))
    assert [unit.pts for unit in held.open(Fraction(5))] == [5000]
    held.postpone(Fraction(1))
    assert [unit.pts for unit in held.push(sound(20))] == [6010]
