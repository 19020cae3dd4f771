from fractions import Fraction

import pytest

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import RATES
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.gate import HELD_BYTES, HELD_UNITS, RATE_UNITS, Gate, estimate_rate

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2)


def picture(pts: int, keyframe: bool = False) -> AccessUnit:
    return AccessUnit(1, pts, pts, keyframe, b"p")


def sound(pts: int) -> AccessUnit:
    return AccessUnit(2, pts, pts, True, b"s")


def stamps(rate: Fraction, count: int) -> list[int]:
    return [round(index * 1000 / rate) for index in range(count)]


def opened(gate: Gate, units: list[AccessUnit]) -> list[AccessUnit]:
    return [passed for unit in units for passed in gate.push(unit)]


def test_opens_after_enough_pictures_and_shows_the_keyframe_at_zero() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    gate.add_track(AUDIO)
    units = [sound(980), *(picture(1000 + at, at == 0) for at in stamps(Fraction(25), RATE_UNITS))]
    assert opened(gate, units[:-1]) == []
    assert gate.rate is None
    passed = gate.push(units[-1])
    assert gate.rate == 25
    assert [unit.pts for unit in passed] == [-20, *range(0, 40 * RATE_UNITS, 40)]
    assert [unit.pts for unit in gate.push(picture(1400))] == [400]


def test_a_takeover_shows_its_keyframe_at_the_time_asked() -> None:
    gate = Gate(at=lambda: Fraction(7, 2))
    gate.add_track(VIDEO)
    passed = opened(gate, [picture(5000 + at, at == 0) for at in stamps(Fraction(30), RATE_UNITS)])
    assert passed[0].pts == 3500


def test_where_the_rate_is_decided_a_keyframe_is_enough() -> None:
    gate = Gate(lambda: Fraction(7, 2), Fraction(30))
    gate.add_track(VIDEO)
    gate.add_track(AUDIO)
    assert opened(gate, [sound(980), picture(990)]) == []
    assert [unit.pts for unit in gate.push(picture(1000, keyframe=True))] == [3480, 3500]
    assert gate.rate == 30
    assert [unit.pts for unit in gate.push(picture(1040))] == [3540]


def test_pictures_before_the_first_keyframe_are_dropped_and_counted() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    assert opened(gate, [picture(0), picture(33)]) == []
    assert gate.dropped == 2
    passed = opened(gate, [picture(66 + at, at == 0) for at in stamps(Fraction(30), RATE_UNITS)])
    assert passed[0].keyframe
    assert passed[0].pts == 0


def test_a_unit_of_an_unknown_track_is_dropped_and_counted() -> None:
    gate = Gate()
    assert gate.push(picture(0, True)) == []
    assert gate.dropped == 1


def test_sound_alone_opens_after_two_seconds() -> None:
    gate = Gate()
    gate.add_track(AUDIO)
    units = [sound(500 + 21 * index) for index in range(200)]
    passed = opened(gate, units)
    assert gate.rate == 30
    assert passed[0].pts == 0
    assert len(passed) == 200


def test_a_slide_show_opens_after_a_second() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    passed = opened(gate, [picture(0, True), picture(500), picture(1000)])
    assert len(passed) == 3
    assert gate.rate == 24


def test_a_session_that_ends_early_lets_all_pass() -> None:
    for first, last in ((picture(70, True), picture(110)), (sound(70), sound(110))):
        gate = Gate()
        gate.add_track(VIDEO)
        gate.add_track(AUDIO)
        assert opened(gate, [first, last]) == []
        assert [unit.pts for unit in gate.flush()] == [0, 40]
        assert gate.flush() == []
    assert Gate().flush() == []


def test_what_is_held_is_bounded() -> None:
    gate = Gate()
    gate.add_track(AUDIO)
    assert len(opened(gate, [sound(0) for _ in range(HELD_UNITS)])) == HELD_UNITS
    assert gate.rate is not None


