"""What a server that has stopped left of a broadcast, made fit to go on from.

A server that is killed leaves each rendition cut off at another part. A playlist that goes on needs all of them to end
together: where pictures end, sound must not have ended before, or players stall in the hole. So what is beyond that is
left out; parts that were published a moment before are overwritten in the players' buffers by what follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, SEGMENT_SECONDS
from vitrine.media.track import Rendition, VideoTrack
from vitrine.packager.part import Part
from vitrine.packager.programme import Programme
from vitrine.packager.published import Published
from vitrine.packager.reading import Place, gap_parts, read_parts
from vitrine.packager.run import Run, run_of
from vitrine.packager.segment import Segment, SegmentEntry, close_segment
from vitrine.packager.segmenter import cuts_for
from vitrine.packager.window import MEMORY_SECONDS

NEARLY = Fraction(AAC_FRAME, AUDIO_RATE)
"""Seconds by which sound may end before the picture at a segment's end, see media/grid.py."""

READ = MEMORY_SECONDS // SEGMENT_SECONDS
"""So many of the newest segments are read whole; of the others their sizes are enough."""

Kept = Segment | SegmentEntry
"""With its bytes, or only what a playlist says of it."""


@dataclass(frozen=True, slots=True)
class Past:
    """By rendition, `products` among them: segments without a hole, the oldest first, ending together; names and bytes
    of initialisation sections. `runs` made these segments; `published` are the date ranges.
    """

    runs: tuple[Run, ...]
    segments: Mapping[str, Sequence[Kept]]
    inits: Mapping[str, Mapping[str, bytes]]
    published: Sequence[Published] = ()

    @property
    def next_msn(self) -> int:
        return max(entry_of(each[-1]).msn for each in self.segments.values() if each) + 1

    @property
    def next_segment(self) -> int:
        """On the grid, the first that is free."""
        return run_of(self.runs, self.next_msn - 1).segment(self.next_msn - 1) + 1


def entry_of(kept: Kept) -> SegmentEntry:
    """What a playlist says of it."""
    return kept.entry if isinstance(kept, Segment) else kept


def _end(part: Part) -> Fraction:
    """Seconds of programme time."""
    return Fraction(part.first_tick + part.ticks, part.timescale)


@dataclass
class Shelf:
    """One rendition of video or audio as it was found: segments by media sequence number, the last perhaps short."""

    broadcast: str
    rendition: Rendition
    programme: Programme
    runs: Sequence[Run]
    found: dict[int, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cuts = cuts_for(self.rendition, self.programme.grid)

    @property
    def is_video(self) -> bool:
        return isinstance(self.rendition.track, VideoTrack)

    def _place(self, msn: int) -> Place:
        return Place(self.broadcast, run_of(self.runs, msn), msn, self.cuts, self.programme)

    def read(self, msn: int, data: bytes) -> None:
        """Take a segment with its bytes, as much of it as is whole."""
        place = self._place(msn)
        parts = read_parts(data, place)
        if parts:
            self.found[msn] = close_segment(place.name, parts)

    def state(self, msn: int, size: int) -> None:
        """Take a segment that is whole, and as long as the grid says, by its size."""
        place = self._place(msn)
        whole = place.part(0, place.first, place.end)
        self.found[msn] = SegmentEntry(place.name, msn, whole.ticks, whole.timescale, whole.utc_ns, size)

    @property
    def newest(self) -> int:
        """-1 where there is nothing."""
        return max(self.found, default=-1)

    @property
    def parts(self) -> list[Part]:
        """Of the newest two segments, in order."""
        newest = [self.found.get(msn) for msn in (self.newest - 1, self.newest)]
        return [part for each in newest if isinstance(each, Segment) for part in each.parts]

    def cut(self, end: Fraction, last: int) -> None:
        """Leave out what is shown from `end` seconds on, and segments after `last`."""
        for msn in [msn for msn in self.found if msn > last]:
            del self.found[msn]
        segment = self.found.get(last)
        if not isinstance(segment, Segment):
            return
        latest = end if self.is_video else end - NEARLY
        parts = tuple(part for part in segment.parts if Fraction(part.first_tick, part.timescale) < latest)
        if not parts:
            del self.found[last]
        elif len(parts) < len(segment.parts):
            self.found[last] = close_segment(segment.entry.name, parts)

    def without_holes(self, first: int, last: int, end: Fraction) -> list[Kept]:
        """All from `first` to `last`; what is not there is a gap."""
        kept: list[Kept] = []
        for msn in range(first, last + 1):
            gap = None if msn in self.found else self._gap(msn, end)
            if gap is not None and last - msn >= READ:
                kept.append(gap.entry)
            else:
                kept.append(gap or self.found[msn])
        return kept

    def _gap(self, msn: int, end: Fraction) -> Segment:
        place = self._place(msn)
        last = min(place.end, max(place.first + 1, self.cuts.frame(int(end * self.cuts.timescale))))
        return close_segment(place.name, gap_parts(place, last))


def settle(shelves: Sequence[Shelf]) -> tuple[int, int, Fraction] | None:
    """Cut all renditions where they end together. The first and last media sequence number, and the end in seconds of
    programme time; None where there is nothing to go on from.
    """
    newest = max((shelf.newest for shelf in shelves), default=-1)
    # one that is further behind is not made at the moment: a gap
    made = [shelf for shelf in shelves if shelf.newest >= max(newest - 1, 0) and shelf.parts]
    if not made:
        return None
    rulers = [shelf for shelf in made if shelf.is_video] or made
    ruler = min(rulers, key=lambda shelf: _end(shelf.parts[-1]))
    limit = min(_end(shelf.parts[-1]) + (0 if shelf.is_video else NEARLY) for shelf in made)
    common = [part for part in ruler.parts if _end(part) <= limit]
    if not common:
        return None
    last, end = common[-1].msn, _end(common[-1])
    for shelf in shelves:
        shelf.cut(end, last)
    return max(min(shelf.found, default=last) for shelf in made), last, end
