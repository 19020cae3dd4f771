"""Decides when to cut one rendition, on the broadcast's grid (media/grid.py), and writes what it cuts.

The n-th access unit in decode order is written with the grid's n-th tick as its decode time, whatever constant
delay the encoder's own decode stamps have: a keyframe starts every segment of a closed GOP, so the first picture
is shown when it is decoded, and pictures that were moved forward get negative composition offsets.

An access unit without data is a frame of which no picture was made: the one before it in its part is shown for longer.
A part of such frames only is a gap. A segment that begins with one is a gap as a whole, and is closed as soon as it
begins: players look for another rendition when they see EXT-X-GAP, and wait for the segment where they see only parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import Rendition, VideoTrack
from vitrine.packager.cmaf.fragment import TRACK_ID, Fragment, Sample
from vitrine.packager.cmaf.prft import Prft, ntp_time
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.programme import Programme
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.packager.segment import Segment, close_segment


class Cuts(Protocol):
    """The grid as one kind of track sees it. Frames count from programme time 0."""

    timescale: int
    all_independent: bool

    def tick(self, frame: int) -> int: ...
    def frame(self, tick: int) -> int: ...
    def segment_start(self, segment: int) -> int: ...

    def part_ends(self, start: int, end: int) -> Sequence[int]:
        """Of the parts of the segment with the frames [start, end)."""


class VideoCuts:
    timescale = VIDEO_TIMESCALE
    all_independent = False

    def __init__(self, grid: Grid) -> None:
        self._frames_per_part = grid.frames_per_part
        self.tick = grid.tick
        self.frame = grid.frame
        self.segment_start = grid.first_frame

    def part_ends(self, start: int, end: int) -> Sequence[int]:
        """Whole ones, but for the last (section 4.4.4.9)."""
        return (*range(start + self._frames_per_part, end, self._frames_per_part), end)


class AudioCuts:
    """Its parts are all of one length, within a frame, which they may be as all are independent (section 4.4.4.9).

    With whole ones but for the last that would be of four frames. hls.js (1.7) takes a segment for loaded of which less
    than 0.2 s is missing (`bufferPadding` in its fragment-tracker.ts), and leaves such a part out when the playlist
    says that the segment is whole while it loads the part before it. Then it stands still, and sees no end of the show.
    """

    timescale = AUDIO_RATE
    all_independent = True

    def __init__(self, grid: Grid) -> None:
        self._frames_per_part = grid.audio_frames_per_part
        self.segment_start = grid.audio_segment_start

    def tick(self, frame: int) -> int:
        return frame * AAC_FRAME

    def frame(self, tick: int) -> int:
        return tick // AAC_FRAME

    def part_ends(self, start: int, end: int) -> Sequence[int]:
        frames = end - start
        count = -(-frames // self._frames_per_part)
        return tuple(start + frames * index // count for index in range(1, count + 1))


def cuts_for(rendition: Rendition, grid: Grid) -> Cuts:
    """Raises MisuseError for a track on another timescale than the grid's."""
    cuts: Cuts = VideoCuts(grid) if isinstance(rendition.track, VideoTrack) else AudioCuts(grid)
    if rendition.track.timescale != cuts.timescale:
        raise MisuseError(
            f"Rendition {rendition.name} counts {rendition.track.timescale} ticks a second; "
            f"the grid counts {cuts.timescale}"
        )
    return cuts


@dataclass(frozen=True, slots=True)
class Cut:
    """What one access unit, or the end, closed: parts, a segment that ends with the last of them, or both."""

    parts: tuple[Part, ...]
    segment: Segment | None


Stamps = Callable[[int, int], Sequence[bytes]]
"""The boxes that stand before the fragment of a part, from its first frame and the first after it."""


def no_stamps(_first: int, _end: int) -> Sequence[bytes]:
    return ()


