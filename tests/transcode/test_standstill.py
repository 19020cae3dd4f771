from fractions import Fraction

import pytest

from vitrine.transcode.standstill import (
    CATCHING_UP,
    MOST_PATIENCE,
    PATIENCE,
    SLATE_AFTER_LEAVING,
    SLATE_AFTER_STOPPING,
    TICK,
    Standstill,
)


class Watch:
    """Pictures, 25 a second, and looks at the clock in between."""

    def __init__(self) -> None:
        self.standstill = Standstill()
        self.now = 100.0
        self.time = Fraction(0)
        self.filled: list[Fraction] = []
        self.slates: list[bool] = []
        self.moved = Fraction(0)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if (position := self.standstill.look(self.now)) is not None:
                self.filled.append(position.position)
                self.slates.append(position.slate)

    def film(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.push(self.time)
            self.time += Fraction(1, 10)
            self.wait(0.1)

    def push(self, time: Fraction) -> None:
        moved = self.standstill.push(time, self.now)
        self.time += moved
        self.moved += moved


def burst(watch: Watch, seconds: float) -> None:
    """What was filmed in so many seconds comes at their end."""
    watch.wait(seconds)
    for _ in range(round(seconds * 10)):
        watch.push(watch.time)
        watch.time += Fraction(1, 10)


def test_nothing_is_filled_while_pictures_come() -> None:
    watch = Watch()
    watch.wait(5)
    watch.film(5)
    assert watch.filled == []


def test_a_picture_that_stops_is_filled_at_the_pace_of_the_clock() -> None:
    watch = Watch()
    watch.film(5)
    watch.wait(10)
    assert float(watch.filled[-1]) == pytest.approx(5 - 0.1 + 10 + 0.1 - float(PATIENCE), abs=0.01)
    steps = [later - before for before, later in zip(watch.filled, watch.filled[1:], strict=False)]
    assert set(steps) == {Fraction(1, 10)}


def test_what_is_late_by_less_is_shown() -> None:
    watch = Watch()
    watch.film(5)
    watch.wait(float(PATIENCE) - TICK)
    assert watch.filled == []


def test_a_network_that_was_away_catches_up_and_time_is_not_moved() -> None:
    watch = Watch()
    watch.film(5)
    burst(watch, 5)
    watch.film(10)
    assert watch.moved == 0
    assert watch.filled[-1] < 10


def test_a_publisher_that_comes_in_bursts_is_waited_for_longer() -> None:
    watch = Watch()
    watch.film(5)
    burst(watch, 0.8)
    filled = len(watch.filled)
    assert filled > 0
    for _ in range(10):
        burst(watch, 0.8)
    assert len(watch.filled) == filled
    watch.wait(5)
    assert float(watch.now - 100 - float(watch.filled[-1])) <= float(MOST_PATIENCE) + TICK


def test_a_network_that_was_away_for_long_is_no_habit() -> None:
    watch = Watch()
    watch.film(5)
    burst(watch, 3)
    watch.film(5)
    watch.wait(5)
    assert float(watch.now - 100 - float(watch.filled[-1])) <= float(PATIENCE) + TICK


@pytest.mark.parametrize(("apart", "patience"), [(1.0, MOST_PATIENCE), (6.0, PATIENCE)])
def test_gaps_that_are_too_long_again_and_again_are_a_habit(apart: float, patience: Fraction) -> None:
    watch = Watch()
    watch.film(5)
    for _ in range(3):
        burst(watch, 1.5)
        watch.film(apart)
    watch.wait(5)
    assert float(watch.now - 100 - float(watch.filled[-1])) == pytest.approx(float(patience), abs=TICK + 0.01)


def test_another_publisher_has_its_own_habits() -> None:
    watch = Watch()
    watch.film(5)
    for gap in (1.5, 1.5, 0.0, 1.5):
        burst(watch, gap)
        if not gap:
            watch.standstill.leave()
        watch.film(0.2)
    watch.wait(5)
    assert float(watch.now - 100 - float(watch.filled[-1])) == pytest.approx(float(PATIENCE), abs=TICK + 0.01)


def test_it_is_filled_while_a_publisher_catches_up() -> None:
    watch = Watch()
    watch.film(5)
    watch.wait(3)
    before = watch.filled[-1]
    watch.film(2)
    assert float(watch.filled[-1] - before) == pytest.approx(2, abs=0.11)


def test_stamps_that_go_on_where_they_stopped_are_moved_once() -> None:
    watch = Watch()
    watch.film(5)
    watch.wait(4)
    watch.film(CATCHING_UP + 0.5)
    assert float(watch.moved) == pytest.approx(4, abs=0.2)
    count = len(watch.filled)
    watch.film(20)
    assert float(watch.moved) == pytest.approx(4, abs=0.2)
    assert len(watch.filled) == count


def test_when_the_server_itself_was_busy_nobody_stood_still() -> None:
    watch = Watch()
    watch.film(5)
    watch.now += 4
    watch.wait(0.5)
    assert watch.filled == []


def test_for_a_publisher_that_is_gone_nothing_is_waited_for() -> None:
    watch = Watch()
    watch.film(5)
    watch.standstill.leave()
    watch.wait(3)
    assert float(watch.filled[0]) == pytest.approx(5, abs=0.11)
    assert float(watch.filled[-1]) == pytest.approx(8, abs=0.11)


@pytest.mark.parametrize(("left", "picture_for"), [(True, SLATE_AFTER_LEAVING), (False, SLATE_AFTER_STOPPING)])
def test_the_last_picture_stays_for_a_moment_then_the_slate_comes(left: bool, picture_for: float) -> None:
    watch = Watch()
    watch.film(5)
    if left:
        watch.standstill.leave()
    watch.wait(10)
    first = watch.slates.index(True)
    assert all(watch.slates[first:])
    waited = watch.filled[first] - Fraction(49, 10) + (0 if left else PATIENCE)
    assert float(waited) == pytest.approx(picture_for, abs=2 * TICK)


def test_who_comes_back_is_shown_now() -> None:
    watch = Watch()
    assert watch.standstill.due(watch.now) is None
    watch.film(5)
    watch.standstill.leave()
    watch.wait(7.05)
    watch.now += 0.05
    due = watch.standstill.due(watch.now)
    assert due is not None
    assert due >= watch.filled[-1]
    assert float(due) == pytest.approx(12, abs=0.11)
    watch.time = due
    filled = len(watch.filled)
    watch.film(5)
    assert len(watch.filled) == filled
    assert watch.moved == 0


def test_nobody_is_waited_for_while_the_server_is_busy_either() -> None:
    watch = Watch()
    watch.film(5)
    watch.standstill.leave()
    watch.wait(1)
    watch.now += 4
    watch.wait(0.1)
    assert float(watch.filled[-1]) == pytest.approx(10, abs=0.21)
