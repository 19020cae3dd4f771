"""Segments read back from the files that they were written to: their parts, as far as these are whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import HEADER_SIZE
from vitrine.packager.cmaf.fragment import Fragment
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.programme import Programme
from vitrine.packager.run import Run
from vitrine.packager.segmenter import Cuts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment lies: its run and number, and its frames on the grid of its kind."""

    broadcast: str
    run: Run
    msn: int
    cuts: Cuts
    programme: Programme

    @property
    def name(self) -> str:
        return segment_name(self.run.stem(self.broadcast), self.msn)

    @property
    def first(self) -> int:
        return self.cuts.segment_start(self.run.segment(self.msn))

    @property
    def end(self) -> int:
        return self.cuts.segment_start(self.run.segment(self.msn) + 1)

    def part(self, index: int, first: int, end: int, data: bytes = b"", *, independent: bool = False) -> Part:
        """The part with the frames [first, end); without data a gap."""
        tick, cuts = self.cuts.tick(first), self.cuts
        return Part(
            name=part_name(self.run.stem(self.broadcast), self.msn, index),
            msn=self.msn,
            index=index,
            first_tick=tick,
            ticks=cuts.tick(end) - tick,
            timescale=cuts.timescale,
            utc_ns=self.programme.utc_ns(tick, cuts.timescale),
            independent=independent,
            data=data,
        )


def read_parts(data: bytes, place: Place) -> tuple[Part, ...]:
    """The parts of a segment of ours. What follows the last whole one is a part that a crash has cut off.

    A part is whole if all of its bytes are there, and it goes on from the one before it on the grid.
    """
    parts: list[Part] = []
    first, cuts = place.first, place.cuts
    for piece in _pieces(data):
        try:
            fragment = Fragment.decode(piece)
        except MalformedError:
            break
        end_tick = fragment.first_tick + sum(sample.duration for sample in fragment.samples)
        end = cuts.frame(end_tick)
        on_grid = (cuts.tick(first), cuts.tick(end)) == (fragment.first_tick, end_tick)
        if not on_grid or not first < end <= place.end:
            break
        independent = any(sample.keyframe for sample in fragment.samples)
        parts.append(place.part(len(parts), first, end, piece, independent=independent))
        first = end
    return tuple(parts)


def _pieces(data: bytes) -> Iterator[bytes]:
    """Each up to the end of an `mdat`."""
    start = position = 0
    while position + HEADER_SIZE <= len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if size < HEADER_SIZE or position + size > len(data):
            return
        position += size
        if kind == b"mdat":
            yield data[start:position]
            start = position


def gap_parts(place: Place, end: int) -> tuple[Part, ...]:
    """The parts of a segment that nobody has, up to the frame `end`."""
    ends = place.cuts.part_ends(place.first, place.end)
    parts = [(start, min(last, end)) for start, last in pairwise((place.first, *ends)) if start < end]
    return tuple(place.part(index, start, last) for index, (start, last) in enumerate(parts))
