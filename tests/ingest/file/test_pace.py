from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.file.pace import MAX_BEHIND, Pacer


def play(pacer: Pacer, times: list[Fraction], start: float, stalls: dict[int, float] | None = None) -> list[float]:
    """When each unit is sent by a caller that waits exactly as told, but is held up after some of them."""
    now, sent = start, []
    for number, at in enumerate(times):
        now += pacer.delay(now, at)
        sent.append(now)
        now += (stalls or {}).get(number, 0.0)
    return sent


def test_units_leave_at_the_pace_they_were_recorded() -> None:
    times = [Fraction(number, 25) for number in range(100)]
    assert play(Pacer(), times, 1000.0) == pytest.approx([1000 + float(at) for at in times])


def test_the_first_unit_is_due_at_once_wherever_it_lies() -> None:
    for first in (Fraction(-1, 4), Fraction(0), Fraction(7)):
        assert Pacer().delay(5.0, first) == 0.0


def test_time_goes_on_while_nothing_is_sent() -> None:
    pacer = Pacer()
    assert pacer.due(3.0) == 0
    pacer.delay(10.0, Fraction(2))
    assert pacer.due(14.5) == Fraction(13, 2)
    assert pacer.delay(14.5, Fraction(8)) == 1.5


def test_what_is_due_together_leaves_together() -> None:
    pacer = Pacer()
    assert [pacer.delay(1.0, Fraction(0)) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_short_stall_is_caught_up_at_twice_the_pace() -> None:
    times = [Fraction(number, 25) for number in range(40)]
    sent = play(Pacer(), times, 0.0, {10: 0.3})
    gaps = [after - before for before, after in pairwise(sent)]
    assert gaps[10] == pytest.approx(0.3)
    assert all(gap >= 0.02 - 1e-9 for gap in gaps)
    assert sent[-1] == pytest.approx(float(times[-1]))


def test_after_a_long_stall_the_clock_starts_anew() -> None:
    times = [Fraction(number, 25) for number in range(40)]
    sent = play(Pacer(), times, 0.0, {10: 3.0})
    gaps = [after - before for before, after in pairwise(sent)]
    assert gaps[10] == pytest.approx(3.0)
    assert gaps[11:] == pytest.approx([0.04] * 28)


def test_stamps_that_step_back_a_little_are_due_at_once() -> None:
    pacer = Pacer()
    pacer.delay(0.0, Fraction(1))
    assert pacer.delay(0.0, Fraction(9, 10)) == 0.0
    assert pacer.delay(0.0, Fraction(11, 10)) == pytest.approx(0.1)


@given(
    st.lists(st.fractions(0, 1), min_size=2, max_size=50),
    st.dictionaries(st.integers(0, 49), st.floats(0, 3), max_size=4),
)
def test_never_early_never_in_a_burst(steps: list[Fraction], stalls: dict[int, float]) -> None:
    times = [sum(steps[:number], Fraction(0)) for number in range(len(steps))]
    sent = play(Pacer(), times, 0.0, stalls)
    for number, (before, after) in enumerate(pairwise(sent)):
        interval = float(times[number + 1] - times[number])
        assert after - before >= interval / 2 - 1e-6 or after - before >= stalls.get(number, 0.0) >= interval / 2
        assert after >= float(times[number + 1]) - 1e-6
        assert after - before <= max(interval, stalls.get(number, 0.0)) + MAX_BEHIND + 1e-6
