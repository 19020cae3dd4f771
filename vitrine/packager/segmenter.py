"""Decides when to cut one rendition, on the broadcast's grid (media/grid.py), and writes what it cuts.

The n-th access unit in decode order is written with the grid's n-th tick as its decode time, whatever constant
delay the encoder's own decode stamps have: a keyframe starts every segment of a closed GOP, so the first picture
is shown when it is decoded, and pictures that were moved forward get negative composition offsets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import Rendition, VideoTrack
from vitrine.packager.cmaf.fragment import TRACK_ID, Fragment, Sample
from vitrine.packager.cmaf.prft import Prft, ntp_time
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.programme import Programme
from vitrine.packager.segment import Segment, close_segment


class Cuts(Protocol):
    """The grid as one kind of track sees it. Frames count from programme time 0."""

    timescale: int
    frames_per_part: int
    all_independent: bool

    def tick(self, frame: int) -> int: ...
    def frame(self, tick: int) -> int: ...
    def segment_start(self, msn: int) -> int: ...


class VideoCuts:
    timescale = VIDEO_TIMESCALE
    all_independent = False

    def __init__(self, grid: Grid) -> None:
        self.frames_per_part = grid.frames_per_part
        self.tick = grid.tick
        self.frame = grid.frame
        self._frames_per_segment = grid.frames_per_segment

    def segment_start(self, msn: int) -> int:
        return msn * self._frames_per_segment


class AudioCuts:
    timescale = AUDIO_RATE
    all_independent = True

    def __init__(self, grid: Grid) -> None:
        self.frames_per_part = grid.audio_frames_per_part
        self.segment_start = grid.audio_segment_start

    def tick(self, frame: int) -> int:
        return frame * AAC_FRAME

    def frame(self, tick: int) -> int:
        return tick // AAC_FRAME


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
    """What one access unit, or the end, closed: a part, a segment that ends with it, or both."""

    part: Part | None
    segment: Segment | None


Stamps = Callable[[int, int], Sequence[bytes]]
"""The boxes that stand before the fragment of a part, from its first frame and the first after it."""


def no_stamps(_first: int, _end: int) -> Sequence[bytes]:
    return ()


class Segmenter:
    """Cuts one rendition from programme time 0 on. Holds the samples of the open part and the open segment's parts."""

    def __init__(self, broadcast: str, rendition: Rendition, programme: Programme, stamps: Stamps = no_stamps) -> None:
        self._broadcast = broadcast
        self._name = rendition.name
        self._cuts = cuts_for(rendition, programme.grid)
        self._programme = programme
        self._stamps = stamps
        self._position = 0
        self._delay: int | None = None
        self._samples: list[Sample] = []
        self._parts: list[Part] = []
        self._sequence = 0
        self._open_segment(0)

    @property
    def taken(self) -> int:
        """Access units so far: of a picture, the frame that would come next."""
        return self._position

    def push(self, unit: AccessUnit) -> Cut | None:
        """Take the next access unit in decode order.

        Raises MisuseError unless it continues the last one on the grid, and is a keyframe where a segment starts.
        """
        frame = self._check(unit)
        tick = self._cuts.tick(self._position)
        self._position += 1
        self._shown.add(frame)
        duration = self._cuts.tick(self._position) - tick
        independent = unit.keyframe or self._cuts.all_independent
        self._samples.append(Sample(unit.data, duration, unit.pts - tick, independent))
        if self._position == self._end:
            return self._close(segment_too=True)
        if len(self._samples) == self._cuts.frames_per_part:
            return self._close(segment_too=False)
        return None

    def flush(self) -> Cut | None:
        """The input has ended: close what is open, however short."""
        return self._close(segment_too=True) if self._samples or self._parts else None

    def _open_segment(self, msn: int) -> None:
        self._msn = msn
        self._start = self._cuts.segment_start(msn)
        self._end = self._cuts.segment_start(msn + 1)
        self._shown: set[int] = set()

    def _check(self, unit: AccessUnit) -> int:
        """The frame that the unit shows."""
        frame = self._cuts.frame(unit.pts)
        delay = self._position - self._cuts.frame(unit.dts)
        if self._delay is None:
            self._delay = delay
        if delay != self._delay:
            raise MisuseError(f"{self._where()}: access units were lost or repeated before decode time {unit.dts}")
        if self._cuts.tick(frame) != unit.pts:
            raise MisuseError(f"{self._where()}: presentation time {unit.pts} is not on the grid")
        if not self._start <= frame < self._end or frame in self._shown:
            raise MisuseError(f"{self._where()}: frame {frame} is shown twice or lies outside of the segment")
        if self._position == self._start and (
            frame != self._start or not (unit.keyframe or self._cuts.all_independent)
        ):
            raise MisuseError(f"{self._where()}: the segment does not start with a keyframe")
        return frame

    def _where(self) -> str:
        return f"Rendition {self._name}, segment {self._msn}, frame {self._position}"

    def _close(self, *, segment_too: bool) -> Cut:
        part = self._close_part() if self._samples else None
        if not segment_too:
            return Cut(part, None)
        segment = close_segment(segment_name(self._broadcast, self._msn), tuple(self._parts))
        self._parts = []
        self._open_segment(self._msn + 1)
        return Cut(part, segment)

    def _close_part(self) -> Part:
        index = len(self._parts)
        first = self._position - len(self._samples)
        first_tick = self._cuts.tick(first)
        self._sequence += 1
        utc_ns = self._programme.utc_ns(first_tick, self._cuts.timescale)
        reference = Prft(TRACK_ID, ntp_time(utc_ns), first_tick).encode()
        before = (reference, *self._stamps(first, self._position))
        part = Part(
            name=part_name(self._broadcast, self._msn, index),
            msn=self._msn,
            index=index,
            first_tick=first_tick,
            ticks=sum(sample.duration for sample in self._samples),
            timescale=self._cuts.timescale,
            utc_ns=utc_ns,
            independent=any(sample.keyframe for sample in self._samples),
            data=Fragment(self._sequence, first_tick, self._samples).encode(before),
        )
        self._parts.append(part)
        self._samples = []
        return part
