"""How far a publisher's media are ahead of the clock. Pure; time is passed in.

A file that is sent as fast as it goes is the most common mistake (`ffmpeg` without `-re`). Whoever is ahead by
MOST_LEAD is read no faster than real time from there on: its own socket makes it wait, nothing is lost, and nobody else
waits.
"""

MOST_LEAD = 3.0
"""Seconds. Encoders that had to wait for the network deliver what they held at once: late, not early."""

MOST_LATE = 10.0
"""Seconds that a publisher may be late, and catch up with, without counting as ahead."""

LEAK = 0.001
"""Seconds of lead forgotten in a second: the clocks of real encoders are fast by a tenth of that at most."""

LONGEST_PAUSE = 5.0
"""Seconds: below the time after which a publisher without media is given up."""


class Lead:
    """Give it each stamp; `pause` tells what to do."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stamp: float | None = None
        self._looked = 0.0

    def push(self, seconds: float, now: float) -> None:
        """A unit of session time `seconds` came at monotonic time `now`."""
        if self._stamp is None:
            self._stamp, self._looked = seconds, now
        passed = now - self._looked
        ahead = self._ahead + (seconds - self._stamp) - passed
        self._ahead = max(0.0, ahead - LEAK * passed) if ahead > 0 else max(ahead, -MOST_LATE)
        self._stamp, self._looked = seconds, now

    def pause(self, now: float) -> float:
        """Seconds for which to read no more; 0 if none."""
        ahead = self._ahead - (now - self._looked)
        return min(max(0.0, ahead - MOST_LEAD), LONGEST_PAUSE)
