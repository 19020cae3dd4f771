"""The clock of one broadcast: frames, programme time and the wall clock, each from the others."""

from dataclasses import dataclass
from fractions import Fraction

from vitrine.media.grid import VIDEO_TIMESCALE, Grid
from vitrine.media.ticks import rescale

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`start_utc_ns` is the wall clock of programme time 0."""

    grid: Grid
    start_utc_ns: int

    def utc_ns(self, frame: int) -> int:
        """PROGRAM-DATE-TIME of a frame, as the packager counts it: from the frame's tick."""
        return self.start_utc_ns + self.grid.tick(frame) * NANOSECONDS // VIDEO_TIMESCALE

    def programme(self, frame: int) -> Fraction:
        """Exact seconds of programme time at which a frame begins."""
        return frame / self.grid.rate

    def frame_at(self, utc_ns: int) -> int:
        """The frame whose PROGRAM-DATE-TIME is nearest; negative before the broadcast."""
        return self.nearest(Fraction(utc_ns - self.start_utc_ns, NANOSECONDS))

    def nearest(self, seconds: Fraction) -> int:
        """The frame that begins nearest to a programme time; negative before the broadcast."""
        frames = seconds * self.grid.rate
        return rescale(frames.numerator, frames.denominator, 1)
