"""A run: what one start of the server made of a broadcast. Most broadcasts have one.

A server that is started again goes on in the same playlist: its run's first segment has the next media sequence number,
comes after a discontinuity, and lies on the grid where the clock has come to. Programme time went on meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FIRST_MSN = 1
"""Not 0: of parts of a segment 0 hls.js (1.7) forgets again and again that it has them, takes them hundreds of times a
second, and goes on only when they have left the playlist (`part.fragment.sn || -1` in its fragment-tracker.ts)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Its segments are numbered from `first_msn`, and lie on the grid from `first_segment`.

    `number` counts the server's starts, those too that came to nothing: no two runs give the same name to different
    bytes, however much of a run a crash has taken back. Only the segment in which a server was killed may be cut short
    under its name: players that know it by that take any other for an error (hls.js 1.7: "media sequence mismatch").
    """

    number: int = 0
    first_msn: int = FIRST_MSN
    first_segment: int = 0

    def stem(self, broadcast: str) -> str:
        """What the names of its media begin with."""
        return f"{broadcast}.r{self.number}" if self.number else broadcast

    def segment(self, msn: int) -> int:
        """Where on the grid a segment lies."""
        return self.first_segment + msn - self.first_msn


FIRST_RUN = Run()


def run_of(runs: Sequence[Run], msn: int) -> Run:
    """The run that a segment is of; `runs` are in the order of time."""
    return next((run for run in reversed(runs) if run.first_msn <= msn), runs[0])
