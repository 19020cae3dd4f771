"""How many commands a channel takes in a second. Pure; time is passed in."""

from collections import deque

COMMANDS = 5
"""In a second, of one channel: what Amazon IVS allows for its metadata, and more than any crew presses."""

SECOND = 0.95
"""Seconds in which no more than COMMANDS are taken. A program that sends five a second, evenly, must not be refused
because one of them came a little early."""


class Limiter:
    """A sliding window over the newest commands."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque(maxlen=COMMANDS)

    def take(self, now: float) -> float:
        """Count a command at monotonic time `now`: 0 if it may pass, else the seconds to wait."""
        if len(self._taken) == COMMANDS and (left := self._taken[0] + SECOND - now) > 0:
            return left
        self._taken.append(now)
        return 0.0
