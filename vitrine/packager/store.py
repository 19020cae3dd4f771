"""Where segments lie that are too old for memory: what a window asks of it."""

from dataclasses import dataclass
from typing import Protocol

from vitrine.packager.segment import Segment


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that holds a whole segment, and its bytes."""

    path: str
    size: int


class SegmentStore(Protocol):
    """Segments of one broadcast by rendition and name. Nothing here waits. Provided by the server."""

    def keep(self, rendition: str, segment: Segment) -> None:
        """Begin to write a segment that has closed; where that cannot be done it is lost, and said elsewhere."""

    def find(self, rendition: str, name: str) -> Stored | None:
        """Where a segment lies; None unless all of it does."""

    def drop(self, rendition: str, name: str) -> None:
        """It will not be asked for any more."""
