"""Holds a session's first access units until a broadcast can start: a keyframe to decode from, the picture's rate.

What passes is rebased from session time to programme time, so that the first keyframe is shown at the instant
the broadcast wants it: 0 for a new one, later when a publisher takes over or comes back. The output rate of a broadcast
never changes, so that only its first session is held for longer than to its first keyframe.
"""

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import median_low

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import RATES, nearest_rate
from vitrine.media.ticks import seconds, ticks_at
from vitrine.media.track import AudioTrack, Track, VideoTrack

RATE_UNITS = 10
"""Pictures looked at for the frame rate: a third of a second at 30 frames a second, as long as the encoder's delay."""

LONGEST_HOLD = Fraction(1)
"""Seconds held at most behind a keyframe while the rate is unknown: a slide show must start too."""

SOUND_ALONE = Fraction(2)
"""Seconds of sound, with no word of a picture, after which the broadcast starts without one."""

KEYFRAME_WAIT = Fraction(10)
"""The same where a picture was announced: relays join in the middle of a GOP, and encoders make GOPs of up to 10 s."""

HELD_UNITS = 2_000
"""Access units held at most, then the gate opens: twice the sound of KEYFRAME_WAIT at 96 kHz."""

HELD_BYTES = 16 << 20
"""Bytes of them, then the gate opens too: a second of pictures behind the largest keyframe that RTMP carries, 8 MB."""

DEFAULT_RATE = Fraction(30)

HINT_TOLERANCE = Fraction(6, 100)
"""How far a stated rate may be from the measured one and still be believed. Stamps of whole milliseconds put the
median interval at 60 frames a second up to 4.2 % off; 24 and 25 are 4.2 % apart, 25 and 30 are 20 %."""


class Gate:
    """A media core: `push` gives what may pass, in programme time.

    `rate` is None until the gate opens, then the output rate, one of media.grid.RATES. `dropped` counts pictures
    before the first keyframe.
    """

    def __init__(self, at: Callable[[], Fraction] = Fraction, rate: Fraction | None = None) -> None:
        """`at` tells, when the first keyframe comes, the programme time in seconds at which it is to be shown; `rate`
        is the output rate where it is decided already.
        """
        self.rate: Fraction | None = None
        self.dropped = 0
        self._at = at
        self._decided_rate = rate
        self._tracks: dict[int, Track] = {}
        self._stated_rate: Fraction | None = None
        self._held: deque[AccessUnit] = deque()
        self._bytes = 0
        self._keyframe: AccessUnit | None = None
        self._pictures = 0
        self._start = Fraction(0)
        self._shift = Fraction(0)  # seconds to add

    @property
    def tracks(self) -> Sequence[Track]:
        return tuple(self._tracks.values())

    def add_track(self, track: Track) -> None:
        self._tracks[track.id] = track
        if isinstance(track, VideoTrack) and track.rate is not None:
            self._stated_rate = track.rate

    def state_rate(self, rate: Fraction) -> None:
        """The publisher's metadata name a frame rate: a hint only, often wrong."""
        if self._stated_rate is None:
            self._stated_rate = rate

    def push(self, unit: AccessUnit) -> list[AccessUnit]:
        """What may pass now, in order: nothing while closed, all that was held when the gate opens."""
        track = self._tracks.get(unit.track_id)
        if track is None:
            self.dropped += 1
            return []
        if self.rate is not None:
            return [rebased(unit, track, self._shift)]
        if isinstance(track, VideoTrack) and self._keyframe is None:
            if not unit.keyframe:
                self.dropped += 1
                return []
            self._keyframe = unit
            self._start = self._at()
        self._held.append(unit)
        self._bytes += len(unit.data)
        too_much = len(self._held) >= HELD_UNITS or self._bytes > HELD_BYTES
        return self._open() if too_much or self._is_enough() else []

    def programme(self, time: Fraction) -> Fraction | None:
        """Programme time of a session time, both in seconds; None while closed. What came before the first keyframe
        counts as with it.
        """
        return None if self.rate is None else max(time + self._shift, self._start)

    def postpone(self, time: Fraction) -> None:
        """Shift what is pushed from here on by so many seconds of programme time more."""
        self._shift += time

    def flush(self) -> list[AccessUnit]:
        """The session is over: what is held passes, however little it is."""
        return self._open() if self._held and self.rate is None else []

    def _is_enough(self) -> bool:
        newest = self._time(self._held[-1])
        if self._keyframe is None:
            announced = any(isinstance(track, VideoTrack) for track in self._tracks.values())
            return newest - self._time(self._held[0]) >= (KEYFRAME_WAIT if announced else SOUND_ALONE)
        if self._decided_rate is not None:
            return True
        self._pictures += isinstance(self._tracks[self._held[-1].track_id], VideoTrack)
        return self._pictures >= RATE_UNITS or newest - self._time(self._keyframe) >= LONGEST_HOLD

    def _time(self, unit: AccessUnit) -> Fraction:
        return seconds(unit.pts, self._tracks[unit.track_id].timescale)

    def _open(self) -> list[AccessUnit]:
        if self._keyframe is None:
            sound = self._times(AudioTrack)
            rate, origin = nearest_rate(self._stated_rate or DEFAULT_RATE), sound[0]
            self._start = self._at()
        else:
            rate = estimate_rate(self._times(VideoTrack), self._stated_rate)
            origin = self._time(self._keyframe)
        self.rate = self._decided_rate or rate
        self._shift = self._start - origin
        held = [rebased(unit, self._tracks[unit.track_id], self._shift) for unit in self._held]
        self._held.clear()
        return held

    def _times(self, kind: type[VideoTrack] | type[AudioTrack]) -> list[Fraction]:
        """Presentation times of the held units of one kind, in seconds, sorted."""
        return sorted(self._time(unit) for unit in self._held if isinstance(self._tracks[unit.track_id], kind))


def rebased(unit: AccessUnit, track: Track, shift: Fraction) -> AccessUnit:
    """A unit `shift` seconds later."""
    ticks = ticks_at(shift, track.timescale)
    return replace(unit, dts=unit.dts + ticks, pts=unit.pts + ticks)


def estimate_rate(times: Sequence[Fraction], stated: Fraction | None) -> Fraction:
    """The output rate for pictures shown at `times` (seconds, sorted): one of media.grid.RATES.

    A stated rate is taken where the pictures agree with it: 0.4 s of stamps in whole milliseconds cannot tell
    29.97 from 30, the SPS can.
    """
    intervals = [later - earlier for earlier, later in itertools.pairwise(times) if later > earlier]
    if not intervals:
        return nearest_rate(stated or DEFAULT_RATE)
    typical = median_low(intervals)
    regular = [interval for interval in intervals if typical / 2 < interval < typical * Fraction(3, 2)]
    measured = len(regular) / sum(regular, Fraction(0))
    if stated is not None and abs(stated / measured - 1) <= HINT_TOLERANCE:
        return nearest_rate(stated)
    whole = [rate for rate in RATES if rate.denominator == 1]
    return min(whole, key=lambda rate: abs(rate / measured - 1))
