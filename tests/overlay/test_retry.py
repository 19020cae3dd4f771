"""A command that is sent again, also to a server that was started again, is stamped once."""

from fractions import Fraction

import pytest

from tests.overlay.desk import RUNDOWN, Desk, refusal, refused, restarted, seen
from vitrine.overlay.commands import Command, Programme
from vitrine.overlay.show import (
    MAX_KEY,
    REMEMBERED,
    KeyReusedError,
)


def test_a_restart_goes_on_where_it_was() -> None:
    desk = Desk(RUNDOWN)
    desk.do("next", key="first")
    desk.do("show", "C", "D", slot=2)
    again = restarted(desk)
    assert again.on() == desk.on()
    assert again.ledger.cues() == desk.ledger.cues()
    assert again.show.next_item(0) == 3
    assert again.do("next", key="first").entry == 1
    assert again.do("next", key="second").entry == 3


def test_a_retry_is_answered_and_not_stamped_again() -> None:
    desk = Desk(RUNDOWN)
    first = desk.do("next", key="k")
    desk.newest = 50
    assert desk.do("next", key="k") == first
    assert desk.do("next", key="l").entry == 2
    assert desk.do("next").entry == 3
    assert len(desk.ledger.entries) == 3


def test_a_retry_of_what_changed_nothing_stamps_nothing_either() -> None:
    desk = Desk()
    desk.do("show", "A")
    unchanged = desk.do("show", "A", key="k")
    desk.do("show", "B")
    assert unchanged.entry is None
    assert desk.do("show", "A", key="k") == unchanged
    assert isinstance(refused(desk, Command("clear"), "k"), KeyReusedError)
    assert desk.on() == [(1, "B")]
    for number in range(REMEMBERED):
        desk.do("show", "B", key=str(number))
    assert desk.do("show", "A", key="k").entry == 3  # forgotten by now


OTHERS = [
    Command("show", ("B",), 2, seen(1000)),
    Command("show", ("A",), 1, seen(1000)),
    Command("show", ("A", "B"), 2, seen(1000)),
    Command("show", ("A",), 2, seen(1040)),
    Command("show", ("A",), 2, Programme(Fraction(2))),
    Command("hide", ("A",), 2, seen(1000)),
    Command("clear", at=seen(1000)),
    Command("next", at=seen(1000)),
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("restart", [False, True])
def test_a_key_is_for_one_command(other: Command, restart: bool) -> None:
    desk = Desk(RUNDOWN)
    desk.newest = 50
    command = Command("show", ("A",), 2, seen(1000))
    first = desk.give(command, "k")
    desk = restarted(desk) if restart else desk
    desk.newest = 99
    error = refused(desk, other, "k")
    assert isinstance(error, KeyReusedError)
    assert error.field == "Idempotency-Key"
    assert desk.give(command, "k") == first
    assert len(desk.ledger.entries) == 1


def test_a_key_of_next_is_not_for_showing_the_same_by_hand() -> None:
    desk = Desk(RUNDOWN)
    desk.do("next", key="k")
    for each in (desk, restarted(desk)):
        assert isinstance(refused(each, Command("show", ("A",)), "k"), KeyReusedError)
        assert each.do("next", key="k").entry == 1


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "a\r\nb", "\udce4"])
def test_keys_that_are_none(key: str) -> None:
    assert refusal(Desk(), Command("clear"), key)[0] == "Idempotency-Key"
