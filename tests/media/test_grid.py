from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import ConfigError
from vitrine.media.grid import (
    AAC_FRAME,
    AUDIO_RATE,
    PART_FILL,
    PART_TARGET,
    RATES,
    VIDEO_TIMESCALE,
    Grid,
    check_part_target,
    nearest_rate,
)

COUNTS = [
    (Fraction(24000, 1001), 48, 8),
    (Fraction(24), 48, 8),
    (Fraction(25), 50, 8),
    (Fraction(30000, 1001), 60, 10),
    (Fraction(30), 60, 10),
    (Fraction(50), 100, 16),
    (Fraction(60000, 1001), 120, 20),
    (Fraction(60), 120, 20),
]
"""Rate, frames in a segment, frames in a part."""

rates = st.sampled_from(RATES)
frames = st.integers(0, 60 * 3600 * 24 * 30)


def test_every_rate_is_in_the_table() -> None:
    assert tuple(rate for rate, _, _ in COUNTS) == RATES


@pytest.mark.parametrize(("frame", "place"), [(0, 0), (9, 9), (10, 0), (59, 9), (60, 0), (61, 1)])
def test_place_in_part(frame: int, place: int) -> None:
    assert Grid(Fraction(30)).place_in_part(frame) == place


def test_a_short_last_part_does_not_shift_the_next_segments() -> None:
    assert [Grid(Fraction(25)).place_in_part(frame) for frame in (47, 48, 49, 50)] == [7, 0, 1, 0]


@pytest.mark.parametrize(("rate", "in_segment", "in_part"), COUNTS)
def test_whole_frames_in_segments_and_parts(rate: Fraction, in_segment: int, in_part: int) -> None:
    grid = Grid(rate)
    assert (grid.frames_per_segment, grid.frames_per_part) == (in_segment, in_part)
    assert PART_FILL * PART_TARGET <= in_part / rate <= PART_TARGET


def test_audio_parts() -> None:
    assert Grid(Fraction(30)).audio_frames_per_part == 15
    assert PART_FILL * PART_TARGET <= Fraction(15 * AAC_FRAME, AUDIO_RATE) <= PART_TARGET


@pytest.mark.parametrize("rate", RATES)
def test_frame_durations_differ_by_a_tick_at_most(rate: Fraction) -> None:
    grid = Grid(rate)
    durations = {grid.tick(frame + 1) - grid.tick(frame) for frame in range(2000)}
    exact = VIDEO_TIMESCALE / rate
    assert all(abs(duration - exact) < 1 for duration in durations)
    assert len(durations) == (1 if exact.denominator == 1 else 2)


@given(rates, frames)
def test_a_frame_is_found_by_its_tick(rate: Fraction, frame: int) -> None:
    grid = Grid(rate)
    assert abs(grid.tick(frame) - frame * VIDEO_TIMESCALE / rate) <= Fraction(1, 2)
    assert grid.frame(grid.tick(frame)) == frame


@given(rates, frames, st.integers(-700, 700))
def test_a_tick_near_a_frame_finds_it(rate: Fraction, frame: int, off: int) -> None:
    grid = Grid(rate)
    assert grid.frame(grid.tick(frame) + off) == frame


@given(rates, frames, st.booleans())
def test_segments_follow_one_another(rate: Fraction, frame: int, live: bool) -> None:
    grid = Grid(rate, live=live)
    segment = grid.segment(frame)
    first = grid.first_frame(segment)
    assert grid.starts_segment(first)
    assert grid.place_in_part(first) == 0
    assert grid.starts_segment(frame) == (frame == first)
    assert grid.segment_start(segment) <= grid.tick(frame) < grid.segment_start(segment + 1)


@pytest.mark.parametrize("rate", RATES)
def test_a_live_show_has_a_whole_segment_after_a_second(rate: Fraction) -> None:
    grid = Grid(rate, live=True)
    firsts = [Fraction(grid.first_frame(segment)) / rate for segment in range(6)]
    assert Fraction(9, 10) < firsts[1] < Fraction(11, 10)
    assert firsts[2:] == [segment * grid.frames_per_segment / rate for segment in range(1, 5)]


def test_parts_of_half_a_segment_and_more_are_segments_of_their_own() -> None:
    for part, firsts in ((Fraction(1), [0, 30, 60]), (Fraction(3, 2), [0, 60, 120])):
        grid = Grid(Fraction(30), part, live=True)
        assert [grid.first_frame(segment) for segment in range(3)] == firsts
        assert [grid.segment(frame) for frame in firsts] == [0, 1, 2]


@given(rates, st.integers(0, 10**6), st.booleans())
def test_audio_starts_within_half_a_frame_of_the_picture(rate: Fraction, segment: int, live: bool) -> None:
    grid = Grid(rate, live=live)
    audio = Fraction(grid.audio_segment_start(segment) * AAC_FRAME, AUDIO_RATE)
    video = grid.first_frame(segment) / rate
    assert abs(audio - video) <= Fraction(AAC_FRAME, 2 * AUDIO_RATE)


def test_programme_time_starts_at_zero() -> None:
    for rate in RATES:
        grid = Grid(rate)
        assert (grid.tick(0), grid.frame(0), grid.segment_start(0), grid.audio_segment_start(0)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(15), Fraction(24000, 1001)),
        (Fraction(28), Fraction(30000, 1001)),
        (Fraction(90), Fraction(60)),
        (Fraction(24), Fraction(24)),
        (Fraction(49), Fraction(50)),
    ],
)
def test_nearest_rate(measured: Fraction, expected: Fraction) -> None:
    assert nearest_rate(measured) == expected


@pytest.mark.parametrize("target", [PART_TARGET, Fraction(1, 2), Fraction(1)])
def test_part_targets_that_fit(target: Fraction) -> None:
    check_part_target(target)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Fraction(1, 5), "0.2 s does not fit .* frames a second: whole frames fill only"),
        (Fraction(12, 100), "23.976 frames a second"),
        (Fraction(1, 50), "0.02 s"),
    ],
)
def test_part_targets_that_do_not_fit(target: Fraction, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_part_target(target)


@given(st.fractions(min_value=Fraction(1, 100), max_value=6))
def test_what_fits_pictures_fits_sound(target: Fraction) -> None:
    try:
        check_part_target(target)
    except ConfigError:
        return
    frames = target * AUDIO_RATE / AAC_FRAME
    assert int(frames) >= PART_FILL * frames
