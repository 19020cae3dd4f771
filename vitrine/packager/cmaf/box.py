"""Boxes: size, four letters, body (ISO/IEC 14496-12 section 4.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError

HEADER_SIZE = 8
FULL_HEADER_SIZE = 12
SIZE_IN_64_BITS = 1
SIZE_TO_THE_END = 0

CHILDREN_AT = {
    b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"dinf": 0, b"stbl": 0, b"mvex": 0, b"moof": 0, b"traf": 0,
    b"stsd": 8, b"dref": 8, b"avc1": 78, b"mp4a": 28,
}  # fmt: skip
"""Where the child boxes of a body start, for the boxes that have some."""


def box(kind: bytes, *payloads: bytes) -> bytes:
    size = HEADER_SIZE + sum(map(len, payloads))
    return b"".join((size.to_bytes(4, "big"), kind, *payloads))


def full_box(kind: bytes, version: int, flags: int, *payloads: bytes) -> bytes:
    """A box whose body starts with a version and 24 flags."""
    return box(kind, ((version << 24) | flags).to_bytes(4, "big"), *payloads)


@dataclass(frozen=True, slots=True)
class Box:
    """A box as read. `offset` is where it starts in the bytes it was read from."""

    kind: bytes
    body: bytes
    offset: int = 0

    def encode(self) -> bytes:
        return box(self.kind, self.body)

    @property
    def children(self) -> list["Box"]:
        """The boxes inside; their offsets count from the start of this body. Raises MalformedError."""
        start = CHILDREN_AT.get(self.kind)
        return [] if start is None else list(read_boxes(self.body, start))

    def find(self, *path: bytes) -> "Box":
        """The first descendant along a path of kinds. Raises MalformedError where there is none."""
        found = self
        for kind in path:
            found = find_box(found.children, kind)
        return found


def find_box(boxes: list[Box], kind: bytes) -> Box:
    for candidate in boxes:
        if candidate.kind == kind:
            return candidate
    raise MalformedError(f"MP4 box {kind.decode('latin-1')!r} is missing")


def read_boxes(data: bytes, start: int = 0) -> Iterator[Box]:
    """The boxes of a byte string from `start` on. Raises MalformedError where one is cut short."""
    reader = ByteReader(data, "MP4 box")
    reader.take(start)
    while reader.remaining:
        offset = len(data) - reader.remaining
        size, kind = reader.u32(), reader.take(4)
        taken = HEADER_SIZE
        if size == SIZE_IN_64_BITS:
            size, taken = reader.u64(), HEADER_SIZE + 8
        if size == SIZE_TO_THE_END:
            yield Box(kind, reader.rest(), offset)
        elif size < taken:
            raise MalformedError(f"MP4 box {kind.decode('latin-1')!r} states a size smaller than its header")
        else:
            yield Box(kind, reader.take(size - taken), offset)
