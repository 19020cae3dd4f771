"""The planned order of a show: which products come one after another, and for a recorded show, when."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from vitrine.media.errors import ConfigError, MalformedError
from vitrine.media.grid import Grid
from vitrine.overlay.clock import Clock
from vitrine.overlay.commands import (
    MAX_PROGRAMME,
    CommandError,
    check_fits,
    closest,
    exact_seconds,
    parse_products,
    parse_slot,
)
from vitrine.overlay.ledger import Entry, Ledger, cue_ids

MAX_ITEMS = 2_000
"""A day at one product a minute has 1,440; ByteDance takes 500 for a show."""

MAX_CHARACTERS = 4 << 20
"""Of a rundown's text: 2,000 items of 2,000 characters."""

MAX_NOTE = 1_000
"""Characters of a note to the host."""

MEMBERS = ("products", "product", "slot", "at", "until", "note")

CLOCK_TIME = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)
"""Hours, minutes, seconds."""


@dataclass(frozen=True, slots=True)
class RundownItem:
    """What is shown in one go. `at` and `until` are seconds of programme time, for a recorded show."""

    products: tuple[str, ...]
    slot: int = 1
    at: Fraction | None = None
    until: Fraction | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rundown:
    """The items in the order of the show."""

    items: tuple[RundownItem, ...]

    def find(self, products: tuple[str, ...], cursor: int) -> int | None:
        """The item that a show of products by hand is: the same products, else the first of them, nearest from
        `cursor` on, else nearest from the start.
        """
        count, start = len(self.items), max(cursor, 0)
        order = [*range(start, count), *range(min(start, count))]
        same = [index for index in order if self.items[index].products == products]
        holding = [index for index in order if products[0] in self.items[index].products]
        return next(iter(same or holding), None)


def parse_rundown(text: str, name: str) -> Rundown:
    """A JSON list of items, or an object with one as `items`. `name` stands in errors. Raises MalformedError."""
    if len(text) > MAX_CHARACTERS:
        raise MalformedError(f"{name} has {len(text)} characters; a rundown has {MAX_CHARACTERS} at most")
    try:
        value = json.loads(text.removeprefix("\ufeff"))  # Windows' editors write a byte order mark
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{name} is no JSON: {error}") from error
    if isinstance(value, dict):
        if set(value) != {"items"}:
            raise MalformedError(f"{name}: a rundown is an object with items and nothing else, or a list")
        value = value["items"]
    if not isinstance(value, list):
        raise MalformedError(f"{name}: the items are no list")
    if len(value) > MAX_ITEMS:
        raise MalformedError(f"{name} has {len(value)} items; a rundown has {MAX_ITEMS} at most")
    return Rundown(tuple(_parse_item(item, f"{name}: item {number}") for number, item in enumerate(value, 1)))


def _parse_item(value: object, name: str) -> RundownItem:
    """One item; an id stands for an item of that product. `name` begins errors."""
    if isinstance(value, str):
        value = {"product": value}
    if not isinstance(value, dict):
        raise MalformedError(f'{name} is no object such as {{"products": ["WM-4411"]}}, and no product id')
    for member in value:
        if member not in MEMBERS:
            raise MalformedError(f"{name}: {member[:40]!r} is unknown; {closest(member, MEMBERS)}")
    try:
        products = _parse_products(value)
        slot = parse_slot(value.get("slot")) or 1
        check_fits(products, slot)
    except CommandError as error:
        raise MalformedError(f"{name}: {error.field}: {error}") from error
    at, until = (_parse_time(value.get(member), f"{name}: {member}") for member in ("at", "until"))
    if until is not None and (at is None or until <= at):
        raise MalformedError(f"{name}: until is a time after at")
    note = "" if value.get("note") is None else value["note"]
    if not isinstance(note, str) or len(note) > MAX_NOTE:
        raise MalformedError(f"{name}: note is no text of at most {MAX_NOTE} characters")
    return RundownItem(products, slot, at, until, note)


def _parse_products(value: Mapping[str, object]) -> tuple[str, ...]:
    if value.get("product") is None:
        return parse_products(value.get("products"))
    if value.get("products") is not None:
        raise CommandError("products", "name product or products, not both")
    return parse_products([value["product"]])


def _parse_time(value: object, name: str) -> Fraction | None:
    """Seconds, from a number of them or from `00:00:12.500`."""
    if value is None:
        return None
    seconds = exact_seconds(value)
    if isinstance(value, str) and (found := CLOCK_TIME.fullmatch(value)):
        hours, minutes, rest = found.groups()
        seconds = int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)
    if seconds is None or seconds > MAX_PROGRAMME:
        raise MalformedError(f'{name} is no time such as 12.5 or "00:00:12.500", up to {MAX_PROGRAMME} seconds')
    return seconds


def ledger_of(rundown: Rundown, grid: Grid, title: Callable[[str], str] = str) -> Ledger:
    """What the items that say `at` show, each until its `until`, or until another fills its slot. Frames are nearest
    to the times. Raises ConfigError where no item says `at`.
    """
    if rundown.items and not any(item.at is not None for item in rundown.items):
        raise ConfigError('No item of the rundown says when it is shown; add "at", in seconds, to those that are')
    ledger = Ledger(title)
    shown: dict[int, Entry] = {}  # by item
    for frame, is_end, index in _turns(rundown, Clock(grid, 0)):
        item = rundown.items[index]
        entry = Entry(len(ledger.entries) + 1, frame, "show", item.products, item.slot, 0, source="file", item=index)
        if not is_end:
            shown[index] = entry
            ledger.append(entry)
            continue
        for showing in ledger.snapshot(frame).on:
            if showing.cue in cue_ids(shown[index]):
                n = len(ledger.entries) + 1
                ledger.append(replace(entry, n=n, action="hide", products=(showing.product,), slot=showing.slot))
    return ledger


def _turns(rundown: Rundown, clock: Clock) -> list[tuple[int, bool, int]]:
    """(frame, whether it is an end, item), in order. What fills a slot comes before what empties it then."""
    turns = []
    for index, item in enumerate(rundown.items):
        if item.at is not None:
            turns.append((clock.nearest(item.at), False, index))
        if item.until is not None:
            turns.append((clock.nearest(item.until), True, index))
    return sorted(turns)
