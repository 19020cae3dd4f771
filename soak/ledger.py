"""A channel's ledger against what its crew was answered. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Told = Mapping[str, object]


@dataclass(slots=True)
class Answered:
    """Commands that were answered with an entry, by that entry's number: what was asked, and what was answered."""

    entries: dict[int, tuple[Told, Told]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, asked: Told, told: Told) -> None:
        """A command was answered; a second answer for the same entry is a command that was stamped as another."""
        number = told["entry"]
        if number is None:
            return  # nothing had to change
        assert isinstance(number, int)
        if number in self.entries and self.entries[number][0] is not asked:
            self.problems.append(f"entry {number} was the answer to two commands")
        self.entries[number] = asked, told


def differences(answered: Answered, listed: Iterable[Told]) -> list[str]:
    """How the ledger that the API lists differs from what was answered; empty where it is exactly that."""
    problems = list(answered.problems)
    found = {int(str(entry["entry"])): entry for entry in listed}
    if list(found) != sorted(found):
        problems.append("the ledger is out of order")
    problems += [f"entry {number} was answered and is lost" for number in answered.entries.keys() - found.keys()]
    problems += [
        f"entry {number} ({found[number]['action']}) was never answered"
        for number in sorted(found.keys() - answered.entries.keys())
    ]
    for number in sorted(found.keys() & answered.entries.keys()):
        asked, told = answered.entries[number]
        entry = found[number]
        action = "show" if asked["action"] == "next" else asked["action"]
        if entry["action"] != action or entry["frame"] != told["frame"] or entry["date"] != told["date"]:
            problems.append(f"entry {number} is {entry}, and was answered {told} to {asked}")
    return problems
