"""A recording that has lost its server, as a camera would do it: when to try again, and where to go on. Pure."""

from collections.abc import Sequence
from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.ticks import ticks_at
from vitrine.media.track import Track

LONGEST_ABSENCE = 60.0
"""Seconds for which a lost server is tried again: servers wait as long for a publisher, unless told otherwise."""

STEADY = 5.0
"""Seconds that a session must have lasted to count as a return. A server that takes a publisher and drops it again and
again is lost all the time."""

WAITS = (0.25, 0.5, 1.0)
"""Seconds before the first tries; the last one counts for all that follow. Servers are started again within seconds."""


EARLIER = Fraction(2)
"""Seconds, a usual keyframe interval: a camera is so much later rather than that viewers wait for a picture."""


class Returning:
    """How long a server has been lost. `now` is monotonic."""

    def __init__(self) -> None:
        self._lost: float | None = None
        self._back = 0.0
        self._tries = 0

    def left(self, now: float) -> float:
        """Seconds for which it is still tried again."""
        return LONGEST_ABSENCE if self._lost is None else max(0.0, self._lost + LONGEST_ABSENCE - now)

    def wait(self, now: float) -> float | None:
        """The server is lost, or still not there: seconds until the next try, None where it is given up."""
        if self._lost is None:
            self._lost = now
        wait = WAITS[min(self._tries, len(WAITS) - 1)]
        self._tries += 1
        return wait if wait <= self.left(now) else None

    def back(self, now: float) -> None:
        """The server takes the stream again."""
        self._back, self._tries = now, 0

    def send(self, now: float) -> None:
        """Something was sent."""
        if self._lost is not None and now - self._back >= STEADY:
            self._lost = None


class Rejoin:
    """Leaves out what a camera would have filmed for nobody. The next keyframe begins anew, at time 0."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        """The first track is the one whose keyframes are waited for."""
        self._lead = tracks[0]
        self._timescales = {track.id: track.timescale for track in tracks}
        self._due: Fraction | None = None
        self._origin = Fraction(0)

    def come_to(self, due: Fraction) -> None:
        """A new session, at `due` seconds of the recording: it begins with a keyframe at most EARLIER than that."""
        self._due = due - EARLIER

    def push(self, unit: AccessUnit) -> AccessUnit | None:
        """The unit for the session that there is; None where it is left out."""
        at = Fraction(unit.pts, self._timescales[unit.track_id])
        if self._due is not None:
            if unit.track_id != self._lead.id or not unit.keyframe or at < self._due:
                return None
            self._due, self._origin = None, at
        shift = ticks_at(self._origin, self._timescales[unit.track_id])
        return AccessUnit(unit.track_id, unit.dts - shift, unit.pts - shift, unit.keyframe, unit.data)
