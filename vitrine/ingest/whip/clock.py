"""One clock for a publisher's picture and sound, out of two RTP clocks that say nothing of each other.

Sound rules: it goes on at its own pace, and the picture is laid beside it. Where is told by sender reports, which date
both clocks by a third one, and until they have come, or where they never do (OBS), by arrival: of each track the
packets that were under way for the shortest time. A better knowledge moves the picture slowly, never back.
"""

from collections import deque

from vitrine.media.ticks import rescale
from vitrine.media.timeline import Timeline

FINE = 720_000
"""Ticks a second in which clocks are compared: a multiple of the 90,000 of pictures and the 48,000 of sound."""

MODULUS = 1 << 32

SLEW = 10
"""The picture's clock is moved by one part in so many at most: 100 ms in a second, a frame in ten."""

TOLERANCE = FINE * 3 // 1000
"""An error below 3 ms is left alone: arrival is no more exact."""

LARGEST_SKEW = 2 * FINE
"""Sender reports that contradict arrival by more are of two clocks, or wrong: no encoder is 2 s behind the other."""

MOST_AHEAD = 15
"""Seconds of stamps that may come at once: what a network held back for as long as no jump is made of, and a moment."""

WINDOW = 10
"""Seconds over which the shortest time under way is taken: long enough to find it, short enough to follow drift."""


REPORTS = 5
"""Sender reports of which the median counts: a busy publisher dates one wrongly by as long as it was kept waiting."""


class Quickest:
    """The least of what was seen in the last WINDOW seconds, to within a second."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque()

    def push(self, value: int, now: float) -> None:
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = second, min(self._seconds[-1][1], value)
        else:
            self._seconds.append((second, value))
        while self._seconds[0][0] <= second - WINDOW:
            self._seconds.popleft()

    @property
    def value(self) -> int | None:
        return min((value for _, value in self._seconds), default=None)

    def clear(self) -> None:
        self._seconds.clear()


class TrackClock:
    """One track's RTP clock: `offset` added to its own time, in FINE ticks, is session time."""

    def __init__(self, timescale: int) -> None:
        self.timescale = timescale
        self.timeline = Timeline(timescale, MODULUS, MOST_AHEAD)
        self.offset: int | None = None
        self.newest = 0
        self._arrival = Quickest()
        self._reports: deque[int] = deque(maxlen=REPORTS)  # NTP time minus its own time, FINE
        self._jumps = 0
        self._emitted = 0
        self._placed_at: float | None = None

    @property
    def arrival(self) -> int | None:
        """Arrival minus its own time, FINE, of the quickest packets."""
        return self._arrival.value

    @property
    def reported(self) -> int | None:
        """NTP time minus its own time, FINE, as sender reports have it; None before the first."""
        return sorted(self._reports)[(len(self._reports) - 1) // 2] if self._reports else None

    def report(self, ntp: int, own: int) -> None:
        self._reports.append(ntp - own)

    def place(self, stamp: int, now: float) -> int:
        """Its own time of a stamp, FINE, never backward."""
        placed = self.timeline.place(0, stamp, now) * (FINE // self.timescale)
        if self.timeline.jumps != self._jumps:
            self._jumps = self.timeline.jumps
            self._reports.clear()
            self._arrival.clear()
        self._arrival.push(round(now * FINE) - placed, now)
        return placed

    def restart(self) -> None:
        """Another stream, with another clock, takes this one's place."""
        self.timeline.restart()
        self.offset = None
        self._reports.clear()
        self.newest = self._jumps = 0
        self._arrival.clear()

    def continued(self, now: float) -> int:
        """The offset by which a new stream goes on from the one before it, at the pace of arrival."""
        if self._placed_at is None:
            return 0
        return self._emitted * (FINE // self.timescale) + round((now - self._placed_at) * FINE)

    def find(self, stamp: int) -> int | None:
        found = self.timeline.find(stamp)
        return None if found is None else found * (FINE // self.timescale)

    def emit(self, fine: int, now: float) -> tuple[int, int]:
        """Decoding and presentation time in ticks of the track, for its own time `fine`."""
        self._placed_at = now
        assert self.offset is not None
        shown = rescale(fine + self.offset, FINE, self.timescale)
        self._emitted = max(self._emitted, shown)
        return self._emitted, shown


class SessionClock:
    """Session time begins at 0 with the first packet of any track. Tracks are named by their ids."""

    def __init__(self, sound: int, pictures: int, timescales: dict[int, int]) -> None:
        self._clocks = {track_id: TrackClock(timescale) for track_id, timescale in timescales.items()}
        self._sound, self._pictures = sound, pictures

    def place(self, track_id: int, stamp: int, arrived: float) -> tuple[int, int]:
        """(dts, pts) of a unit, in ticks of its track. `arrived` is when its first packet came, monotonic seconds."""
        clock = self._clocks[track_id]
        own = clock.place(stamp, arrived)
        step, clock.newest = max(0, own - clock.newest), own
        self._align(track_id, clock, step, arrived)
        shown = clock.find(stamp)
        dts, pts = clock.emit(own, arrived)
        if shown is not None and shown < own:  # a picture that is shown before one decoded earlier
            _, pts = clock.emit(shown, arrived)
        return dts, max(pts, 0)

    def restart(self, track_id: int) -> None:
        """Another stream, with another clock, takes the place of this track's."""
        self._clocks[track_id].restart()

    def report(self, track_id: int, ntp: int, stamp: int) -> None:
        """A sender report: the RTP time `stamp` was NTP time `ntp`, in 2**-32 s."""
        clock = self._clocks[track_id]
        own = clock.find(stamp)
        if own is not None:
            clock.report(ntp * FINE >> 32, own)

    def _align(self, track_id: int, clock: TrackClock, step: int, now: float) -> None:
        target = self._target(track_id, clock)
        if clock.offset is None:
            clock.offset = clock.continued(now) if target is None else target
        elif track_id == self._pictures and target is not None and abs(target - clock.offset) > TOLERANCE:
            most = step // SLEW
            clock.offset += max(-most, min(most, target - clock.offset))

    def _target(self, track_id: int, clock: TrackClock) -> int | None:
        """Where the other track says that this one lies."""
        other = self._clocks.get(self._sound if track_id == self._pictures else self._pictures)
        if other is None or other.offset is None or other.arrival is None or clock.arrival is None:
            return None
        by_arrival = clock.arrival - other.arrival
        if clock.reported is not None and other.reported is not None:
            by_report = clock.reported - other.reported
            if abs(by_report - by_arrival) <= LARGEST_SKEW:
                return other.offset + by_report
        return other.offset + by_arrival
