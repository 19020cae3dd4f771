"""What `GET /cues` answers, made once for all who ask: after a long show it is megabytes, and a second of work."""

import asyncio
from collections.abc import Callable
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec

from vitrine.origin.desk import Desk
from vitrine.overlay.as_run import as_run_csv, as_run_json, runs_of
from vitrine.overlay.clock import Clock
from vitrine.overlay.date_time import date_time_text
from vitrine.overlay.ledger import Entry
from vitrine.overlay.show import Show

Kind = Literal["json", "csv"]

NOTHING: dict[Kind, bytes] = {
    "json": msgspec.json.encode({"broadcast": None, "entries": [], "cues": []}),
    "csv": as_run_csv([]).encode(),
}


class AsRunLists:
    """The newest of each desk and kind. Another thread makes them, one at a time."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Desk, dict[Kind, tuple[str, bytes]]] = WeakKeyDictionary()
        self._turn = asyncio.Lock()

    async def get(self, desk: Desk, kind: Kind) -> tuple[str, bytes]:
        """An ETag and a body."""
        if (made := self._find(desk, kind)) is not None:
            return made
        async with self._turn:
            if (made := self._find(desk, kind)) is not None:  # while it was waited for
                return made
            etag, show = etag_of(desk), desk.show
            body = NOTHING[kind] if show is None else await asyncio.to_thread(_work(desk.broadcast, show, kind))
            self._made.setdefault(desk, {})[kind] = etag, body
            return etag, body

    def _find(self, desk: Desk, kind: Kind) -> tuple[str, bytes] | None:
        made = self._made.get(desk, {}).get(kind)
        return made if made is not None and made[0] == etag_of(desk) else None


def etag_of(desk: Desk) -> str:
    """Of the list as it would be made now: the ledger has grown, or a product has another title."""
    entries = 0 if desk.show is None else desk.show.ledger.version
    return f'"{desk.broadcast}-{entries}-{desk.catalogue()["rev"]}"'


def _work(broadcast: str | None, show: Show, kind: Kind) -> Callable[[], bytes]:
    """What the other thread has to do. Nothing that it reads changes meanwhile."""
    entries, cues, title, clock = tuple(show.ledger.entries), show.ledger.cues(), show.ledger.title, show.clock

    def encode() -> bytes:
        runs = runs_of(cues, entries, title, clock)
        if kind == "csv":
            return as_run_csv(runs).encode()
        told = [entry_json(entry, clock) for entry in entries]
        return msgspec.json.encode({"broadcast": broadcast, "entries": told, "cues": as_run_json(runs)})

    return encode


def entry_json(entry: Entry, clock: Clock) -> dict[str, object]:
    """An entry as the API tells it: without its key, which is its sender's own."""
    undoes = {} if entry.undoes is None else {"undoes": entry.undoes}
    return {
        "entry": entry.n,
        "action": entry.action,
        **undoes,
        "products": entry.products,
        "slot": entry.slot,
        "frame": entry.frame,
        "programme": round(float(clock.programme(entry.frame)), 6),
        "date": date_time_text(clock.utc_ns(entry.frame)),
        "received": date_time_text(entry.received),
        "late": entry.late,
        "source": entry.source,
    }
