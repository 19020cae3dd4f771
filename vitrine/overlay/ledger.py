"""The append-only record of what was commanded, and what is on show by it at every frame.

What is on show at a frame is the fold of all entries up to that frame, in the order of their frames, and where frames
are equal, of their numbers. An entry may come late, for a frame that has been before others': then all that follows
it is folded anew. Every `show` starts a cue, also of what is there already; a cue ends where its slot is emptied or
filled again. An `undo` takes one earlier entry out, for the past as well: all is as if that had never been commanded.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal, cast, get_args

from vitrine.media.cue import SLOTS, Cue, Showing, Snapshot, check_product_id
from vitrine.media.errors import MalformedError, MisuseError, RefusedError

EntryAction = Literal["show", "hide", "clear", "undo"]
Source = Literal["api", "rundown", "encoder", "file"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, as it was understood.

    `n` counts from 1. `frame` is one of the broadcast's grid, and `late` says that newer ones had been accepted when
    the command came, at `received` (utc_ns). `show` puts its products into `slot` and those after it; `hide` takes
    products away, from whatever slot if that is None, and everything from the slot if it names none. `key` is the
    idempotency key; `source` is "api", "rundown" (by `next`), "encoder" (in-band) or "file" (a rundown with times);
    `item` is the index in the rundown. `undo` says by `undoes` which entry it takes out, and has that one's frame.
    """

    n: int
    frame: int
    action: EntryAction
    products: tuple[str, ...]
    slot: int | None
    received: int
    late: bool = False
    key: str | None = None
    source: Source = "api"
    item: int | None = None
    undoes: int | None = None

    def encode(self) -> str:
        """One line of JSON, without the line end, members in the order of the fields; `undoes` only of an undo."""
        members = asdict(self)
        if self.undoes is None:
            del members["undoes"]
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, line: str | bytes) -> "Entry":
        """Raises MalformedError for whatever `encode` would not have written, spaces apart."""
        members = read_members(line, "An entry")
        names = [field.name for field in fields(cls) if field.name != "undoes" or members.get("action") == "undo"]
        if set(members) != set(names):
            odd = sorted(set(members) ^ set(names))
            raise MalformedError(f"An entry has the members {', '.join(names)}; wrong or missing: {', '.join(odd)}")
        _check_numbers(members)
        products = members["products"]
        if not isinstance(products, list) or not all(isinstance(each, str) for each in products):
            raise MalformedError("An entry's products are no list of strings")
        entry = cls(**cast(dict, members) | {"products": tuple(products)})  # type: ignore[type-arg]
        _check_entry(entry)
        return entry


