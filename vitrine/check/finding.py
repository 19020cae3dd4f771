"""Rules, and what was seen that breaks them."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

Subject = TypeVar("Subject")

EXAMPLES_KEPT = 3
"""Of one rule in one place. The fourth says nothing that the first three do not."""

MOST_TEXT = 400
"""Characters of one example: what is seen comes from outside and may be of any length."""


class Severity(IntEnum):
    """How much a broken rule matters.

    ERROR: the draft says MUST, and players stop, skip or refuse. WARNING: the draft says SHOULD, or Apple's authoring
    rules say MUST. NOTE: advice; nothing breaks.
    """

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One rule. `check` gives one text for each time that the subject breaks it: what was seen."""

    name: str
    section: str
    severity: Severity
    text: str
    check: Callable[[Subject], Iterable[str]]


def rule(
    section: str, severity: Severity = Severity.ERROR
) -> Callable[[Callable[[Subject], Iterable[str]]], Rule[Subject]]:
    """Make a rule of a function: its name names the rule, its docstring is the rule in words."""

    def make(check: Callable[[Subject], Iterable[str]]) -> Rule[Subject]:
        name = check.__name__.replace("_", "-")
        return Rule(name, section, severity, inspect.cleandoc(check.__doc__ or ""), check)

    return make


@dataclass(slots=True)
class Finding:
    """A rule that is broken in one place: `where` is a playlist's name. `seen` holds the first few examples."""

    name: str
    section: str
    severity: Severity
    text: str
    where: str
    seen: list[str] = field(default_factory=list)
    count: int = 0


class Findings:
    """What has been found, once for each rule and place, however often it is seen."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}

    def apply(self, rules: Iterable[Rule[Subject]], subject: Subject, where: str) -> None:
        """Hold a subject against rules."""
        for each in rules:
            for seen in each.check(subject):
                self.add(each, where, seen)

    def add(self, of: Rule[Subject], where: str, seen: str) -> None:
        key = (of.name, where)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Finding(of.name, of.section, of.severity, of.text, where)
        found.count += 1
        if len(found.seen) < EXAMPLES_KEPT:
            found.seen.append(seen if len(seen) <= MOST_TEXT else seen[:MOST_TEXT] + "…")

    @property
    def all(self) -> list[Finding]:
        """The worst first, then in the order in which they were found."""
        return sorted(self._found.values(), key=lambda finding: -finding.severity)

    def __len__(self) -> int:
        return len(self._found)
