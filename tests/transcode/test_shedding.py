from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import pytest

from vitrine.media.grid import Grid
from vitrine.transcode.shedding import (
    BRAKE,
    CATCHING_UP,
    HARD_BRAKE,
    MOST_PATIENCE,
    MOST_SKIPPED,
    PATIENCE,
    Course,
    Orders,
    Shedding,
    steps_for,
)

NAMES = ("1080p", "720p", "480p", "360p")
GRID = Grid(Fraction(30))
DECODING = 0.10
ENCODING = (0.50, 0.22, 0.10, 0.06)
"""Cores that each rung needs, with its scaling; what a four-rung ladder costs on one machine."""

FAST = 0.66
"""Share of a rung's cost that is left with the fast settings."""


def test_the_order_in_which_a_ladder_is_given_up() -> None:
    assert [step.name for step in steps_for(NAMES)] == [
        "every rung encoded faster",
        "360p at half its frame rate",
        "480p at half its frame rate",
        "1080p left out",
        "720p left out",
        "480p left out",
    ]
    last = steps_for(NAMES)[-1].orders
    assert last == Orders(fast=True, half=frozenset({3}), gone=frozenset({0, 1, 2}))


@pytest.mark.parametrize(
    ("names", "count", "kept"), [(("360p",), 2, {0}), (("720p", "360p"), 3, {1}), (("a", "b", "c"), 4, {2})]
)
def test_the_lowest_rung_always_stays(names: tuple[str, ...], count: int, kept: set[int]) -> None:
    steps = steps_for(names)
    assert len(steps) == count
    assert set(range(len(names))) - steps[-1].orders.gone == kept


def test_every_part_starts_with_a_picture() -> None:
    """Also where a part holds an odd number of frames."""
    grid = Grid(Fraction(30), Fraction(1, 2))
    orders = Orders(half=frozenset({0}))
    made = [frame for frame in range(60) if orders.makes(0, frame, grid)]
    assert {0, 15, 30, 45} <= set(made)
    assert max(later - earlier for earlier, later in pairwise(made)) == 2
    assert len(made) == 32


@dataclass
class Machine:
    """A worker as a queue: frames come at their time, and each takes as long as its orders cost."""

    capacity: Callable[[float], float]
    course: Course = field(default_factory=lambda: Course(GRID, NAMES))
    now: float = 0.0
    lags: list[tuple[float, float]] = field(default_factory=list)
    levels: list[tuple[float, int]] = field(default_factory=list)

    def run(self, seconds: float, arrival: Callable[[int], float] = lambda frame: frame / 30) -> "Machine":
        for frame in range(int(seconds * 30)):
            self.now = max(self.now, arrival(frame))
            lag = self.now - arrival(frame)
            orders, made, changed = self.course.at(frame, lag, self.now)
            self.lags.append((self.now, lag))
            if changed:
                self.levels.append((self.now, self.course.shedding.level))
            self.now += self._cost(frame, orders, made) / 30 / self.capacity(self.now)
        return self

    @staticmethod
    def _cost(frame: int, orders: Orders, made: bool) -> float:
        rungs = [cost for rung, cost in enumerate(ENCODING) if made and orders.makes(rung, frame, GRID)]
        return DECODING + sum(rungs) * (FAST if orders.fast else 1)

    def worst(self, since: float = 0.0, until: float = float("inf")) -> float:
        return max(lag for at, lag in self.lags if since <= at < until)


@pytest.mark.parametrize("cores", [0.9, 0.7, 0.5, 0.3, 0.2])
def test_lag_stays_below_a_second_on_any_machine_that_can_decode(cores: float) -> None:
    machine = Machine(lambda now: 2.0 if now < 5 else cores).run(60)
    assert machine.worst() < 1.0
    assert machine.worst(since=20) < 0.75


def test_a_machine_with_room_gives_up_nothing() -> None:
    assert Machine(lambda _: 1.2).run(60).levels == []


