"""The editorial state of one broadcast: from a command to the entry it makes, and to what is answered.

A command is prepared, then its entry is written to disk, then committed. Between prepare and commit of one command
nothing else may be prepared: whoever owns the show lets one command through at a time.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from vitrine.media.cue import Showing, Snapshot
from vitrine.media.errors import MisuseError
from vitrine.media.grid import Grid
from vitrine.media.ticks import rescale
from vitrine.overlay.clock import NANOSECONDS, Clock
from vitrine.overlay.commands import AsSeen, At, Command, CommandError, Newest, Programme
from vitrine.overlay.date_time import date_time_text
from vitrine.overlay.ledger import Entry, EntryAction, Ledger, Source, cue_ids, fold
from vitrine.overlay.rundown import Rundown

MAX_AHEAD = 600
"""Seconds that a command may be ahead of the newest frame. A show is planned in its rundown; this is for a back end
that counts down to a reveal."""

MAX_SEEN_AHEAD = 1
"""Seconds that `as_seen` may be after the newest frame: a monitor's clock reads between frames, and no more."""

MAX_ENTRIES = 50_000
"""Of one broadcast: one every two seconds for more than a day. A late one makes all that follow it be folded anew."""

MAX_KEY = 255
"""Characters of an idempotency key. UUIDs, which clients use, have 36."""

REMEMBERED = 1_000
"""Keys kept of commands that changed nothing, which no entry keeps: minutes of retries at the highest rate."""

KEY_FIELD = "Idempotency-Key"


class RundownOverError(CommandError):
    """`next` came after the rundown's last item."""


class KeyReusedError(CommandError):
    """An idempotency key came again with another command."""


class LedgerFullError(CommandError):
    """The broadcast has MAX_ENTRIES entries."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was stamped: the entry's number, the cues that it starts, its frame with `programme` seconds and `utc_ns`,
    and the snapshot at that frame. `entry` is None where nothing had to change; the cues are then those on show.
    """

    entry: int | None
    cues: tuple[str, ...]
    frame: int
    programme: Fraction
    utc_ns: int
    late: bool
    snapshot: Snapshot


