"""A segment is its parts' bytes one after another; it keeps no copy of them."""

from dataclasses import dataclass
from fractions import Fraction

from vitrine.packager.part import Part


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """What a playlist says of a segment. `utc_ns` is the wall clock of its first frame, `size` in bytes.

    A `gap` lacks at least one of its parts, and cannot be fetched.
    """

    name: str
    msn: int
    ticks: int
    timescale: int
    utc_ns: int
    size: int
    gap: bool = False

    @property
    def duration(self) -> Fraction:
        """Exact seconds."""
        return Fraction(self.ticks, self.timescale)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A closed segment with its parts, at least one."""

    entry: SegmentEntry
    parts: tuple[Part, ...]

    @property
    def first_tick(self) -> int:
        return self.parts[0].first_tick

    @property
    def data(self) -> tuple[bytes, ...]:
        """The bytes to send, in pieces that are the parts' own."""
        return tuple(part.data for part in self.parts)


def close_segment(name: str, parts: tuple[Part, ...]) -> Segment:
    first = parts[0]
    ticks, size = sum(part.ticks for part in parts), sum(len(part.data) for part in parts)
    gap = any(part.gap for part in parts)
    return Segment(SegmentEntry(name, first.msn, ticks, first.timescale, first.utc_ns, size, gap), parts)
