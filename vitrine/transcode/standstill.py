"""What the broadcast shows while no picture comes: how far time is to be filled, with what, and when it was for good.

A picture that stops is repeated, and silence follows it, at the pace of the clock and some patience behind it: what was
only late is still shown. What comes for time that is filled already is dropped, until it has caught up, as after a
network that was away; a publisher whose stamps go on where they stopped never does, and its time is moved.

For a publisher that is gone nothing is late: time is filled without delay, so that viewers see no hole.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

TICK = 0.1
"""Seconds between two looks: three pictures at 30 frames a second, a third of a part."""

PATIENCE = Fraction(3, 5)
"""Seconds that a picture may be late at first: when one stops for good, players have as much buffered."""

MOST_PATIENCE = Fraction(1)
"""The same for a publisher whose pictures come late again and again, in bursts over a busy network: filling each gap
would drop a part of each burst. As long as a lost RTP packet is waited for."""

LONG_GAPS = 3
HABIT = 10.0
"""So many gaps longer than MOST_PATIENCE in so many seconds are the publisher's way, not a network that was away: less
is lost where as much is waited for as may be."""

MARGIN = Fraction(1, 10)
"""Seconds of patience more than the longest gap that a publisher has had."""

PATIENCE_WITH_BACKUP = Fraction(1, 4)
"""The same where a backup will replace a publisher that is silent: viewers are not to run dry before."""

CATCHING_UP = 3.0
"""Seconds for which pictures may come for filled time: a network that was away delivers what it held at once."""

BUSY = 0.5
"""Seconds by which a look may be late before it is us who stood still, not the publisher."""

SLATE_AFTER_LEAVING = 1.0
"""Seconds for which the last picture stays when the publisher is gone: one that comes right back, or is replaced by
another, shows no slate for a few frames."""

RESUMED = 2
"""Seconds, more than SLATE_AFTER_LEAVING, for which nobody has been there where another server was before."""

SLATE_AFTER_STOPPING = 4.0
"""The same while the publisher is there: most networks that stop go on within this."""


@dataclass(frozen=True, slots=True)
class Fill:
    """To which programme time, in seconds, and whether with the slate or with the last picture."""

    position: Fraction
    slate: bool


class Standstill:
    """Times are programme time in seconds; `now` is monotonic."""

    def __init__(self) -> None:
        self.filled: Fraction | None = None
        self._newest: Fraction | None = None
        self._arrived = 0.0
        self._looked: float | None = None
        self._behind: float | None = None
        self._left = False
        self._patience = PATIENCE
        self._long_gaps: deque[float] = deque(maxlen=LONG_GAPS)  # when the newest ended

    def push(self, time: Fraction, now: float) -> Fraction:
        """A picture arrived. Returns by how much the publisher's time is to be moved from here on, mostly 0."""
        if self.filled is None or time >= self.filled:
            self._newest, self._arrived = max(time, self._newest or time), now
            self._behind, self._left = None, False
            return Fraction(0)
        if self._behind is None:
            self._behind = now
            self._learn(Fraction(now - self._arrived), now)
        if now - self._behind < CATCHING_UP:
            return Fraction(0)
        self._behind = None
        return self._due(now) - time

    def resume(self, time: Fraction, now: float) -> None:
        """Programme time has come to `time`, nobody is there, and there is no last picture: the slate comes at once."""
        self._newest, self._arrived = time - Fraction(RESUMED), now - RESUMED
        self.leave()

    def leave(self) -> None:
        """The publisher is gone: nothing is waited for until a picture arrives."""
        self._left = True
        self._behind = None
        self._patience = PATIENCE
        self._long_gaps.clear()

    def _learn(self, gap: Fraction, now: float) -> None:
        """A picture came after a gap that was filled already."""
        if gap <= MOST_PATIENCE:
            self._patience = max(self._patience, min(gap + MARGIN, MOST_PATIENCE))
            return
        self._long_gaps.append(now)
        if len(self._long_gaps) == LONG_GAPS and now - self._long_gaps[0] <= HABIT:
            self._patience = MOST_PATIENCE

    def due(self, now: float) -> Fraction | None:
        """Programme time at which a picture that arrives now is to be shown, for one that has no time of its own yet.

        None before the first picture.
        """
        return None if self._newest is None else max(self._due(now), self.filled or Fraction(0))

    def look(self, now: float, most: Fraction = MOST_PATIENCE) -> Fill | None:
        """How far to fill now; None where nothing is to be done. `most` is what patience there may be."""
        if self._looked is not None and now - self._looked > TICK + BUSY and not self._left:
            self._arrived += now - self._looked - TICK
        self._looked = now
        patience = Fraction(0) if self._left else min(self._patience, most)
        if self._newest is None or now - self._arrived <= patience:
            return None
        position = self._due(now) - patience
        if self.filled is not None and position <= self.filled:
            return None
        self.filled = position
        return Fill(position, now - self._arrived > (SLATE_AFTER_LEAVING if self._left else SLATE_AFTER_STOPPING))

    def _due(self, now: float) -> Fraction:
        """Programme time that should have been reached."""
        assert self._newest is not None
        return self._newest + Fraction(round((now - self._arrived) * 1000), 1000)
