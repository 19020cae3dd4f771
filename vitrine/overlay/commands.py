"""What a crew member or a shop's back end asks for: decoded JSON in, a Command or the field that is wrong out."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast, get_args

from vitrine.media.cue import SLOTS, check_product_id
from vitrine.media.errors import MalformedError, RefusedError
from vitrine.overlay.date_time import EXAMPLE, parse_date_time

Action = Literal["show", "hide", "clear", "next", "undo"]

MAX_PROGRAMME = 366 * 24 * 3600
"""Seconds of programme time that a command may name: no broadcast lasts a year, and no number is too long to print."""

MEMBERS = ("action", "products", "slot", "at", "entry")
QUOTED = 40
"""Characters of somebody's text that an error repeats."""


class CommandError(RefusedError):
    """A command was declined because of one of its members: `field` is "products", "slot", "at.as_seen", ..."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest frame accepted at ingest."""


@dataclass(frozen=True, slots=True)
class AsSeen:
    """The frame with this PROGRAM-DATE-TIME: what the operator's monitor showed."""

    utc_ns: int


@dataclass(frozen=True, slots=True)
class Programme:
    """The frame at this many seconds of programme time."""

    seconds: Fraction


At = Newest | AsSeen | Programme


@dataclass(frozen=True, slots=True)
class Command:
    """`show` puts `products` into `slot` (None: 1) and those after it. `hide` takes products away, from `slot` only if
    one is named, or whatever is in the slot. `clear` empties all slots; `next` shows the rundown's next item. `undo`
    takes back the command that made `entry`, from that one's own frame on.
    """

    action: Action
    products: tuple[str, ...] = ()
    slot: int | None = None
    at: At = Newest()
    entry: int | None = None


def parse_command(value: object) -> Command:
    """Raises CommandError, which names the field."""
    if not isinstance(value, dict):
        raise CommandError("", 'A command is a JSON object such as {"action": "show", "products": ["WM-4411"]}')
    _check_names(value, MEMBERS, "")
    action = parse_action(value.get("action"))
    slot = parse_slot(value.get("slot"))
    products = parse_products(value.get("products"))
    check_shape(action, products, slot)
    at, entry = _parse_at(value.get("at")), _parse_entry(action, value.get("entry"))
    if entry is not None and at != Newest():
        raise CommandError("at", "undo takes no at: it holds from the frame of the entry that it undoes")
    return Command(action, products, slot, at, entry)


def parse_action(value: object) -> Action:
    """Raises CommandError."""
    actions = get_args(Action)
    if value is None:
        raise CommandError("action", f"A command needs an action: {_choice(actions)}")
    if not isinstance(value, str) or value not in actions:
        raise CommandError("action", f"{_shown(value)} is no action; take {_choice(actions)}")
    return cast(Action, value)


def _parse_entry(action: Action, value: object) -> int | None:
    """The entry that is to be undone. Raises CommandError."""
    if action != "undo":
        if value is not None:
            raise CommandError("entry", f"{action} takes no entry; undo does")
        return None
    if type(value) is not int or value < 1:
        text = "the number that a command was answered as its entry"
        raise CommandError("entry", f"undo needs an entry, {text}; {_shown(value)} is none")
    return value


def parse_slot(value: object) -> int | None:
    """None where none is named. Raises CommandError."""
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= SLOTS:
        raise CommandError("slot", f"{_shown(value)} is no slot; take a whole number from 1 to {SLOTS}")
    return value


def parse_products(value: object) -> tuple[str, ...]:
    """Ids that could be products', each once; none where none are named. Raises CommandError."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CommandError("products", f"products is {_shown(value)}; it is a list of product ids")
    if len(value) > SLOTS:
        raise CommandError("products", f"products lists {len(value)} products; there are {SLOTS} slots")
    for product in value:
        if not isinstance(product, str):
            raise CommandError("products", f"{_shown(product)} is no product id; ids are strings")
        try:
            check_product_id(product)
        except RefusedError as error:
            raise CommandError("products", str(error)) from error
        if value.count(product) > 1:
            raise CommandError("products", f"products lists {product!r} twice")
    return tuple(value)


def check_shape(action: Action, products: tuple[str, ...], slot: int | None) -> None:
    """Whether an action has what it needs, and nothing that it cannot have. Raises CommandError."""
    if action == "show":
        check_fits(products, slot or 1)
    elif action == "hide":
        if not products and slot is None:
            raise CommandError("products", "hide needs the products, or the slot; clear hides everything")
    elif products:
        raise CommandError("products", f"{action} takes no products")
    elif slot is not None:
        raise CommandError("slot", f"{action} takes no slot")


def check_fits(products: tuple[str, ...], slot: int) -> None:
    """Whether products can be shown from a slot on. Raises CommandError."""
    if not products:
        raise CommandError("products", "show needs at least one product")
    room = SLOTS + 1 - slot
    if len(products) > room:
        raise CommandError(
            "products", f"{len(products)} products do not fit from slot {slot} on: there are {SLOTS} slots"
        )


def _parse_at(value: object) -> At:
    if value is None:
        return Newest()
    if not isinstance(value, dict):
        raise CommandError("at", f'at is {_shown(value)}; it is {{"as_seen": "{EXAMPLE}"}} or {{"programme": 12.5}}')
    _check_names(value, ("as_seen", "programme"), "at.")
    if len(value) != 1:
        raise CommandError("at", "at names one of as_seen and programme; leave it out for the newest frame")
    if "as_seen" in value:
        return AsSeen(_parse_as_seen(value["as_seen"]))
    return Programme(_parse_programme(value["programme"]))


def _parse_as_seen(value: object) -> int:
    if not isinstance(value, str):
        raise CommandError("at.as_seen", f"as_seen is {_shown(value)}; it is a date and time such as {EXAMPLE}")
    try:
        return parse_date_time(value)
    except MalformedError as error:
        raise CommandError("at.as_seen", f"as_seen: {error}") from error


def _parse_programme(value: object) -> Fraction:
    seconds = exact_seconds(value)
    if seconds is None:
        text = f"programme is {_shown(value)}; it is a number of seconds such as 12.5, from 0 to {MAX_PROGRAMME}"
        raise CommandError("at.programme", text)
    return seconds


def exact_seconds(value: object) -> Fraction | None:
    """Exactly the decimal number that was written, None for what is no time of a broadcast."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Fraction(repr(value)) if 0 <= value <= MAX_PROGRAMME else None  # not a number is not between any


def _check_names(value: Mapping[object, object], names: Sequence[str], prefix: str) -> None:
    for name in value:
        if name not in names:
            raise CommandError(
                f"{prefix}{_shown(name)[1:-1]}", f"{_shown(name)} is unknown; {closest(str(name), names)}"
            )


def closest(name: str, names: Sequence[str]) -> str:
    """What somebody who wrote `name` may have meant, or could have written."""
    close = difflib.get_close_matches(name[:QUOTED], names, 1, 0.5)
    return f"do you mean {close[0]}?" if close else f"there are {', '.join(names)}"


def _choice(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(value: object) -> str:
    """Somebody's value, short and as they wrote it where that can be told."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int) and abs(value) >= 10**QUOTED:
        return "a number of many digits"  # Python itself refuses to print very long ones
    text = repr(value)
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