def test_all_is_taken_back_once_there_is_room_one_step_at_a_time() -> None:
    machine = Machine(lambda now: 0.3 if 5 < now < 25 else 2.0).run(120)
    assert machine.course.shedding.level == 0
    back = [at for at, level in machine.levels if at > 25]
    assert all(later - earlier >= PATIENCE for earlier, later in pairwise(back))
    assert len(back) >= 3


def test_a_step_that_does_not_hold_is_tried_ever_less_often() -> None:
    """0.6 cores carry the ladder at some level, and never one step more."""
    machine = Machine(lambda now: 2.0 if now < 5 else 0.6).run(600)
    tries = [at for (_, before), (at, level) in pairwise(machine.levels) if level < before]
    assert 2 < len(tries) <= 600 / MOST_PATIENCE + 3
    assert machine.worst() < 1.0
    assert tries[-1] - tries[-2] >= MOST_PATIENCE


def test_what_a_network_delivers_late_and_at_once_is_no_overload() -> None:
    """Every ten seconds nothing comes for two, then all of it."""
    machine = Machine(lambda _: 1.6).run(60, lambda frame: max(frame / 30, frame // 300 * 10 + 2.0))
    assert machine.worst() > 1.0
    assert machine.levels == []


def test_jitter_is_no_overload() -> None:
    machine = Machine(lambda _: 1.2).run(60, lambda frame: frame // 27 * 27 / 30 + 0.9)
    assert machine.worst() > 0.6
    assert machine.levels == []


def test_what_waited_for_the_process_to_start_is_no_overload() -> None:
    machine = Machine(lambda _: 1.3).run(20, lambda frame: max(frame / 30, 1.5))
    assert machine.worst() > 1
    assert machine.levels == []


def test_a_machine_that_is_too_slow_from_the_first_frame_gives_up_something_too() -> None:
    machine = Machine(lambda _: 0.5).run(60)
    assert machine.levels[0][0] < CATCHING_UP + 1
    assert machine.worst(since=15) < 0.75


def test_settings_change_where_a_part_starts_and_rungs_where_a_segment_does() -> None:
    machine = Machine(lambda now: 2.0 if now < 5 else 0.2)
    seen: list[tuple[int, Orders]] = []
    original = machine.course.at

    def watching(frame: int, lag: float, now: float) -> tuple[Orders, bool, bool]:
        result = original(frame, lag, now)
        seen.append((frame, result[0]))
        return result

    machine.course.at = watching  # type: ignore[method-assign]
    machine.run(60)
    changes = [(frame, before, after) for (_, before), (frame, after) in pairwise(seen) if before != after]
    assert any(before.gone != after.gone for _, before, after in changes)
    for frame, before, after in changes:
        assert GRID.place_in_part(frame) == 0
        assert before.gone == after.gone or GRID.starts_segment(frame)


def test_frames_are_left_out_only_between_the_starts_of_parts_and_few_in_a_row() -> None:
    course = Course(GRID, NAMES)
    course.shedding.level = 1
    made = [course.at(frame, BRAKE + 0.1, frame / 30)[1] for frame in range(300)]
    assert all(made[frame] for frame in range(0, 300, 10))
    shown = [frame for frame in range(300) if made[frame]]
    assert max(later - earlier for earlier, later in pairwise(shown)) == MOST_SKIPPED + 1
    assert course.skipped == made.count(False) > 100


def test_a_part_always_has_a_picture() -> None:
    course = Course(GRID, NAMES)
    course.shedding.level = 1
    shown = [frame for frame in range(300) if course.at(frame, HARD_BRAKE + 0.1, frame / 30)[1]]
    assert shown == list(range(0, 300, 10))


def test_nothing_is_left_out_by_an_encoder_that_looks_ahead() -> None:
    course = Course(GRID, NAMES)
    assert all(course.at(frame, 2.0, 0.0)[1] for frame in range(9))


def test_names_of_what_is_in_force() -> None:
    shedding = Shedding(steps_for(NAMES))
    assert not shedding.in_force
    shedding.level = 2
    assert shedding.in_force == ("every rung encoded faster", "360p at half its frame rate")
