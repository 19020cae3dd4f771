"""When media came, and for how long what is not done of it has waited: what a network gave in one piece waits for us
only from then on.
"""

import threading
from collections import deque

KEPT = 512
"""Access units looked back at: twice as many as may wait within a worker."""


class Arrivals:
    """Of one kind of media. One thread notes, others ask. `time` and `done` are programme time, `came` and `now` the
    monotonic clock, in seconds.
    """

    def __init__(self) -> None:
        self._noted: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def note(self, time: float, came: float) -> None:
        with self._lock:
            self._noted.append((time, came))

    def waited(self, done: float, now: float) -> float:
        """For how long the oldest of what lies after `done` has waited; 0 where nothing does."""
        oldest = now
        with self._lock:
            for time, came in reversed(self._noted):
                if time <= done:
                    break
                oldest = came
        return max(0.0, now - oldest)
