"""Holds a session that is not on air, ready to be shown at any instant: from its last keyframe on. Pure."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.ticks import seconds
from vitrine.media.track import Track, VideoTrack
from vitrine.transcode.gate import rebased
from vitrine.transcode.replay import Replay


class Standby:
    """Like a `Gate`, in front of a broadcast whose output rate is decided: closed until `open` is called."""

    def __init__(self, rate: Fraction, tracks: Iterable[Track] = (), dropped: int = 0) -> None:
        self.rate: Fraction | None = None
        self.dropped = dropped
        self._decided_rate = rate
        self._tracks: dict[int, Track] = {}
        self._held = Replay()
        self._shift = Fraction(0)
        self._start = Fraction(0)
        for track in tracks:
            self.add_track(track)

    @property
    def tracks(self) -> Sequence[Track]:
        return tuple(self._tracks.values())

    @property
    def ready(self) -> bool:
        """There is something to begin with."""
        return bool(self._held.units)

    def add_track(self, track: Track) -> None:
        self._tracks[track.id] = track
        self._held.add_track(track)

    def state_rate(self, rate: Fraction) -> None:
        """Of no interest any more."""

    def push(self, unit: AccessUnit) -> list[AccessUnit]:
        """What may pass now: nothing while closed."""
        track = self._tracks.get(unit.track_id)
        if track is None:
            self.dropped += 1
            return []
        if self.rate is not None:
            return [rebased(unit, track, self._shift)]
        self._held.push(unit)
        self._held.trim(seconds(unit.pts, track.timescale))
        return []

    def open(self, at: Fraction) -> list[AccessUnit]:
        """All that is held, its newest picture to be shown at a programme time in seconds."""
        units = self._held.units
        pictures = [unit for unit in units if isinstance(self._tracks[unit.track_id], VideoTrack)]
        newest = max(self._time(unit) for unit in pictures or units)
        self.rate, self._shift, self._start = self._decided_rate, at - newest, at
        self._held.leave()
        return [rebased(unit, self._tracks[unit.track_id], self._shift) for unit in units]

    def programme(self, time: Fraction) -> Fraction | None:
        """Programme time of a session time, both in seconds; None while closed."""
        return None if self.rate is None else max(time + self._shift, self._start)

    def postpone(self, time: Fraction) -> None:
        """Shift what is pushed from here on by so many seconds of programme time more."""
        self._shift += time

    def flush(self) -> list[AccessUnit]:
        """The session is over; what was never on air is not shown."""
        return []

    def _time(self, unit: AccessUnit) -> Fraction:
        return seconds(unit.pts, self._tracks[unit.track_id].timescale)
