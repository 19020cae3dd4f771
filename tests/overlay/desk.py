"""A show that is given commands, as a server does."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from vitrine.media.grid import Grid
from vitrine.overlay.commands import AsSeen, At, Command, CommandError, Newest
from vitrine.overlay.date_time import parse_date_time
from vitrine.overlay.ledger import Entry, Ledger
from vitrine.overlay.rundown import Rundown, parse_rundown
from vitrine.overlay.show import (
    Answer,
    Show,
)

START = parse_date_time("2026-11-29T17:00:00Z")
SECOND = 1_000_000_000
NEWEST = Newest()
RUNDOWN = parse_rundown('["A","B",{"products":["C","D"],"slot":2},"B","E"]', "show.json")


class Desk:
    """Gives commands to a show, as a server does; `newest` is the newest frame at ingest."""

    def __init__(
        self,
        rundown: Rundown | None = None,
        known: Callable[[str], bool] | None = None,
        rate: Fraction = Fraction(25),
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger or Ledger()
        self.show = Show(Grid(rate), START, self.ledger, rundown, known)
        self.newest = 0

    def do(
        self, action: str, *products: str, slot: int | None = None, at: At = NEWEST, key: str | None = None
    ) -> Answer:
        return self.give(Command(action, products, slot, at), key)  # type: ignore[arg-type]

    def give(self, command: Command, key: str | None = None) -> Answer:
        made = self.show.prepare(command, newest=self.newest, received=START + 7, key=key)
        return made if isinstance(made, Answer) else self.show.commit(made)

    @property
    def items(self) -> list[int | None]:
        return [entry.item for entry in self.ledger.entries]

    def on(self, frame: int | None = None) -> list[tuple[int, str]]:
        snapshot = self.ledger.snapshot(self.newest if frame is None else frame)
        return [(showing.slot, showing.product) for showing in snapshot.on]


def seen(milliseconds: int) -> AsSeen:
    return AsSeen(START + milliseconds * 1_000_000)


def refusal(desk: Desk, command: Command, key: str | None = None) -> tuple[str, str]:
    before = list(desk.ledger.entries)
    with pytest.raises(CommandError) as caught:
        desk.give(command, key)
    assert desk.ledger.entries == before
    return caught.value.field, str(caught.value)


def refused(desk: Desk, command: Command, key: str | None = None) -> CommandError:
    with pytest.raises(CommandError) as caught:
        desk.give(command, key)
    return caught.value


def restarted(desk: Desk) -> Desk:
    """The same show, from what its file holds."""
    ledger = Ledger()
    for entry in desk.ledger.entries:
        ledger.append(Entry.decode(entry.encode()))
    again = Desk(desk.show.rundown, ledger=ledger)
    again.newest = desk.newest
    return again
