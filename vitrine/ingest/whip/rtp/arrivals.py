"""When each packet of a transport arrived, told to the publisher, which finds out from it what the network carries.

Without it Chromium stays at half a megabit a second, whatever the network.
"""

from vitrine.ingest.whip.rtp.feedback import LARGE_DELTAS, MOST_STATUSES, TICKS, encode_feedback
from vitrine.ingest.whip.rtp.sequence import Unwrapper

INTERVAL = 0.05
"""Seconds between two messages, as often as libwebrtc's own receiver sends them from a megabit a second on."""

REMEMBERED = 0.5
"""Seconds for which an arrival can be told again: where a packet comes after those behind it were told of, what had
been told of as missing is told anew, or the publisher would take a network that reorders for one that loses."""

MOST_TOLD = 190
"""Arrivals in one message: with two bytes for each, and two chunks for what is missing before it, 1,200 at most."""


class Arrivals:
    """`ssrc` is ours in RTCP."""

    def __init__(self, ssrc: int) -> None:
        self._ssrc = ssrc
        self._media_ssrc = 0
        self._unwrapper = Unwrapper()
        self._arrived: dict[int, float] = {}  # by true number
        self._next: int | None = None  # the first number that is still to be told of
        self._due: float | None = None
        self._count = 0

    def push(self, sequence: int, ssrc: int, now: float) -> None:
        """A packet of the stream `ssrc` came, with this number of the transport."""
        number = self._unwrapper.place(sequence)
        if self._next is None or number - self._next >= MOST_STATUSES:
            self._next = number  # the network was away; what it swallowed is no news
        if number in self._arrived or self._next - number > MOST_TOLD:
            return
        self._next = min(self._next, number)
        self._arrived[number] = now
        self._media_ssrc = ssrc
        if self._due is None:
            self._due = now + INTERVAL

    def next_deadline(self) -> float | None:
        """When to ask for messages again."""
        return self._due

    def due(self, now: float) -> list[bytes]:
        """RTCP messages, if it is time for them."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        messages = []
        while (told := self._arrivals()) is not None:
            first, arrivals = told
            messages.append(encode_feedback(self._ssrc, self._media_ssrc, self._count, first, arrivals))
            self._count += 1
            self._next = first + len(arrivals)
        for number in [number for number, arrived in self._arrived.items() if arrived < now - REMEMBERED]:
            del self._arrived[number]
        return messages

    def _arrivals(self) -> tuple[int, list[int | None]] | None:
        """What one message tells of, from the first number that is due; None if nothing came from there on."""
        highest = self._unwrapper.highest
        if self._next is None or highest is None or self._next > highest:
            return None
        arrivals: list[int | None] = []
        told, before = 0, None
        for number in range(self._next, min(highest + 1, self._next + MOST_STATUSES)):
            arrived = self._arrived.get(number)
            ticks = None if arrived is None else round(arrived * TICKS)
            if ticks is not None:
                if told == MOST_TOLD or (before is not None and ticks - before not in LARGE_DELTAS):
                    break
                told, before = told + 1, ticks
            arrivals.append(ticks)
        return self._next, arrivals
