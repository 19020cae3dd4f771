"""Packets of one stream in the order of their sequence numbers, as soon as that is possible."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.ingest.whip.rtp.nack import MOST_MISSING, Nacks
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.ingest.whip.rtp.sequence import Unwrapper

MOST_BYTES = 4 << 20
"""Held behind a gap: ten keyframes of 400 KB, or eight seconds of 4 Mbit/s."""

MOST_PACKETS = 8_192
"""Held behind a gap; a quarter of what serial arithmetic on 16 bits can tell apart."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A packet in its turn. `gap` is true where what should stand before it never came."""

    packet: RtpPacket
    arrived: float
    gap: bool


class Reorder:
    """`duplicates` counts packets that came twice, or after they were given up."""

    def __init__(self, nacks: Nacks) -> None:
        self.duplicates = 0
        self._nacks = nacks
        self._unwrapper = Unwrapper()
        self._next: int | None = None
        self._held: dict[int, tuple[RtpPacket, float]] = {}
        self._bytes = 0
        self._gap = False

    def push(self, packet: RtpPacket, now: float) -> list[Ordered]:
        """Take a packet; what it sets free, in order."""
        highest = self._unwrapper.highest
        number = self._unwrapper.place(packet.sequence)
        if self._next is None or highest is None:
            self._next = number
        elif number > highest + 1:
            if number - highest > MOST_MISSING:
                self._restart(number)
            else:
                self._nacks.miss(range(highest + 1, number), now)
        if number < self._next or number in self._held:
            self.duplicates += 1
            return []
        self._nacks.find(number, now)
        self._held[number] = packet, now
        self._bytes += len(packet.payload)
        return [*self._released(), *self._squeezed()]

    def handle_deadline(self, now: float) -> list[Ordered]:
        """Give up what has been waited for long enough; what that sets free, in order."""
        freed: list[Ordered] = []
        while self._held and self._next is not None and self._nacks.is_hopeless(self._next, now):
            self._skip()
            freed += self._released()
        return freed

    def _restart(self, number: int) -> None:
        """A gap too long to be filled: go on behind it."""
        assert self._next is not None
        while self._held:
            self._bytes -= len(self._held.pop(next(iter(self._held)))[0].payload)
        for missing in range(self._next, min(number, self._next + MOST_PACKETS)):
            self._nacks.give_up(missing)
        self._next, self._gap = number, True

    def _squeezed(self) -> Iterator[Ordered]:
        while self._bytes > MOST_BYTES or len(self._held) > MOST_PACKETS:
            self._skip()
            yield from self._released()

    def _skip(self) -> None:
        assert self._next is not None
        self._nacks.give_up(self._next)
        self._next += 1
        self._gap = True

    def _released(self) -> Iterator[Ordered]:
        while self._next in self._held:
            packet, arrived = self._held.pop(self._next)
            self._bytes -= len(packet.payload)
            gap, self._gap = self._gap, False
            self._next += 1
            yield Ordered(packet, arrived, gap)
