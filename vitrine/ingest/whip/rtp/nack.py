"""Which packets are missing, when each is asked for again, and when it is given up."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_INTERVAL = 0.1
"""Seconds between two requests for one packet while the round trip is unknown."""

SHORTEST_INTERVAL = 0.02
"""Seconds; a shorter round trip would ask twice for what waits in the sender's pacer."""

LONGEST_INTERVAL = 0.4
PATIENCE = 1.25
"""Round trips after which a packet asked for has been lost again."""

BACKOFF = 1.3
"""Each interval for a packet is so much longer than the one before: a publisher that pauses for half a second, as busy
laptops do, is not to use up its requests in that time."""

MOST_REQUESTS = 10
"""At 5 % loss each way one in ten requests fails: ten in a row mean that the publisher no longer has the packet."""

MOST_MISSING = 1_000
"""More than two keyframes of 400 KB: a longer gap is a network that was away, and what it swallowed is too old."""

ROUND_TRIPS = 8
"""Measurements of which the median is taken."""


@dataclass(slots=True)
class _Missing:
    since: float
    again_at: float = 0.0  # when to ask, or to give up where that was the last time
    asked_at: float = 0.0
    requests: int = 0


class Nacks:
    """The missing packets of one stream, by true sequence number. `repaired` and `lost` are counts."""

    def __init__(self, longest_wait: float) -> None:
        """`longest_wait` seconds after a gap was seen its packets are given up."""
        self.repaired = self.lost = 0
        self._longest_wait = longest_wait
        self._missing: dict[int, _Missing] = {}
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS)

    @property
    def interval(self) -> float:
        """Seconds between two requests for one packet."""
        if not self._round_trips:
            return FIRST_INTERVAL
        typical = sorted(self._round_trips)[len(self._round_trips) // 2]
        return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, PATIENCE * typical))

    def measure(self, round_trip: float) -> None:
        self._round_trips.append(round_trip)

    def miss(self, numbers: Iterable[int], now: float) -> None:
        for number in numbers:
            self._missing[number] = _Missing(now, now)

    def find(self, number: int, now: float) -> None:
        """A packet came: was it missing? Its round trip counts if it was asked for once (Karn's rule)."""
        missing = self._missing.pop(number, None)
        if missing is not None and missing.requests:
            self.repaired += 1
            if missing.requests == 1:
                self.measure(now - missing.asked_at)

    def due(self, now: float) -> list[int]:
        """What is to be asked for now."""
        if not self._missing:
            return []
        interval = self.interval
        asked = []
        for number, missing in self._missing.items():
            if missing.requests < MOST_REQUESTS and now >= missing.again_at:
                missing.again_at = now + min(LONGEST_INTERVAL, interval * BACKOFF**missing.requests)
                missing.requests += 1
                missing.asked_at = now
                asked.append(number)
        return sorted(asked)

    def is_hopeless(self, number: int, now: float) -> bool:
        """Whether the packet, if it is missing at all, has been waited for long enough."""
        missing = self._missing.get(number)
        if missing is None or now >= missing.since + self._longest_wait:
            return True
        return missing.requests >= MOST_REQUESTS and now >= missing.again_at

    def give_up(self, number: int) -> None:
        self.lost += self._missing.pop(number, None) is not None

    def next_deadline(self) -> float | None:
        """When to look again."""
        if not self._missing:
            return None
        return min(min(each.since + self._longest_wait, each.again_at) for each in self._missing.values())
