import pytest

from vitrine.media.timeline import Timeline

RTMP = 1 << 31
HOUR = 3_600_000


def place_all(timeline: Timeline, units: list[tuple[int, int, float]]) -> list[int]:
    return [timeline.place(track, stamp, now) for track, stamp, now in units]


def test_starts_at_zero_and_keeps_the_offset_between_tracks() -> None:
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(1, 5000, 0.0), (2, 5012, 0.0), (1, 5033, 0.03), (2, 5035, 0.03)]) == [0, 12, 33, 35]


def test_a_second_track_may_start_before_the_first() -> None:
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(1, 5000, 0.0), (2, 4980, 0.0), (2, 5001, 0.02)]) == [0, -20, 1]


def test_unwraps_at_31_and_at_32_bits() -> None:
    for wrap in (1 << 31, 1 << 32):
        timeline = Timeline(1000, RTMP)
        stamps = [(wrap - 40 + 20 * index) % wrap for index in range(5)]
        assert [timeline.place(1, stamp, index / 50) for index, stamp in enumerate(stamps)] == [0, 20, 40, 60, 80]
        assert timeline.jumps == 0


def test_a_small_negative_start_is_not_a_jump() -> None:
    # FFmpeg masks the top bit of FLV stamps, so that -21 ms reads 0x7FFFFFEB
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(2, 0x7FFFFFEB, 0.0), (2, 0, 0.02), (1, 0, 0.02)]) == [0, 21, 21]


def test_a_small_regression_is_clamped_and_counted() -> None:
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(1, 0, 0.0), (1, 100, 0.1), (1, 60, 0.1), (1, 133, 0.13)]) == [0, 100, 100, 133]
    assert timeline.regressions == 1


def test_a_true_gap_is_kept() -> None:
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(1, 0, 0.0), (1, 60_000, 60.2), (1, 60_033, 60.3)]) == [0, 60_000, 60_033]
    assert timeline.jumps == 0


def test_a_late_burst_is_not_a_gap() -> None:
    timeline = Timeline(1000, RTMP)
    assert place_all(timeline, [(1, 0, 0.0), (1, 33, 15.0), (1, 66, 15.0)]) == [0, 33, 66]


def test_a_jump_by_hours_goes_on_at_the_pace_of_arrival() -> None:
    for jump in (5 * HOUR, -5 * HOUR):
        timeline = Timeline(1000, RTMP)
        start = 10 * HOUR
        units = [(1, start, 0.0), (1, start + jump, 0.5), (1, start + jump + 33, 0.53)]
        assert place_all(timeline, units) == [0, 500, 533]
        assert timeline.jumps == 1


def test_an_encoder_that_starts_its_clock_anew_goes_on() -> None:
    timeline = Timeline(1000, RTMP)
    units = [(1, 8000, 0.0), (2, 8010, 0.01), (1, 0, 0.04), (2, 10, 0.05), (1, 33, 0.07)]
    assert place_all(timeline, units) == [0, 10, 40, 50, 73]
    assert timeline.jumps == 1


def test_tracks_that_jump_one_after_the_other_stay_in_step() -> None:
    timeline = Timeline(1000, RTMP)
    jump = 3 * HOUR
    units = [
        (1, 0, 0.0),
        (2, 0, 0.0),
        (1, jump, 0.1),
        (2, 90, 0.1),
        (2, jump + 5, 0.11),
        (2, 110, 0.11),
        (1, jump + 33, 0.13),
    ]
    assert place_all(timeline, units) == [0, 0, 100, 90, 105, 110, 133]
    assert timeline.jumps == 1


def test_a_stamp_of_no_track_is_looked_up_and_places_nothing() -> None:
    timeline = Timeline(1000, RTMP)
    assert timeline.look_up(77) == 0
    place_all(timeline, [(1, 5000, 0.0), (2, 5010, 0.0), (1, 5040, 0.04)])
    for stamp, expected in ((5040, 40), (5000, 0), (5333, 333), (4990, -10), (5041 + 10_000, 40), (0, 40), (HOUR, 40)):
        assert timeline.look_up(stamp) == expected, stamp
    assert place_all(timeline, [(1, 5080, 0.08), (2, 5050, 0.08)]) == [80, 50]
    assert timeline.jumps == timeline.regressions == 0


def test_a_stamp_of_no_track_is_looked_up_across_a_wrap() -> None:
    timeline = Timeline(1000, RTMP)
    place_all(timeline, [(1, RTMP - 40, 0.0), (1, RTMP - 20, 0.02)])
    assert timeline.look_up(20) == 60
    place_all(timeline, [(1, 20, 0.06)])
    assert timeline.look_up(RTMP - 20) == 20


def test_a_stamp_of_no_track_may_still_be_from_before_a_jump() -> None:
    timeline = Timeline(1000, RTMP)
    place_all(timeline, [(1, 60_000, 0.0), (1, 60_100, 0.1), (1, 5 * HOUR, 0.14)])
    assert timeline.look_up(60_090) == 90
    assert timeline.look_up(5 * HOUR + 10) == 150


@pytest.mark.parametrize("step", [67, 4000, 9000])
def test_stamps_that_run_ahead_of_the_clock_are_jumps(step: int) -> None:
    """Pictures 30 times a second whose stamps are this far apart."""
    timeline = Timeline(1000, RTMP, most_ahead=15)
    placed = [timeline.place(1, step * each, each / 30) for each in range(3000)]
    assert placed == sorted(placed)
    assert placed[1] == step
    assert placed[-1] <= 15_000 + 1.1 * 100_000


def test_what_runs_ahead_does_not_begin_anew_with_another_source() -> None:
    timeline = Timeline(1000, RTMP, most_ahead=15)
    assert [timeline.place(1, 9000 * each, 0.0) for each in range(3)] == [0, 9000, 9000]
    timeline.restart()
    assert [timeline.place(1, 9000 * each, 0.0) for each in range(3)] == [0, 0, 0]


def test_what_a_network_held_back_does_not_run_ahead() -> None:
    timeline = Timeline(1000, RTMP, most_ahead=15)
    for outage in range(20):
        for each in range(300):
            stamp = outage * 10_000 + each * 1000 // 30
            assert timeline.place(1, stamp, outage * 10 + 9.9 + each / 3000) == stamp
    assert timeline.jumps == 0


def test_a_clock_that_is_a_little_fast_never_runs_ahead() -> None:
    timeline = Timeline(1000, RTMP, most_ahead=15)
    for second in range(24 * 3600):
        timeline.place(1, second * 1001, float(second))
    assert timeline.jumps == 0


def test_an_hour_without_a_picture_is_no_jump() -> None:
    timeline = Timeline(1000, RTMP, most_ahead=15)
    assert place_all(timeline, [(1, 0, 0.0), (1, HOUR, 3600.0), (1, HOUR + 33, 3600.03)]) == [0, HOUR, HOUR + 33]