def test_the_bytes_that_are_held_are_bounded() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    gate.add_track(AUDIO)
    large = AccessUnit(2, 0, 0, True, bytes(HELD_BYTES // 4))
    assert opened(gate, [picture(0, True), large, large, large]) == []
    assert opened(gate, [large])[-1] == large


def test_a_keyframe_and_then_only_sound_opens_after_a_second() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    gate.add_track(AUDIO)
    passed = opened(gate, [picture(0, True), *(sound(20 * index) for index in range(51))])
    assert len(passed) == 52
    assert gate.rate == 30


def test_an_announced_picture_is_waited_for_as_long_as_a_gop() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    gate.add_track(AUDIO)
    until_keyframe = [unit for at in range(0, 8000, 40) for unit in (picture(at), sound(at))]
    assert opened(gate, until_keyframe) == []
    passed = opened(gate, [picture(8000 + at, at == 0) for at in stamps(Fraction(25), RATE_UNITS)])
    assert next(unit.pts for unit in passed if unit.track_id == 1) == 0
    forsaken = Gate()
    forsaken.add_track(VIDEO)
    forsaken.add_track(AUDIO)
    assert opened(forsaken, [sound(at) for at in range(0, 10_020, 20)])


def test_a_rate_from_metadata_counts_only_where_the_track_states_none() -> None:
    for stated, expected in ((None, Fraction(30000, 1001)), (Fraction(30), Fraction(30))):
        gate = Gate()
        gate.add_track(VideoTrack(1, Codec.H264, 1000, b"config", rate=stated))
        gate.state_rate(Fraction(30000, 1001))
        opened(gate, [picture(at, at == 0) for at in stamps(Fraction(30), RATE_UNITS)])
        assert gate.rate == expected


@pytest.mark.parametrize("rate", RATES)
def test_a_stated_rate_is_believed_where_millisecond_stamps_agree(rate: Fraction) -> None:
    times = [Fraction(stamp, 1000) for stamp in stamps(rate, RATE_UNITS)]
    assert estimate_rate(times, rate) == rate


@pytest.mark.parametrize(
    ("true_rate", "stated", "expected"),
    [
        (Fraction(25), None, 25),
        (Fraction(30000, 1001), None, 30),
        (Fraction(60000, 1001), None, 60),
        (Fraction(25), Fraction(60), 25),
        (Fraction(30), Fraction(60), 30),
        (Fraction(15), None, 24),
        (Fraction(120), None, 60),
    ],
)
def test_the_pictures_decide_where_the_stated_rate_is_wrong(
    true_rate: Fraction, stated: Fraction | None, expected: int
) -> None:
    times = [Fraction(stamp, 1000) for stamp in stamps(true_rate, RATE_UNITS)]
    assert estimate_rate(times, stated) == expected


def test_a_hole_at_the_start_does_not_lower_the_rate() -> None:
    times = [Fraction(at, 1000) for at in (0, 33, 67, 400, 433, 467, 500, 533, 567, 600)]
    assert estimate_rate(times, None) == 30


def test_a_single_instant_gives_the_stated_rate() -> None:
    assert estimate_rate([Fraction(0), Fraction(0)], Fraction(50)) == 50
    assert estimate_rate([Fraction(0)], None) == 30


def test_session_time_becomes_programme_time_once_the_gate_is_open() -> None:
    gate = Gate(at=lambda: Fraction(7, 2))
    gate.add_track(VIDEO)
    units = [picture(5000 + at, at == 0) for at in stamps(Fraction(25), RATE_UNITS)]
    opened(gate, units[:-1])
    assert gate.programme(Fraction(5)) is None
    opened(gate, units[-1:])
    assert gate.programme(Fraction(5)) == Fraction(7, 2)
    assert gate.programme(Fraction(5120, 1000)) == Fraction(3620, 1000)
    assert gate.programme(Fraction(4)) == Fraction(7, 2)  # before the keyframe: with it


def test_what_follows_can_be_postponed() -> None:
    gate = Gate()
    gate.add_track(VIDEO)
    opened(gate, [picture(at, at == 0) for at in stamps(Fraction(25), RATE_UNITS)])
    gate.postpone(Fraction(3, 2))
    assert [unit.pts for unit in gate.push(picture(400))] == [1900]
    assert gate.programme(Fraction(4, 10)) == Fraction(19, 10)
