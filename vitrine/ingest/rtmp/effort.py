"""How much of the server's time one publisher takes. Pure; monotonic times are passed in.

Messages of a few bytes cost a hundred times what a picture of as many bytes costs, and whoever has a key could send
nothing else. Whoever takes more than its share is read more slowly: its own socket makes it wait, nothing is lost, and
no viewer waits for it.
"""

SHARE = 0.3
"""Of the loop's time, however much of a processor that has: a machine that is busy otherwise has less for everybody."""

AT_ONCE = 0.1
"""Seconds of work before it has to wait: two seconds of media that a network held back."""


class Effort:
    """Tell it of all work by `spend`; `pause` tells what to do then."""

    def __init__(self) -> None:
        self._owed = 0.0  # seconds of work that its share has not covered yet
        self._looked = 0.0

    def spend(self, seconds: float, now: float) -> None:
        """So long was worked for it, until `now`."""
        self._owed = max(0.0, self._owed - SHARE * (now - self._looked)) + seconds
        self._looked = now

    def pause(self, now: float) -> float:
        """Seconds for which to read no more; 0 if none."""
        owed = self._owed - SHARE * (now - self._looked)
        return owed / SHARE if owed > AT_ONCE else 0.0
