"""How often one address may ask for something. Pure; time is passed in."""

from collections import deque

from vitrine.media.address import house

ATTEMPTS = 20
"""Sessions asked for in WINDOW seconds, of one address, whatever becomes of them. Encoders that lost their connection
ask once a second at most; behind one address may be a whole production house."""

WINDOW = 10.0

COMPLAINTS = 5
"""Lines in the log in WINDOW seconds about what one address was refused; a flood is not to fill the disk."""

MAX_ADDRESSES = 4_096
"""Addresses remembered at once. Beyond it the oldest are forgotten: their owners have many, and gain little."""


class Attempts:
    """A sliding window over the newest attempts of each address; IPv6 addresses of one house count together."""

    def __init__(self, most: int = ATTEMPTS) -> None:
        """`most` in WINDOW seconds."""
        self._most = most
        self._taken: dict[str, deque[float]] = {}

    def take(self, address: str, now: float) -> float:
        """Count an attempt at monotonic time `now`: 0 if it may pass, else the seconds to wait."""
        address = house(address)
        taken = self._taken.pop(address, None) or deque(maxlen=self._most)
        self._taken[address] = taken  # now the newest
        if len(self._taken) > MAX_ADDRESSES:
            del self._taken[next(iter(self._taken))]
        if len(taken) == self._most and (left := taken[0] + WINDOW - now) > 0:
            return left
        taken.append(now)
        return 0.0
