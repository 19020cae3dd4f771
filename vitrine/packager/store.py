"""Where segments lie that are too old for memory, and what a server that is started again goes on from."""

from dataclasses import dataclass
from typing import Protocol

from vitrine.packager.part import Part
from vitrine.packager.published import Published
from vitrine.packager.segment import Segment


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that holds a whole segment, and its bytes."""

    path: str
    size: int


class SegmentStore(Protocol):
    """Segments of one broadcast by rendition and name. Nothing here waits. Provided by the server."""

    def begin(self, rendition: str, init_name: str, init: bytes) -> None:
        """A run begins, whose initialisation section this is."""

    def add_part(self, rendition: str, segment: str, part: Part) -> None:
        """Begin to write the next part of the segment of that name, which is open."""

    def note(self, published: Published) -> None:
        """Begin to write what has been published as a date range."""

    def keep(self, rendition: str, segment: Segment) -> None:
        """Begin to write a segment that has closed; where that cannot be done it is lost, and said elsewhere."""

    def find(self, rendition: str, name: str) -> Stored | None:
        """Where a segment lies; None unless all of it does."""

    def drop(self, rendition: str, name: str) -> None:
        """It will not be asked for any more."""
