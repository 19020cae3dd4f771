"""An audio stream's packets to blocks of sound, with something for the decoder where one was lost."""

from collections.abc import Iterator

from vitrine.ingest.whip.rtp.opus import CONCEALED, concealment, frame_samples, packet_samples
from vitrine.ingest.whip.rtp.reorder import Ordered

HALF = 1 << 31


class Sounds:
    """`concealed` counts the packets made up."""

    def __init__(self) -> None:
        self.concealed = 0
        self._last: bytes | None = None
        self._due = 0  # the stamp that comes next

    def push(self, ordered: Ordered) -> list[tuple[int, bytes]]:
        """(RTP stamp, Opus packet) of what a packet in its turn brings."""
        packet = ordered.packet
        samples = packet_samples(packet.payload)
        if not samples:
            return []
        sounds = [*self._concealed(packet.timestamp)] if ordered.gap else []
        self._last = packet.payload
        self._due = (packet.timestamp + samples) & 0xFFFFFFFF
        return [*sounds, (packet.timestamp, packet.payload)]

    def _concealed(self, until: int) -> Iterator[tuple[int, bytes]]:
        if self._last is None:
            return
        step = frame_samples(self._last[0])
        missing = ((until - self._due + HALF) & 0xFFFFFFFF) - HALF
        for _ in range(min(CONCEALED, missing // step)):
            self.concealed += 1
            yield self._due, concealment(self._last)
            self._due = (self._due + step) & 0xFFFFFFFF
