"""How many messages a publisher sends. Pure; time is passed in.

Reading one costs the server's own process, whatever is in it: 25 µs with all that follows, and a packet may hold
hundreds. Whoever sends more than any encoder does is read more slowly from there on, as one who is ahead of the clock
is (lead.py).
"""

MOST_A_SECOND = 1_000
"""Sixty pictures and six tracks of sound, of 94 blocks each, are 624."""

AT_ONCE = 5_000
"""What an encoder kept while the network was away for some seconds, or what a file that is sent as fast as it goes has
until it is ahead by lead.MOST_LEAD."""

LONGEST_PAUSE = 5.0
"""Seconds: below the time after which a publisher without media is given up."""


class Tempo:
    """Tell it of each read; `pause` tells what to do."""

    def __init__(self, now: float) -> None:
        self._owed = 0.0  # messages that came and that the time since has not made up for
        self._looked = now

    def push(self, messages: int, now: float) -> None:
        """So many came at monotonic time `now`."""
        self._owed = max(0.0, self._owed - (now - self._looked) * MOST_A_SECOND) + messages
        self._looked = now

    def pause(self, now: float) -> float:
        """Seconds for which to read no more; 0 if none."""
        over = self._owed - AT_ONCE - (now - self._looked) * MOST_A_SECOND
        return min(max(0.0, over / MOST_A_SECOND), LONGEST_PAUSE)
