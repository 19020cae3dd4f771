from typing import Any

import pytest

from soak.ledger import Answered, differences

SHOW = {"action": "show", "products": ["A"], "slot": 1}


def told(entry: int | None, frame: int = 30) -> dict[str, Any]:
    return {"entry": entry, "frame": frame, "date": "2026-11-25T17:00:01.000Z"}


def listed(entry: int, frame: int = 30, action: str = "show") -> dict[str, Any]:
    return {**told(entry, frame), "action": action}


@pytest.fixture
def answered() -> Answered:
    found = Answered()
    for number in (1, 2, 3):
        found.add(dict(SHOW), told(number, 30 * number))
    found.add({"action": "clear"}, told(None))
    return found


def test_exactly_what_was_answered(answered: Answered) -> None:
    assert differences(answered, [listed(number, 30 * number) for number in (1, 2, 3)]) == []


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([listed(1), listed(2, 60)], "3 was answered and is lost"),
        ([listed(1), listed(2, 60), listed(3, 90), listed(4, 120)], "4 (show) was never answered"),
        ([listed(1), listed(3, 90), listed(2, 60)], "out of order"),
        ([listed(1), listed(2, 61), listed(3, 90)], "entry 2 is"),
        ([listed(1), listed(2, 60, "hide"), listed(3, 90)], "entry 2 is"),
    ],
)
def test_every_difference_is_told(answered: Answered, entries: list[dict[str, Any]], words: str) -> None:
    (problem,) = differences(answered, entries)
    assert words in problem


def test_two_commands_with_one_entry() -> None:
    found, command = Answered(), dict(SHOW)
    found.add(command, told(1))
    found.add(command, told(1))  # sent twice, answered twice
    assert differences(found, [listed(1)]) == []
    found.add(dict(SHOW), told(1))
    assert differences(found, [listed(1)]) == ["entry 1 was the answer to two commands"]
