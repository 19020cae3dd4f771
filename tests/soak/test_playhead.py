import pytest

from soak.playhead import SETTLED, Playhead, Stall

PART = 0.5


def played(arrivals: list[float], hold_back: float = 1.0) -> list[Stall]:
    """A part comes at each time."""
    playhead = Playhead(hold_back)
    for at in arrivals:
        playhead.arrived(at, PART)
    return playhead.stalls


def test_what_comes_in_time_is_no_stall() -> None:
    assert played([number * PART for number in range(100)]) == []


def test_what_is_late_by_less_than_the_hold_back_is_no_stall() -> None:
    assert played([0, 0.5, 1.4, 1.5, 2.0, 2.9]) == []


def test_a_stall_lasts_from_where_there_is_nothing_more_until_there_is() -> None:
    """From 0.5 on it plays, a second behind; what is there lasts until 1.5."""
    (stall,) = played([0, 0.5, 3.5, 3.6])
    assert stall.begin == pytest.approx(1.5)
    assert stall.seconds == pytest.approx(2.0)


def test_after_a_stall_the_buffer_is_no_larger_than_a_new_viewers() -> None:
    """What came in a burst would cover the next stall; the next viewer joins after a while, and sees it."""
    burst = [0, 0.5, 3.5, *[3.6] * 6]
    calm = [3.6 + number * PART for number in range(1, 20)]
    last = calm[-1]
    assert last - 3.5 > SETTLED
    stalls = played([*burst, *calm, last + 3])
    assert len(stalls) == 2
    assert stalls[1].seconds == pytest.approx(2.0)
