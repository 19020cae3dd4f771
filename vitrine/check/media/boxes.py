"""MP4 boxes as read (ISO/IEC 14496-12 section 4.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError

SIZE_IN_64_BITS = 1
SIZE_TO_THE_END = 0

MOST_BOXES = 20_000
"""In one body. An empty box takes 8 bytes, so that a file of a few megabytes could hold a million."""


@dataclass(frozen=True, slots=True)
class Box:
    """`offset` is where it starts in the bytes it was read from, `size` what it takes there."""

    kind: str
    body: bytes
    offset: int
    size: int

    def children(self, start: int = 0) -> list["Box"]:
        """The boxes inside, from byte `start` of the body on. Raises MalformedError."""
        return boxes_of(self.body, start)

    def child(self, *path: str) -> "Box | None":
        """The first descendant along a path of kinds; None where there is none."""
        found: Box | None = self
        for kind in path:
            found = first(found.children(), kind) if found else None
        return found

    def full(self) -> tuple[int, int, ByteReader]:
        """Version, flags, and a reader of what follows them."""
        reader = ByteReader(self.body, f"the {self.kind} box")
        return reader.u8(), reader.u24(), reader


def boxes_of(data: bytes, start: int = 0) -> list[Box]:
    """The boxes of a byte string. Raises MalformedError where one is cut short or there are too many."""
    found = []
    for box in _boxes(data, start):
        found.append(box)
        if len(found) > MOST_BOXES:
            raise MalformedError(f"There are more than {MOST_BOXES} boxes in one place; that many are not read")
    return found


def _boxes(data: bytes, start: int) -> Iterator[Box]:
    reader = ByteReader(data, "an MP4 box")
    reader.take(start)
    while reader.remaining:
        offset = len(data) - reader.remaining
        size, kind = reader.u32(), reader.take(4).decode("latin-1")
        if size == SIZE_IN_64_BITS:
            size = reader.u64()
        taken = len(data) - reader.remaining - offset
        if size == SIZE_TO_THE_END:
            size = taken + reader.remaining
        if size < taken:
            raise MalformedError(f"the {kind!r} box states a size smaller than its header")
        yield Box(kind, reader.take(size - taken), offset, size)


def first(boxes: list[Box], kind: str) -> Box | None:
    return next((box for box in boxes if box.kind == kind), None)
