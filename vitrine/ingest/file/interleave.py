"""Tracks of one file, put in one order: by decoding time, however the file stores them."""

from collections import deque
from collections.abc import Iterable
from math import lcm

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Track

MAX_WAITING = 512
"""Access units of one track held back for another's. Ten seconds of audio: MP4 writers store a second at a time."""


class Interleaver:
    """Merges tracks by decoding time. Units of one track keep their order."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        timescales = {track.id: track.timescale for track in tracks}
        common = lcm(*timescales.values())
        self._weights = {track_id: common // timescale for track_id, timescale in timescales.items()}
        self._waiting: dict[int, deque[AccessUnit]] = {track_id: deque() for track_id in timescales}

    def push(self, unit: AccessUnit) -> list[AccessUnit]:
        """The units that nothing earlier can precede any more.

        A track that falls more than MAX_WAITING units behind is no longer waited for.
        """
        queue = self._waiting[unit.track_id]
        queue.append(unit)
        ready = []
        while all(self._waiting.values()) or len(queue) > MAX_WAITING:
            ready.append(self._pop())
        return ready

    def flush(self) -> list[AccessUnit]:
        """All that is left, in order."""
        return [self._pop() for _ in range(sum(map(len, self._waiting.values())))]

    def _pop(self) -> AccessUnit:
        queues = [queue for queue in self._waiting.values() if queue]
        earliest = min(queues, key=lambda queue: queue[0].dts * self._weights[queue[0].track_id])
        return earliest.popleft()
