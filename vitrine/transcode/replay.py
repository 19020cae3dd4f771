"""What a worker was given lately: all that another one needs to go on where this one stopped. Pure."""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.ticks import seconds
from vitrine.media.track import Track, VideoTrack

MAX_BYTES = 16 << 20
"""Ten seconds, the longest that encoders leave between two keyframes, of an extravagant 12 Mbit/s feed."""

MAX_UNITS = 2_000
"""Access units: ten seconds of picture and sound, and of sound alone, which has no keyframes, some twenty."""


@dataclass(slots=True)
class _Group:
    """A keyframe, and what came from it to the next: `start` in seconds."""

    start: Fraction
    units: list[AccessUnit] = field(default_factory=list)


class Replay:
    """Tracks, and access units from a keyframe on: after `trim`, from the last that is not after what was delivered.

    Where those are too many there are none until the next keyframe.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, Track] = {}
        self._groups: deque[_Group] = deque()
        self._count = self._bytes = 0

    @property
    def items(self) -> list[Track | AccessUnit]:
        """In the order in which they are to be given."""
        return [*self._tracks.values(), *self.units]

    @property
    def units(self) -> list[AccessUnit]:
        return [unit for group in self._groups for unit in group.units]

    @property
    def waits_for_keyframe(self) -> bool:
        """There are pictures, and none could be given again."""
        return self._has_pictures and not self._groups

    @property
    def has_more(self) -> bool:
        """More than one keyframe: some of it may not be needed any more."""
        return len(self._groups) > 1

    @property
    def _has_pictures(self) -> bool:
        return any(isinstance(track, VideoTrack) for track in self._tracks.values())

    def add_track(self, track: Track) -> None:
        self._tracks[track.id] = track

    def push(self, unit: AccessUnit) -> None:
        """A unit in programme time."""
        track = self._tracks[unit.track_id]
        if isinstance(track, VideoTrack) and unit.keyframe:
            self._groups.append(_Group(seconds(unit.pts, track.timescale)))
        elif not self._groups:
            if self._has_pictures:
                return
            self._groups.append(_Group(seconds(unit.pts, track.timescale)))
        self._groups[-1].units.append(unit)
        self._count += 1
        self._bytes += len(unit.data)
        if self._bytes > MAX_BYTES or self._count > MAX_UNITS:
            self.forget_units()

    def forget_units(self) -> None:
        """What was pushed until now is not given again; the tracks are."""
        self._groups.clear()
        self._count = self._bytes = 0

    def leave(self) -> None:
        """The publisher is gone."""
        self._tracks.clear()
        self.forget_units()

    def trim(self, delivered: Fraction) -> None:
        """What had been `delivered` of the pictures, in seconds of programme time, need not be given again."""
        while len(self._groups) > 1 and self._groups[1].start <= delivered:
            gone = self._groups.popleft()
            self._count -= len(gone.units)
            self._bytes -= sum(len(unit.data) for unit in gone.units)
