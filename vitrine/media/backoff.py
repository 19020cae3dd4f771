"""Wrong secrets by address, and how long an address has to wait for them. Pure; time is passed in."""

from collections import deque
from dataclasses import dataclass, field

from vitrine.media.address import house

FREE_TRIES = 10
"""Wrong secrets of an address before it waits at all: an encoder that was set up wrong tries again at once."""

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds; each further wrong secret doubles the wait. An hour of guessing has 70 tries, a week 10,000."""

FORGOTTEN_AFTER = 600.0
"""Seconds without a wrong secret."""

KNOWN_TRIES = 20
KNOWN_WINDOW = 10.0
"""Wrong secrets in so many seconds of an address that has shown a right one. Behind it is a house with many encoders:
the one that was set up wrong is not to shut the others out."""

MOST_ADDRESSES = 4_096
"""Remembered at once; beyond it those that were wrong the longest ago are forgotten."""


@dataclass(slots=True)
class _Record:
    wrong: int = 0
    newest: float = 0.0
    until: float = 0.0
    known: bool = False
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=KNOWN_TRIES))


class Backoff:
    """`refused` counts the tries that were not looked at."""

    def __init__(self) -> None:
        self.refused = 0
        self._records: dict[str, _Record] = {}

    def wait(self, address: str, now: float) -> float:
        """Seconds until a secret of this address is looked at again; 0 if it is now."""
        record = self._records.get(house(address))
        return 0.0 if record is None else max(0.0, record.until - now)

    def refuse(self) -> None:
        """Count a try that was not looked at."""
        self.refused += 1

    def fail(self, address: str, now: float) -> None:
        """A wrong secret."""
        record = self._take(address)
        if now - record.newest > FORGOTTEN_AFTER:
            record.wrong = 0
        record.wrong += 1
        record.newest = now
        record.recent.append(now)
        if record.known:
            if len(record.recent) == KNOWN_TRIES:
                record.until = record.recent[0] + KNOWN_WINDOW
        elif record.wrong >= FREE_TRIES:
            doublings = min(record.wrong - FREE_TRIES, 10)
            record.until = now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)

    def succeed(self, address: str) -> None:
        """A right secret."""
        if house(address) in self._records:
            record = self._take(address)
            record.known, record.wrong = True, 0
        elif len(self._records) < MOST_ADDRESSES:
            self._take(address).known = True

    def _take(self, address: str) -> _Record:
        """The address's record, now the newest."""
        name = house(address)
        record = self._records.pop(name, None) or _Record()
        self._records[name] = record
        if len(self._records) > MOST_ADDRESSES:
            del self._records[next(iter(self._records))]
        return record
