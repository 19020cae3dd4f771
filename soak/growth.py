"""Whether a process's memory levels off. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FILLING = 5.0
"""Minutes until every window is full: what is listed, and what is kept as long again."""

LEAST = 6.0
"""Minutes after that; of less nothing can be said."""

ALLOWED = 3.0
"""Megabytes between the medians of the last two thirds: what an allocator keeps, and what the newest faults took."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one process: its own memory in megabytes, as the median of each third of its settled life."""

    thirds: tuple[float, float, float]
    minutes: float

    def levels_off(self, kept: float = 0.0) -> bool:
        """Apart from megabytes that are kept on purpose, in a third of the time."""
        return self.thirds[2] - self.thirds[1] - kept <= ALLOWED


def growth(series: Sequence[tuple[float, float]]) -> Growth | None:
    """Of (minute of the process's life, megabytes); None where it did not live long enough to be judged."""
    settled = [each for each in series if each[0] >= FILLING]
    if not settled or settled[-1][0] - settled[0][0] < LEAST:
        return None
    length = len(settled) // 3
    parts = settled[:length], settled[length : 2 * length], settled[2 * length :]
    first, second, third = (statistics.median(megabytes for _, megabytes in part) for part in parts)
    return Growth((first, second, third), settled[-1][0] - settled[0][0])