class Segmenter:
    """Cuts one rendition of a run. Holds the samples of the open part and the open segment's parts."""

    def __init__(
        self,
        broadcast: str,
        rendition: Rendition,
        programme: Programme,
        stamps: Stamps = no_stamps,
        run: Run = FIRST_RUN,
    ) -> None:
        self._stem = run.stem(broadcast)
        self._run = run
        self._name = rendition.name
        self._cuts = cuts_for(rendition, programme.grid)
        self._programme = programme
        self._stamps = stamps
        self._position = self._cuts.segment_start(run.first_segment)
        self._delay: int | None = None
        self._broken = False  # the newest frame was part of a gap
        self._samples: list[Sample] = []
        self._parts: list[Part] = []
        self._sequence = 0
        self._open_segment(run.first_msn)

    @property
    def taken(self) -> int:
        """The frame on its grid that is to come next."""
        return self._position

    def push(self, unit: AccessUnit) -> Cut | None:
        """Take the next access unit in decode order.

        Raises MisuseError unless it continues the last one on the grid, and is a keyframe where a segment starts, or
        after a gap.
        """
        frame = self._check(unit)
        tick = self._cuts.tick(self._position)
        self._position += 1
        self._shown.add(frame)
        duration = self._cuts.tick(self._position) - tick
        if self._position <= self._start:
            return None  # of a gap that is closed already
        if not unit.data and self._position == self._start + 1:
            return self._close_gap()
        if unit.data:
            independent = unit.keyframe or self._cuts.all_independent
            self._samples.append(Sample(unit.data, duration, unit.pts - tick, independent))
        elif self._samples:
            self._samples[-1] = replace(self._samples[-1], duration=self._samples[-1].duration + duration)
        self._broken = not self._samples
        if self._position == self._end:
            return self._close(segment_too=True)
        if self._position == self._part_ends[len(self._parts)]:
            return self._close(segment_too=False)
        return None

    def flush(self) -> Cut | None:
        """The input has ended: close what is open, however short."""
        return self._close(segment_too=True) if self._position > self._start else None

    def _close_gap(self) -> Cut:
        for first, end in pairwise((self._start, *self._part_ends)):
            self._parts.append(self._part(first, end, b""))
        return self._close_segment(tuple(self._parts))

    def _open_segment(self, msn: int) -> None:
        self._msn = msn
        segment = self._run.segment(msn)
        self._start = self._cuts.segment_start(segment)
        self._end = self._cuts.segment_start(segment + 1)
        self._part_ends = self._cuts.part_ends(self._start, self._end)
        self._part_start = self._start
        self._shown: set[int] = set()

    def _check(self, unit: AccessUnit) -> int:
        """The frame that the unit shows."""
        frame = self._cuts.frame(unit.pts)
        delay = self._position - self._cuts.frame(unit.dts)
        if self._delay is None:
            self._delay = delay
        if delay != self._delay:
            raise MisuseError(f"{self._where()}: access units were lost or repeated before decode time {unit.dts}")
        if self._position < self._start:
            return frame
        if self._cuts.tick(frame) != unit.pts:
            raise MisuseError(f"{self._where()}: presentation time {unit.pts} is not on the grid")
        if not self._start <= frame < self._end or frame in self._shown:
            raise MisuseError(f"{self._where()}: frame {frame} is shown twice or lies outside of the segment")
        independent = unit.keyframe or self._cuts.all_independent
        if self._position == self._start and (frame != self._start or not (independent or not unit.data)):
            raise MisuseError(f"{self._where()}: the segment does not start with a keyframe")
        if self._broken and unit.data and not (independent and self._position == self._part_start):
            raise MisuseError(f"{self._where()}: a gap does not end with a keyframe at the start of a part")
        return frame

    def _where(self) -> str:
        return f"Rendition {self._name}, segment {self._msn}, frame {self._position}"

    def _close(self, *, segment_too: bool) -> Cut:
        parts: tuple[Part, ...] = ()
        if self._position > self._part_start:
            parts = (self._part(self._part_start, self._position, self._fragment() if self._samples else b""),)
            self._parts += parts
            self._samples = []
            self._part_start = self._position
        return self._close_segment(parts) if segment_too else Cut(parts, None)

    def _close_segment(self, parts: tuple[Part, ...]) -> Cut:
        segment = close_segment(segment_name(self._stem, self._msn), tuple(self._parts))
        self._parts = []
        self._open_segment(self._msn + 1)
        return Cut(parts, segment)

    def _part(self, first: int, end: int, data: bytes) -> Part:
        """The open segment's next, of the frames [first, end)."""
        index, first_tick = len(self._parts), self._cuts.tick(first)
        return Part(
            name=part_name(self._stem, self._msn, index),
            msn=self._msn,
            index=index,
            first_tick=first_tick,
            ticks=self._cuts.tick(end) - first_tick,
            timescale=self._cuts.timescale,
            utc_ns=self._programme.utc_ns(first_tick, self._cuts.timescale),
            independent=any(sample.keyframe for sample in self._samples),
            data=data,
        )

    def _fragment(self) -> bytes:
        first_tick = self._cuts.tick(self._part_start)
        utc_ns = self._programme.utc_ns(first_tick, self._cuts.timescale)
        reference = Prft(TRACK_ID, ntp_time(utc_ns), first_tick).encode()
        before = (reference, *self._stamps(self._part_start, self._position))
        self._sequence += 1
        return Fragment(self._sequence, first_tick, self._samples).encode(before)
