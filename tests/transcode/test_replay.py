from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.replay import MAX_BYTES, MAX_UNITS, Replay

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2)


def picture(second: float, keyframe: bool = False, data: bytes = b"p") -> AccessUnit:
    return AccessUnit(1, round(second * 1000), round(second * 1000), keyframe, data)


def sound(second: float) -> AccessUnit:
    return AccessUnit(2, round(second * 1000), round(second * 1000), True, b"s")


def filled(*units: AccessUnit, delivered: float = 0) -> Replay:
    replay = Replay()
    replay.add_track(VIDEO)
    replay.add_track(AUDIO)
    for unit in units:
        replay.push(unit)
    replay.trim(Fraction(delivered))
    return replay


def test_what_came_from_the_last_keyframe_on_is_given_again_with_its_tracks() -> None:
    units = [picture(0, True), sound(0), picture(1), picture(2, True), sound(2), picture(3)]
    assert filled(*units, delivered=2).items == [VIDEO, AUDIO, *units[3:]]


def test_a_keyframe_that_is_ahead_of_what_was_delivered_does_not_replace_the_one_before() -> None:
    units = [picture(0, True), sound(0), picture(1), picture(2, True), sound(2), picture(3)]
    assert filled(*units, delivered=1).items == [VIDEO, AUDIO, *units]


def test_what_was_delivered_since_the_last_keyframe_came_is_let_go() -> None:
    replay = filled(picture(0, True), picture(2, True), picture(3), delivered=1)
    assert replay.has_more
    replay.trim(Fraction(2))
    assert not replay.has_more
    assert replay.units == [picture(2, True), picture(3)]


def test_a_keyframe_is_missing_where_there_are_pictures_only() -> None:
    replay = filled(picture(0), sound(0))
    assert replay.waits_for_keyframe
    replay.push(picture(1, True))
    assert not replay.waits_for_keyframe
    replay.leave()
    replay.add_track(AUDIO)
    assert not replay.waits_for_keyframe


def test_pictures_are_worth_nothing_before_a_keyframe() -> None:
    assert filled(picture(0), sound(0)).items == [VIDEO, AUDIO]


def test_sound_alone_needs_no_keyframe() -> None:
    replay = Replay()
    replay.add_track(AUDIO)
    replay.push(sound(0))
    assert replay.items == [AUDIO, sound(0)]


def test_too_much_is_given_up_until_the_next_keyframe() -> None:
    half = bytes(MAX_BYTES // 2 + 1)
    assert filled(picture(0, True, half), picture(1, data=half), picture(2)).items == [VIDEO, AUDIO]
    many = [picture(0, True), *(picture(at) for at in range(1, MAX_UNITS + 1))]
    assert filled(*many).items == [VIDEO, AUDIO]
    assert filled(*many, picture(9999, True)).items == [VIDEO, AUDIO, picture(9999, True)]


def test_what_may_have_killed_is_not_given_again_and_of_who_left_nothing() -> None:
    replay = filled(picture(0, True), sound(0))
    replay.forget_units()
    replay.push(picture(1))
    assert replay.items == [VIDEO, AUDIO]
    replay.leave()
    assert replay.items == []
