from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.grid import RATES, Grid
from vitrine.overlay.clock import Clock
from vitrine.overlay.date_time import date_time_text, parse_date_time

START = parse_date_time("2026-11-29T17:00:00.000Z")


def test_both_ways() -> None:
    clock = Clock(Grid(Fraction(30000, 1001)), START)
    assert clock.programme(30) == Fraction(1001, 1000)
    assert clock.utc_ns(30) == START + 1_001_000_000
    assert date_time_text(clock.utc_ns(1)) == "2026-11-29T17:00:00.033Z"
    assert clock.frame_at(START + 1_000_000_000) == 30
    assert clock.frame_at(START - 17_000_000) == -1
    assert clock.frame_at(START - 16_000_000) == 0
    assert clock.nearest(Fraction(1)) == 30
    assert clock.nearest(Fraction(-1)) == -30


@pytest.mark.parametrize("rate", RATES)
@given(frame=st.integers(0, 24 * 3600 * 60), start=st.integers(0, 2**61))
def test_a_frame_is_found_again_by_its_date_of_whole_milliseconds(rate: Fraction, frame: int, start: int) -> None:
    clock = Clock(Grid(rate), start)
    assert clock.frame_at(clock.utc_ns(frame)) == frame
    assert clock.frame_at(parse_date_time(date_time_text(clock.utc_ns(frame)))) == frame
    assert clock.nearest(clock.programme(frame)) == frame
