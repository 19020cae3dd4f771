"""What the packager needs to know of what is on show. Provided by overlay's ledger, plugged in by the server."""

from collections.abc import Sequence
from typing import Protocol

from vitrine.media.cue import Cue, Snapshot


class Cues(Protocol):
    """What is on show, by frame, as far as it has been decided. Later commands may change the past too."""

    @property
    def version(self) -> int:
        """Grows with every change of what the methods answer."""

    def snapshot(self, frame: int) -> Snapshot:
        """What is on show at a frame."""

    def changes(self, first: int, end: int) -> Sequence[int]:
        """The frames of [first, end) whose snapshot differs from that of the frame before, in order."""

    def cues(self) -> Sequence[Cue]:
        """Every cue of the broadcast, by start, then slot; cues of the future too, and none that is empty."""

    def title(self, product: str) -> str:
        """The product's name as viewers read it: its id where nothing better is known."""


class NoCues:
    """A broadcast in which nothing is ever shown."""

    version = 0

    def snapshot(self, frame: int) -> Snapshot:
        return Snapshot()

    def changes(self, first: int, end: int) -> Sequence[int]:
        return ()

    def cues(self) -> Sequence[Cue]:
        return ()

    def title(self, product: str) -> str:
        return product
