import pytest

from vitrine.ingest.publish import PublishRefusedError, Refusal
from vitrine.server.processors import Processors
from vitrine.server.room import Load, Room


class FourCores(Processors):
    def __init__(self, free: float) -> None:
        super().__init__()
        self.cores = 4.0
        self.free = free

    def measure(self, now: float | None = None) -> None:
        """As told."""


def room(free: float, *cores: float) -> tuple[Room, list[Load]]:
    """A room with broadcasts that have been measured at so many cores each."""
    made = Room(FourCores(free))
    made.measure([Load(str(index), 1.0, False) for index in range(len(cores))], 100)
    loads = [Load(str(index), 1.0 + 3 * each, False) for index, each in enumerate(cores)]
    made.measure(loads, 103)
    return made, loads


def refusal(made: Room, loads: list[Load]) -> str:
    with pytest.raises(PublishRefusedError) as caught:
        made.check(loads)
    assert caught.value.refusal is Refusal.NO_ROOM
    return str(caught.value)


def test_the_first_broadcast_is_always_let_in() -> None:
    made, _ = room(0.0)
    made.check([])


def test_one_more_fits_where_what_the_others_cost_is_free() -> None:
    made, loads = room(1.7, 1.0, 1.4)
    made.check(loads)


def test_what_is_kept_for_viewers_is_not_given_away() -> None:
    made, loads = room(1.5, 1.0, 1.4)
    assert refusal(made, loads) == (
        "This machine has no room for another broadcast: one takes 1.2 of its 4 cores here, and 1.1 are free. "
        "Try again when one has ended."
    )


def test_a_broadcast_that_only_begins_is_counted_like_the_others() -> None:
    made, loads = room(2.0, 1.0)
    made.check(loads)
    refusal(made, [*loads, Load("new", 0.0, False)])


def test_nothing_is_refused_before_anything_was_measured() -> None:
    made = Room(FourCores(0.5))
    made.check([Load("new", 0.0, False)])


def test_of_many_that_begin_at_once_there_is_one_for_each_core_until_something_is_known() -> None:
    made = Room(FourCores(4.0))
    begun = [Load(str(index), 0.0, False) for index in range(4)]
    made.check(begun[:3])
    assert "Try again in 6 seconds" in refusal(made, begun)
    made.measure(begun, 100)
    refusal(made, begun)
    made.measure([Load(each.id, 0.3, False) for each in begun], 103)
    made.check(begun)


def test_a_broadcast_that_does_not_keep_up_is_reason_enough() -> None:
    made, _ = room(4.0)
    assert "does not keep up" in refusal(made, [Load("slow", 9.0, True)])


def test_a_worker_that_was_replaced_is_measured_anew() -> None:
    made, _ = room(0.5, 1.0)
    made.measure([Load("0", 0.2, False)], 106)
    made.check([Load("0", 0.2, False)])
    made.measure([Load("0", 3.2, False)], 109)
    refusal(made, [Load("0", 3.2, False)])


def test_what_has_ended_is_forgotten() -> None:
    made, _ = room(0.0, 1.0)
    made.measure([], 106)
    made.check([Load("another", 0.0, False)])
