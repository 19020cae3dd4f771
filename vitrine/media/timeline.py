"""Source stamps become session time. Nothing else touches raw stamps.

A publisher's stamps wrap, step back a little, or jump by hours when its encoder restarts. Session time is
unwrapped and repaired: it starts at 0 with the first stamp, never runs backward on a track, keeps true gaps,
and goes on at the pace of arrival over a jump.
"""

JUMP_SECONDS = 10
"""A step longer than this is a new origin of the source's clock, unless as much time has really passed.
Publishers that buffer through a bad network deliver some seconds late; encoders that restart jump by hours."""


STEP_BACK_SECONDS = 1
"""A step back longer than this is a new origin too: clamping it would stop the picture for as long."""

FASTEST = 1.1
"""Seconds of stamps in a second that a publisher may go on with for ever: no encoder's clock is off by as much."""


class Timeline:
    """The clock of one session, of all its tracks together, so that their offset to each other is kept.

    `jumps` and `regressions` count the repairs made.
    """

    def __init__(self, timescale: int, modulus: int, most_ahead: int | None = None) -> None:
        """Stamps count `timescale` ticks a second and wrap at `modulus`. Those that are more than `most_ahead` seconds
        ahead of what has really passed count as a jump; where None, whoever reads them sees to that.
        """
        self.jumps = 0
        self.regressions = 0
        self._timescale = timescale
        self._modulus = modulus
        self._limit = JUMP_SECONDS * timescale
        self._back_limit = STEP_BACK_SECONDS * timescale
        self._stamp: int | None = None  # the newest stamp, unwrapped
        self._arrived = 0.0
        self._offset = 0  # session time minus unwrapped stamp
        self._former_offset: int | None = None
        self._most_ahead = None if most_ahead is None else most_ahead * timescale
        self._ahead = self._most_ahead or 0  # ticks by which stamps may still run ahead
        self._newest: dict[int, int] = {}  # session time by track

    def restart(self) -> None:
        """Another source's stamps follow, and session time begins at 0 again; what may run ahead does not."""
        self.jumps = self.regressions = self._offset = 0
        self._stamp = self._former_offset = None
        self._newest.clear()

    def place(self, track_id: int, stamp: int, now: float) -> int:
        """Session time of an access unit, in ticks. `stamp` is its raw decoding stamp, `now` monotonic seconds."""
        if self._stamp is None:
            self._stamp, self._arrived, self._offset = stamp, now, -stamp
        step = self._step(stamp)
        likely = -self._back_limit <= step <= self._limit or abs(step - self._ticks_since(now)) <= self._back_limit
        if likely and self._has_time_for(step, now):
            placed = self._advance(step, now)
        elif not likely and self._belongs_before_jump(step):
            assert self._former_offset is not None
            placed = self._stamp + step + self._former_offset
        else:
            placed = self._jump(step, now)
        newest = self._newest.get(track_id, placed)
        if placed < newest:
            self.regressions += 1
            placed = newest
        self._newest[track_id] = placed
        return placed

    def look_up(self, stamp: int) -> int:
        """Session time of a stamp that belongs to no track, as a data message's; nothing is placed by it.

        It is a hint: encoders that have no clock for their data send 0, others one of their own. A stamp that is 0,
        or far from the newest of the media, counts as that newest one.
        """
        if self._stamp is None:
            return 0
        found = None if stamp == 0 else self.find(stamp)
        return self._stamp + self._offset if found is None else found

    def find(self, stamp: int) -> int | None:
        """Session time of a stamp that is read off the same clock; None if it is far from the newest of the media."""
        if self._stamp is None:
            return None
        step = self._step(stamp)
        if abs(step) <= self._limit:
            return self._stamp + step + self._offset
        if self._belongs_before_jump(step):
            assert self._former_offset is not None
            return self._stamp + step + self._former_offset
        return None

    def _step(self, stamp: int) -> int:
        """Signed distance from the newest stamp, across any wrap: serial arithmetic, RTMP 1.0 section 4."""
        assert self._stamp is not None
        half = self._modulus // 2
        return (stamp - self._stamp + half) % self._modulus - half

    def _ticks_since(self, now: float) -> int:
        return round((now - self._arrived) * self._timescale)

    def _has_time_for(self, step: int, now: float) -> bool:
        if self._most_ahead is None or step <= 0:
            return True
        ahead = self._ahead + round(FASTEST * self._ticks_since(now)) - step
        if ahead >= 0:
            self._ahead = min(self._most_ahead, ahead)
        return ahead >= 0

    def _advance(self, step: int, now: float) -> int:
        assert self._stamp is not None
        placed = self._stamp + step + self._offset
        if step > 0:
            self._stamp += step
            self._arrived = now
        return placed

    def _belongs_before_jump(self, step: int) -> bool:
        """One track jumps before the other: until both have, stamps of the former origin still come in."""
        if self._former_offset is None:
            return False
        assert self._stamp is not None
        return abs(step + self._former_offset - self._offset) <= self._limit

    def _jump(self, step: int, now: float) -> int:
        """A new origin: session time goes on by the time that has passed."""
        assert self._stamp is not None
        self.jumps += 1
        placed = self._stamp + self._offset + max(self._ticks_since(now), 0)
        self._former_offset = self._offset
        self._stamp += step
        self._offset = placed - self._stamp
        self._arrived = now
        return placed
