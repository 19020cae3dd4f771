"""`next`: where the rundown stands."""

from fractions import Fraction

from tests.overlay.desk import RUNDOWN, Desk, refusal, refused
from vitrine.overlay.commands import Command, Programme
from vitrine.overlay.rundown import Rundown, parse_rundown
from vitrine.overlay.show import (
    RundownOverError,
)


def test_next_walks_the_rundown_to_its_end() -> None:
    desk = Desk(RUNDOWN)
    assert desk.show.next_item(0) == 0
    shown = []
    for frame in range(10, 60, 10):
        desk.newest = frame
        answer = desk.do("next")
        shown.append([(showing.slot, showing.product) for showing in answer.snapshot.on if showing.since == frame])
    assert shown == [[(1, "A")], [(1, "B")], [(2, "C"), (3, "D")], [(1, "B")], [(1, "E")]]
    assert desk.items == [0, 1, 2, 3, 4]
    assert {entry.source for entry in desk.ledger.entries} == {"rundown"}
    assert desk.show.next_item(100) is None
    error = refused(desk, Command("next"))
    assert isinstance(error, RundownOverError)
    assert (error.field, str(error)) == ("action", "The rundown is over: it has 5 items")


def test_next_counts_also_where_the_same_is_on_show_already() -> None:
    desk = Desk(parse_rundown('["A","A","B"]', "show.json"))
    assert [desk.do("next").entry for _ in range(3)] == [1, 2, 3]
    assert desk.on() == [(1, "B")]


def test_next_goes_on_from_what_was_shown_by_hand() -> None:
    desk = Desk(RUNDOWN)
    desk.do("show", "C", "D", slot=2)
    desk.do("show", "not in it")
    desk.do("hide", "C")
    assert desk.show.next_item(0) == 3
    desk.do("next")
    desk.do("show", "B", slot=3)  # the item that is on: not the earlier one with the same product
    assert desk.items == [2, None, None, 3, 3]
    assert desk.do("next").cues == ("c6",)
    assert desk.on()[0] == (1, "E")


def test_a_correction_of_the_past_leaves_the_rundown_where_it_is() -> None:
    desk = Desk(RUNDOWN)
    for frame in (100, 200, 300):
        desk.newest = frame
        desk.do("next")
    desk.do("show", "A", at=Programme(Fraction(5)))
    assert desk.show.next_item(300) == 3
    desk.do("show", "E", at=Programme(Fraction(60)))  # and what is planned for later does not move it before
    assert desk.show.next_item(300) == 3
    assert desk.show.next_item(1500) is None


def test_next_without_a_rundown_and_with_another_one() -> None:
    desk = Desk()
    assert refusal(desk, Command("next")) == ("action", "This channel has no rundown to take the next item from")
    assert desk.show.next_item(0) is None
    desk.show.rundown = RUNDOWN
    desk.do("next")
    desk.do("next")
    desk.show.rundown = parse_rundown('["A"]', "show.json")
    assert desk.show.next_item(0) is None
    assert isinstance(refused(desk, Command("next")), RundownOverError)
    desk.show.rundown = Rundown(())
    assert desk.do("show", "A").entry == 3
