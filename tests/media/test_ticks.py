from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.ticks import rescale, seconds, ticks_at

SCALES = st.sampled_from([1, 25, 1000, 12800, 44100, 48000, 90000])


@pytest.mark.parametrize(
    ("ticks", "source", "target", "expected"),
    [
        (1, 1, 90000, 90000),
        (90000, 90000, 48000, 48000),
        (1, 2, 1, 1),
        (-1, 2, 1, 0),
        (-3, 2, 1, -1),
        (1001, 30000, 90000, 3003),
        (21, 1000, 48000, 1008),
        (7, 48000, 48000, 7),
    ],
)
def test_rescale(ticks: int, source: int, target: int, expected: int) -> None:
    assert rescale(ticks, source, target) == expected


@given(st.integers(-(2**60), 2**60), SCALES, SCALES)
def test_rescale_is_the_nearest(ticks: int, source: int, target: int) -> None:
    error = rescale(ticks, source, target) - Fraction(ticks * target, source)
    assert -Fraction(1, 2) < error <= Fraction(1, 2)


@given(st.integers(-(2**40), 2**40), SCALES, SCALES)
def test_a_finer_scale_and_back_changes_nothing(ticks: int, one: int, other: int) -> None:
    coarse, fine = sorted((one, other))
    assert rescale(rescale(ticks, coarse, fine), fine, coarse) == ticks


@given(st.integers(-(2**40), 2**40), SCALES)
def test_ticks_and_seconds_are_inverse(ticks: int, timescale: int) -> None:
    assert ticks_at(seconds(ticks, timescale), timescale) == ticks


def test_ticks_at_rounds_halves_up() -> None:
    assert [ticks_at(Fraction(half, 2), 1) for half in (-3, -1, 1, 3)] == [-1, 0, 1, 2]
