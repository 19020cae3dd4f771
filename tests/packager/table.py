"""A small stand-in for a ledger: a table of what is put into which slot at which frame."""

from collections.abc import Sequence

from vitrine.media.cue import Cue, Showing, Snapshot

Row = tuple[int, int, str | None]
"""Frame, slot, product; None empties the slot."""


class TableCues:
    """Rows take effect by their frames; of one frame, in the order in which they came. Rows may come late."""

    def __init__(self, *rows: Row) -> None:
        self.rows: list[Row] = list(rows)
        self.titles: dict[str, str] = {}

    @property
    def version(self) -> int:
        return len(self.rows)

    def say(self, *rows: Row) -> None:
        self.rows += rows

    def cues(self) -> Sequence[Cue]:
        ordered = sorted(enumerate(self.rows, 1), key=lambda numbered: (numbered[1][0], numbered[0]))
        found = []
        for place, (number, (frame, slot, product)) in enumerate(ordered):
            end = next((row[0] for _, row in ordered[place + 1 :] if row[1] == slot), None)
            if product is not None and end != frame:
                found.append(Cue(f"c{number}", product, slot, frame, end))
        return sorted(found, key=lambda cue: (cue.start, cue.slot))

    def snapshot(self, frame: int) -> Snapshot:
        on = (cue for cue in self.cues() if cue.start <= frame and (cue.end is None or frame < cue.end))
        shown = sorted((Showing(cue.slot, cue.product, cue.id, cue.start) for cue in on), key=lambda each: each.slot)
        return Snapshot(sum(row[0] <= frame for row in self.rows), tuple(shown))

    def changes(self, first: int, end: int) -> Sequence[int]:
        return sorted({row[0] for row in self.rows if first <= row[0] < end})

    def title(self, product: str) -> str:
        return self.titles.get(product, product)
