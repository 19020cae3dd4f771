"""A recorded stream again and again, as one stream whose stamps never step back."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from vitrine.ingest.file.interleave import Interleaver
from vitrine.media.access_unit import AccessUnit
from vitrine.media.ticks import ticks_at
from vitrine.media.track import Track, VideoTrack

MAX_HELD = 1024
"""Audio units held until it is known whether a picture follows them: twenty seconds.
Sound that goes on for longer than that after the last picture is played out."""


class _Extent:
    """Stamps of one track over one turn, before they are moved."""

    def __init__(self, timescale: int) -> None:
        self.timescale = timescale
        self.count = 0
        self.first = 0
        self.last = 0

    def add(self, pts: int) -> None:
        self.first = min(self.first, pts) if self.count else pts
        self.last = max(self.last, pts) if self.count else pts
        self.count += 1

    @property
    def unit(self) -> Fraction:
        """Mean ticks from one access unit to the next; 0 while that is not known."""
        return Fraction(self.last - self.first, self.count - 1) if self.count > 1 else Fraction(0)

    @property
    def end(self) -> Fraction:
        """Seconds at which the last access unit ends."""
        return (self.last + self.unit) / self.timescale


class Repeater:
    """Moves each turn of a stream behind the one before it. Every turn is the same recording.

    A turn lasts as long as its pictures, so that frame follows frame; without pictures, as long as its sound.
    Sound stays in sync with the pictures of its own turn: at each seam it is joined without a break where the
    recording allows, by moving it half an audio frame at most and dropping what lies over the other turn.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._extents = {track.id: _Extent(track.timescale) for track in tracks}
        self._lead = next((track.id for track in tracks if isinstance(track, VideoTrack)), tracks[0].id)
        self._held: list[AccessUnit] = []
        self._sound_outlasts = False
        self._period: Fraction | None = None
        self._start = Fraction(0)
        self._sound_end: Fraction | None = None
        self._sound_shift: int | None = None

    def push(self, unit: AccessUnit) -> list[AccessUnit]:
        """The next unit of this turn, stamps as recorded. Returns what may go out, stamps moved."""
        extent = self._extents[unit.track_id]
        if self._period is None:
            extent.add(unit.pts)
        if unit.track_id == self._lead:
            return [*self._release(), _moved(unit, ticks_at(self._start, extent.timescale))]
        self._held.append(unit)
        if len(self._held) <= MAX_HELD:
            return []
        self._sound_outlasts = True
        return self._release()

    def flush(self) -> list[AccessUnit]:
        """The turn has ended. Returns its last units; what is pushed next starts the following turn."""
        if self._period is None:
            self._period = self._measure()
        released = self._release(self._start + self._period)
        self._start += self._period
        self._sound_shift = None
        return released

    def _measure(self) -> Fraction:
        if self._sound_outlasts:
            return max(extent.end for extent in self._extents.values())
        return self._extents[self._lead].end

    def _release(self, next_start: Fraction | None = None) -> list[AccessUnit]:
        """The sound that was held, but for what would lie over the turn before or the one that starts next."""
        released = []
        for unit in self._held:
            extent = self._extents[unit.track_id]
            shift = self._seam(unit, extent) if self._sound_shift is None else self._sound_shift
            moved = unit.pts + shift
            end = None if next_start is None else next_start * extent.timescale + max(extent.first, 0)
            if self._sound_end is not None and moved < round(self._sound_end) - extent.unit / 2:
                continue
            if end is not None and moved + extent.unit / 2 >= end:
                break
            self._sound_shift = shift
            released.append(_moved(unit, shift))
            self._sound_end = moved + extent.unit
        self._held = []
        return released

    def _seam(self, unit: AccessUnit, extent: _Extent) -> int:
        """The shift of this turn's sound: exact, or half an audio frame off it at most to join without a break."""
        shift = ticks_at(self._start, extent.timescale)
        if self._sound_end is None or abs(unit.pts + shift - self._sound_end) > extent.unit / 2:
            return shift
        return round(self._sound_end) - unit.pts


def _moved(unit: AccessUnit, shift: int) -> AccessUnit:
    return AccessUnit(unit.track_id, unit.dts + shift, unit.pts + shift, unit.keyframe, unit.data)


def repeat(turns: Iterable[Iterable[AccessUnit]], tracks: Sequence[Track]) -> Iterator[AccessUnit]:
    """Every turn, one after the other, as one stream in decode order."""
    repeater, interleaver = Repeater(tracks), Interleaver(tracks)
    for turn in turns:
        for unit in turn:
            for moved in repeater.push(unit):
                yield from interleaver.push(moved)
        for moved in repeater.flush():
            yield from interleaver.push(moved)
    yield from interleaver.flush()
