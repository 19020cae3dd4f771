from fractions import Fraction

import pytest

from vitrine.transcode.standstill import CATCHING_UP, PATIENCE, TICK, Standstill


class Watch:
    """Pictures, 25 a second, and looks at the clock in between."""

    def __init__(self) -> None:
        self.standstill = Standstill()
        self.now = 100.0
        self.time = Fraction(0)
        self.filled: list[Fraction] = []
        self.moved = Fraction(0)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if (position := self.standstill.look(self.now)) is not None:
                self.filled.append(position)

    def film(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.push(self.time)
            self.time += Fraction(1, 10)
            self.wait(0.1)

    def push(self, time: Fraction) -> None:
        moved = self.standstill.push(time, self.now)
        self.time += moved
        self.moved += moved


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
    watch.wait(0.8)
    assert watch.filled == []


def test_a_network_that_was_away_catches_up_and_time_is_not_moved() -> None:
    watch = Watch()
    watch.film(5)
    watch.wait(5)
    for _ in range(50):
        watch.push(watch.time)
        watch.time += Fraction(1, 10)
    watch.film(10)
    assert watch.moved == 0
    assert watch.filled[-1] < 10


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
