from fractions import Fraction

import pytest

from vitrine.media.grid import RATES, Grid
from vitrine.packager.programme import Programme, milliseconds

START_UTC_NS = 1_795_971_603_120_000_000


@pytest.mark.parametrize(
    ("utc_ns", "expected"),
    [(0, 0), (499_999, 0), (500_000, 1), (1_499_999, 1), (1_795_971_603_120_400_000, 1_795_971_603_120)],
)
def test_the_nearest_millisecond(utc_ns: int, expected: int) -> None:
    assert milliseconds(utc_ns) == expected


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
def test_a_frame_has_the_wall_clock_of_its_tick(rate: Fraction) -> None:
    grid = Grid(rate)
    programme = Programme(grid, START_UTC_NS)
    assert programme.frame_utc_ns(0) == START_UTC_NS
    for frame in (1, 7, 1001, 10_000_000):
        assert programme.frame_utc_ns(frame) == programme.utc_ns(grid.tick(frame), 90_000)
        exact = START_UTC_NS + frame * 1_000_000_000 / rate
        assert abs(programme.frame_utc_ns(frame) - exact) < 6_000  # half a tick of 90 kHz
