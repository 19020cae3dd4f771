"""Programme time on the wall clock: what PROGRAM-DATE-TIME, stamps, date ranges and prft say, always the same."""

from dataclasses import dataclass

from vitrine.media.grid import VIDEO_TIMESCALE, Grid
from vitrine.media.ticks import rescale
from vitrine.packager.cmaf.prft import NANOSECONDS

NANOSECONDS_PER_MILLISECOND = 1_000_000


def milliseconds(utc_ns: int) -> int:
    """The nearest millisecond. Every date we write goes through here, so that dates of one frame are equal."""
    return rescale(utc_ns, NANOSECONDS_PER_MILLISECOND, 1)


@dataclass(frozen=True, slots=True)
class Programme:
    """The frames of one broadcast. `start_utc_ns` is the wall clock of programme time 0."""

    grid: Grid
    start_utc_ns: int

    def utc_ns(self, tick: int, timescale: int) -> int:
        """The wall clock at a tick of a track."""
        return self.start_utc_ns + tick * NANOSECONDS // timescale

    def frame_utc_ns(self, frame: int) -> int:
        """The wall clock at the start of a video frame: its PROGRAM-DATE-TIME."""
        return self.utc_ns(self.grid.tick(frame), VIDEO_TIMESCALE)