class Show:
    """The ledger of one broadcast on its clock, with its rundown if there is one.

    `rundown` may be replaced while the show goes on. `known` tells whether the catalogue has a product.
    """

    def __init__(
        self,
        grid: Grid,
        start_utc_ns: int,
        ledger: Ledger,
        rundown: Rundown | None = None,
        known: Callable[[str], bool] | None = None,
    ) -> None:
        """A ledger that was read from disk goes on where it was, keys and rundown too."""
        self.clock = Clock(grid, start_utc_ns)
        self.ledger = ledger
        self.rundown = rundown
        self._known = known
        self._keys = {entry.key: entry for entry in ledger.entries if entry.key is not None}
        self._commands: dict[int, Command] = {}  # by entry, of those committed with a key since the start
        self._unchanged: OrderedDict[str, tuple[Command, Answer]] = OrderedDict()  # by key
        self._prepared: tuple[Entry, Command] | None = None

    def prepare(
        self, command: Command, *, newest: int, received: int, key: str | None = None, source: Source = "api"
    ) -> Entry | Answer:
        """The entry to write and commit; or the answer, where nothing changes or the key has been used for this before.

        `newest` is the newest frame accepted at ingest, `received` utc_ns. Raises CommandError.
        """
        self._prepared = None
        if key is not None and (former := self._former(command, key)):
            return former
        n = len(self.ledger.entries) + 1
        if n > MAX_ENTRIES:
            raise LedgerFullError("action", f"This broadcast has had {MAX_ENTRIES} commands, the most it can keep")
        newest = max(newest, 0)
        entry = self._entry_of(n, command, newest, source)
        entry = replace(entry, received=received, late=entry.frame < newest, key=key)
        # `next` always counts: where two items show the same products, it would never get past the first
        if command.action not in ("next", "undo") and self._changes_nothing(entry):
            return self._unchanged_answer(command, entry)
        self._prepared = entry, command
        return entry

    def has_answered(self, key: str) -> bool:
        """Whether a command with this idempotency key has been answered."""
        return key in self._keys or key in self._unchanged

    def commit(self, entry: Entry) -> Answer:
        """Take the entry that prepare gave last, once it is on disk. Raises MisuseError for another."""
        if self._prepared is None or self._prepared[0] != entry:
            raise MisuseError(f"Entry {entry.n} was not prepared last")
        _, command = self._prepared
        self._prepared = None
        self.ledger.append(entry)
        if entry.key is not None:
            self._keys[entry.key] = entry
            self._commands[entry.n] = command
        return self.answer(entry)

    def answer(self, entry: Entry) -> Answer:
        """What an entry of the ledger did, as it looks now: the snapshot knows of later corrections."""
        return self._answer(entry, entry.n, cue_ids(entry))

    def at(self, utc_ns: int) -> int:
        """The frame with a PROGRAM-DATE-TIME, or the nearest; negative before the broadcast."""
        return self.clock.frame_at(utc_ns)

    def utc_ns(self, frame: int) -> int:
        """PROGRAM-DATE-TIME of a frame."""
        return self.clock.utc_ns(frame)

    def next_item(self, frame: int) -> int | None:
        """The index of the rundown's item that `next` would show at a frame, None without one."""
        following = self._cursor(frame) + 1
        return following if self.rundown is not None and following < len(self.rundown.items) else None

    def _cursor(self, frame: int) -> int:
        """The item shown last at or before a frame, -1 before any: a correction of the past leaves it where it is."""
        items = (entry.item for entry in self.ledger.backward(frame) if entry.item is not None)
        return next(items, -1)

    def _frame(self, at: At, newest: int) -> int:
        """The frame that a command is for. Raises CommandError where it may not be."""
        if isinstance(at, Newest):
            return newest
        frame = self._stated_frame(at)
        clock = self.clock
        if isinstance(at, AsSeen):
            stated = date_time_text(at.utc_ns)
            if frame < 0:
                start = date_time_text(clock.start_utc_ns)
                raise CommandError("at.as_seen", f"as_seen is {stated}, before the broadcast began at {start}")
            if frame > newest + MAX_SEEN_AHEAD * clock.grid.rate:
                last = date_time_text(clock.utc_ns(newest))
                raise CommandError("at.as_seen", f"as_seen is {stated}, and the newest frame is of {last}")
        else:
            stated = f"programme is {float(at.seconds):.3f} s"
            if frame < 0:
                raise CommandError("at.programme", f"{stated}, before the broadcast began at 0 s")
            if frame > newest + MAX_AHEAD * clock.grid.rate:
                last = f"{float(clock.programme(newest)):.3f} s"
                raise CommandError(
                    "at.programme", f"{stated}, and the newest frame is at {last}: {MAX_AHEAD} s ahead is the most"
                )
        return frame

    def _stated_frame(self, at: AsSeen | Programme) -> int:
        return self.clock.frame_at(at.utc_ns) if isinstance(at, AsSeen) else self.clock.nearest(at.seconds)

    def _entry_of(self, n: int, command: Command, newest: int, source: Source) -> Entry:
        """What a command comes to, but for what `prepare` adds. Raises CommandError."""
        if command.action == "undo":
            return self._undo_entry(n, command.entry or 0, source)
        frame = self._frame(command.at, newest)
        if command.action == "next":
            return self._next_entry(n, frame)
        return self._entry(n, frame, command, command.action, source)

    def _undo_entry(self, n: int, undoes: int, source: Source) -> Entry:
        if not 1 <= undoes < n:
            raise CommandError("entry", f"There is no entry {undoes} to undo; the newest is {n - 1}")
        undone = self.ledger.entries[undoes - 1]
        if undone.action == "undo":
            raise CommandError("entry", f"Entry {undoes} is itself an undo; give the command that it took back again")
        if self.ledger.is_undone(undoes):
            raise CommandError("entry", f"Entry {undoes} has been undone already")
        return Entry(n, undone.frame, "undo", (), None, received=0, source=source, undoes=undoes)

    def _next_entry(self, n: int, frame: int) -> Entry:
        if self.rundown is None:
            raise CommandError("action", "This channel has no rundown to take the next item from")
        index = self.next_item(frame)
        if index is None:
            raise RundownOverError("action", f"The rundown is over: it has {len(self.rundown.items)} items")
        item = self.rundown.items[index]
        for product in item.products:
            if self._known is not None and not self._known(product):
                text = f"Item {index + 1} of the rundown shows {product!r}, which the catalogue does not have"
                raise CommandError("products", f"{text}; show a later one by its id to go on from there")
        return Entry(n, frame, "show", item.products, item.slot, received=0, source="rundown", item=index)

    def _entry(self, n: int, frame: int, command: Command, action: EntryAction, source: Source) -> Entry:
        products, slot = command.products, command.slot
        # a product that the catalogue has lost in the meantime must still come off the screen
        on = self.ledger.snapshot(frame).on if action == "hide" else ()
        showing = {each.product for each in on}
        for product in products:
            if self._known is not None and product not in showing and not self._known(product):
                raise CommandError("products", f"The catalogue has no product {product!r}")
        item = None
        if action == "show":
            slot = slot or 1
            if self.rundown is not None:
                item = self.rundown.find(products, self._cursor(frame))
        return Entry(n, frame, action, products, slot, received=0, source=source, item=item)

    def _changes_nothing(self, entry: Entry) -> bool:
        """Whether the same products are on show in the same slots after it."""
        on = self.ledger.snapshot(entry.frame).on
        return _products(fold(on, entry)) == _products(on)

    def _unchanged_answer(self, command: Command, entry: Entry) -> Answer:
        slots = range(entry.slot or 1, (entry.slot or 1) + len(entry.products)) if entry.action == "show" else ()
        cues = tuple(each.cue for each in self.ledger.snapshot(entry.frame).on if each.slot in slots)
        answer = self._answer(entry, None, cues)
        if entry.key is not None:
            self._unchanged[entry.key] = command, answer
            if len(self._unchanged) > REMEMBERED:
                self._unchanged.popitem(last=False)
        return answer

    def _answer(self, entry: Entry, n: int | None, cues: tuple[str, ...]) -> Answer:
        frame, clock = entry.frame, self.clock
        snapshot = self.ledger.snapshot(frame)
        return Answer(n, cues, frame, clock.programme(frame), clock.utc_ns(frame), entry.late, snapshot)

    def _former(self, command: Command, key: str) -> Answer | None:
        """What was answered to the command that had this key first. Raises KeyReusedError, CommandError."""
        if not 0 < len(key) <= MAX_KEY or not key.isprintable():
            raise CommandError(KEY_FIELD, f"An idempotency key is 1 to {MAX_KEY} printable characters")
        if found := self._unchanged.get(key):
            same, answer = found[0] == command, found[1]
        elif entry := self._keys.get(key):
            known = self._commands.get(entry.n)
            same, answer = known == command if known else self._may_have_made(command, entry), self.answer(entry)
        else:
            return None
        if not same:
            raise KeyReusedError(
                KEY_FIELD, "This idempotency key was used for another command; take a new one for each"
            )
        return answer

    def _may_have_made(self, command: Command, entry: Entry) -> bool:
        """Whether an entry read from disk, which does not keep how its command was put, can be of this one."""
        if not isinstance(command.at, Newest) and self._stated_frame(command.at) != entry.frame:
            return False
        if command.action == "next" or entry.source == "rundown":
            return command.action == "next" and entry.source == "rundown"
        slot = command.slot or 1 if command.action == "show" else command.slot
        stated = (command.action, command.products, slot, command.entry)
        return stated == (entry.action, entry.products, entry.slot, entry.undoes)


def _products(on: tuple[Showing, ...]) -> list[tuple[int, str]]:
    return [(showing.slot, showing.product) for showing in on]


def snapshot_json(snapshot: Snapshot, utc_ns_of_frame: Callable[[int], int]) -> dict[str, object]:
    """A snapshot as it is stamped and answered. `t0`: PROGRAM-DATE-TIME, in ms, at which the product went on show."""
    on = [
        {
            "s": showing.slot,
            "p": showing.product,
            "c": showing.cue,
            "t0": rescale(utc_ns_of_frame(showing.since), NANOSECONDS, 1000),
        }
        for showing in snapshot.on
    ]
    return {"v": 1, "seq": snapshot.seq, "on": on}
