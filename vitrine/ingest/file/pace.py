"""When each access unit of a file is due, so that the file plays in at the pace of a camera."""

from fractions import Fraction

MAX_BEHIND = 0.5
"""Seconds. After a longer stall the clock starts anew: a player's buffer has run dry by then, and a burst of
everything that was missed would look like no encoder ever does."""

CATCH_UP = 0.5
"""Share of a unit's own interval that is still waited while behind: twice real time, and no burst."""


class Pacer:
    """Real-time pacing from monotonic time and media time. The caller waits, then sends."""

    def __init__(self) -> None:
        self._origin: float | None = None
        self._last_media = 0.0
        self._last_sent = 0.0

    def due(self, now: float) -> Fraction:
        """The media time in seconds that is due at `now`, whether or not anything is sent."""
        return Fraction(0) if self._origin is None else Fraction(now - self._origin)

    def delay(self, now: float, at: Fraction) -> float:
        """Seconds from `now` until the unit at media time `at` (seconds) may be sent; 0 if it is due.

        Call it once for each unit, in decode order, and send when the delay has passed. The first unit is due
        at once. Units behind the clock follow at twice real time; beyond MAX_BEHIND the clock is set back.
        """
        media = float(at)
        if self._origin is None:
            self._origin = now - media
            self._last_media, self._last_sent = media, now
            return 0.0
        due = self._origin + media
        if due < now - MAX_BEHIND:
            self._origin = now - media
            due = now
        earliest = self._last_sent + CATCH_UP * max(0.0, media - self._last_media)
        due = max(due, earliest, now)
        self._last_media, self._last_sent = max(media, self._last_media), due
        return due - now