def read_members(line: str | bytes, what: str) -> Mapping[str, object]:
    """A JSON object, each of its names used once. Raises MalformedError."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands there twice")
        return found

    try:
        value = json.loads(line, object_pairs_hook=members)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{what} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedError(f"{what} is no JSON object")
    return value


LOWEST = {"n": 1, "frame": 0, "slot": 1, "received": 0, "item": 0, "undoes": 1}
"""Of the members that are whole numbers."""

MAY_BE_NULL = {"slot", "item"}


def _check_numbers(members: Mapping[str, object]) -> None:
    for name, lowest in LOWEST.items():
        value = members.get(name)
        if value is None and (name in MAY_BE_NULL or name not in members):
            continue
        if type(value) is not int or value < lowest:
            raise MalformedError(f"An entry's {name} is no whole number from {lowest}")


def _check_entry(entry: Entry) -> None:
    """Its meaning, where the types of numbers and products are right. Raises MalformedError."""
    if entry.action not in get_args(EntryAction) or entry.source not in get_args(Source):
        raise MalformedError(f"An entry has the action {entry.action!r} and the source {entry.source!r}, unknown here")
    if type(entry.late) is not bool:
        raise MalformedError("An entry's late is neither true nor false")
    if entry.key is not None and not (isinstance(entry.key, str) and entry.key.isprintable()):
        raise MalformedError("An entry's key is no printable text")
    for product in entry.products:
        try:
            check_product_id(product)
        except RefusedError as error:
            raise MalformedError(f"An entry names what is no product: {error}") from error
    if entry.slot is not None and entry.slot > SLOTS:
        raise MalformedError(f"An entry names slot {entry.slot}; there are {SLOTS}")
    if entry.action == "show" and not 1 <= len(entry.products) <= SLOTS + 1 - (entry.slot or 1):
        raise MalformedError(f"An entry shows {len(entry.products)} products from slot {entry.slot or 1}")
    if entry.undoes is not None and entry.undoes >= entry.n:
        raise MalformedError(f"Entry {entry.n} undoes entry {entry.undoes}, which had not been made")


@dataclass(frozen=True, slots=True)
class _Folded:
    """The state after one entry: the snapshot, where its cues stand, and how many cues there are by then."""

    snapshot: Snapshot
    places: tuple[int, ...]
    cues: int


NOTHING = _Folded(Snapshot(), (), 0)


class Ledger:
    """In memory. Satisfies `packager.cues.Cues`; `version` is the number of entries."""

    def __init__(self, title: Callable[[str], str] = str) -> None:
        """`title` gives a product's name as viewers read it."""
        self._title = title
        self._entries: list[Entry] = []
        self._undone: set[int] = set()
        self._order: list[Entry] = []  # by frame, then number
        self._frames: list[int] = []  # of _order
        self._folded: list[_Folded] = []  # after each of _order
        self._cues: list[Cue] = []  # as they started
        self._sorted: tuple[Cue, ...] | None = ()

    @property
    def entries(self) -> Sequence[Entry]:
        """In the order of their numbers, 1 first."""
        return self._entries

    @property
    def version(self) -> int:
        return len(self._entries)

    def append(self, entry: Entry) -> None:
        """Take the next entry. Raises MisuseError unless its number is the next, and what it undoes is of its frame."""
        if entry.n != len(self._entries) + 1:
            raise MisuseError(f"Entry {entry.n} cannot follow entry {len(self._entries)}")
        if entry.undoes is not None and self._entries[entry.undoes - 1].frame != entry.frame:
            raise MisuseError(f"Entry {entry.n} is of frame {entry.frame}, and not of that of entry {entry.undoes}")
        place = bisect_right(self._frames, entry.frame)
        self._entries.append(entry)
        self._order.insert(place, entry)
        self._frames.insert(place, entry.frame)
        self._sorted = None
        if entry.undoes is not None:
            self._undone.add(entry.undoes)
            place = self._order.index(self._entries[entry.undoes - 1], bisect_left(self._frames, entry.frame))
        self._rewind(place)
        for each in self._order[place:]:
            self._fold(each)

    def snapshot(self, frame: int) -> Snapshot:
        """What is on show at a frame."""
        place = bisect_right(self._frames, frame)
        return self._folded[place - 1].snapshot if place else Snapshot()

    def changes(self, first: int, end: int) -> Sequence[int]:
        """The frames of [first, end) whose snapshot differs from that of the frame before, in order."""
        frames = self._frames[bisect_left(self._frames, first) : bisect_left(self._frames, end)]
        return tuple(dict.fromkeys(frames))

    def cues(self) -> Sequence[Cue]:
        """Every cue, by start, then slot; cues of the future too, and none that is empty."""
        if self._sorted is None:
            lasting = (cue for cue in self._cues if cue.start != cue.end)
            self._sorted = tuple(sorted(lasting, key=lambda cue: (cue.start, cue.slot)))
        return self._sorted

    def title(self, product: str) -> str:
        """The product's name as viewers read it: its id where nothing better is known."""
        return self._title(product)

    def backward(self, frame: int) -> Iterator[Entry]:
        """The entries up to a frame, the last first, without those that were undone."""
        places = reversed(range(bisect_right(self._frames, frame)))
        return (entry for entry in map(self._order.__getitem__, places) if entry.n not in self._undone)

    def is_undone(self, n: int) -> bool:
        """Whether entry `n` was taken out."""
        return n in self._undone

    def _rewind(self, place: int) -> None:
        """Go back to the state before a place of the order."""
        if place == len(self._folded):
            return
        del self._folded[place:]
        state = self._folded[-1] if self._folded else NOTHING
        del self._cues[state.cues :]
        for index in state.places:
            self._cues[index] = replace(self._cues[index], end=None)

    def _fold(self, entry: Entry) -> None:
        state = self._folded[-1] if self._folded else NOTHING
        on = state.snapshot.on if entry.n in self._undone else fold(state.snapshot.on, entry)
        places = dict(zip(state.snapshot.on, state.places, strict=True))
        for showing, index in places.items():
            if showing not in on:
                self._cues[index] = replace(self._cues[index], end=entry.frame)
        for showing in on:
            if showing not in places:
                places[showing] = len(self._cues)
                self._cues.append(Cue(showing.cue, showing.product, showing.slot, entry.frame))
        snapshot = Snapshot(len(self._folded) + 1, on)
        self._folded.append(_Folded(snapshot, tuple(places[showing] for showing in on), len(self._cues)))


def cue_ids(entry: Entry) -> tuple[str, ...]:
    """The ids of the cues that an entry starts, in the order of its products."""
    if entry.action != "show":
        return ()
    return tuple(f"c{entry.n}.{place}" if place > 1 else f"c{entry.n}" for place in range(1, len(entry.products) + 1))


def entry_number(cue: str) -> int:
    """The number of the entry that started a cue, from the cue's id."""
    return int(cue.removeprefix("c").partition(".")[0])


def fold(on: tuple[Showing, ...], entry: Entry) -> tuple[Showing, ...]:
    """What is on show, by slot, after an entry, where `on` was before it. An undo itself changes nothing: what it takes
    out is no longer folded.
    """
    if entry.action == "undo":
        return on
    slots = {showing.slot: showing for showing in on}
    if entry.action == "show":
        for slot, (product, cue) in enumerate(zip(entry.products, cue_ids(entry), strict=True), entry.slot or 1):
            slots[slot] = Showing(slot, product, cue, entry.frame)
    else:
        slots = {slot: showing for slot, showing in slots.items() if not _hides(entry, showing)}
    return tuple(slots[slot] for slot in range(1, SLOTS + 1) if slot in slots)


def _hides(entry: Entry, showing: Showing) -> bool:
    """`clear` hides everything; `hide` its products, or its slot, or where it names both, those in that slot."""
    if entry.action == "clear":
        return True
    named = not entry.products or showing.product in entry.products
    return named and entry.slot in (None, showing.slot)
