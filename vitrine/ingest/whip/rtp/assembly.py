"""Packets in order to pictures: one is whole with its marker packet, without waiting for the next one's first."""

from dataclasses import dataclass

from vitrine.ingest.whip.rtp.picture import MOST_BYTES, MOST_PACKETS
from vitrine.ingest.whip.rtp.reorder import Ordered


@dataclass(frozen=True, slots=True)
class Assembled:
    """One picture's payloads. `damaged`: something within is missing; `gap`: something before it is.

    `arrived` is when its first packet came.
    """

    timestamp: int
    arrived: float
    payloads: tuple[bytes, ...]
    damaged: bool
    gap: bool


class Assembly:
    """Collects one picture at a time."""

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._payloads: list[bytes] = []
        self._bytes = 0
        self._arrived = 0.0
        self._damaged = self._gap = False

    def push(self, ordered: Ordered) -> list[Assembled]:
        """A packet in its turn; the pictures it completes: two where the one before had no marker."""
        packet = ordered.packet
        finished: list[Assembled] = []
        if self._payloads and packet.timestamp != self._timestamp:
            self._damaged |= ordered.gap
            finished.append(self._take())
        if not self._payloads:
            self._gap = ordered.gap
            self._arrived = ordered.arrived
        else:
            self._damaged |= ordered.gap
            self._arrived = min(self._arrived, ordered.arrived)
        self._timestamp = packet.timestamp
        self._bytes += len(packet.payload)
        if self._bytes <= MOST_BYTES and len(self._payloads) < MOST_PACKETS:
            self._payloads.append(packet.payload)
        else:
            self._damaged = True
        if packet.marker:
            finished.append(self._take())
        return finished

    def _take(self) -> Assembled:
        assert self._timestamp is not None
        taken = Assembled(self._timestamp, self._arrived, tuple(self._payloads), self._damaged, self._gap)
        self._clear()
        return taken
