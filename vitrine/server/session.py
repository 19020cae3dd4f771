"""One publisher's session as its broadcast sees it: what it announces, through the gate, into the worker."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Protocol

from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.whip.events import Measured
from vitrine.media.access_unit import AccessUnit
from vitrine.media.ticks import seconds
from vitrine.media.track import Track, VideoTrack
from vitrine.transcode.gate import Gate
from vitrine.transcode.standby import Standby

MILLISECONDS = 1000
"""Data messages' times count as many a second."""

LONGEST_NAME = 100
"""Letters of an encoder's name that the API repeats."""


SILENCE = 2.0
"""Seconds without media after which a publisher is taken for dead. OBS sends sound fifty times a second, and a
browser whose camera is covered still sends pictures."""

BREAK = 0.5
"""Seconds between two pictures that break what counts as sending."""

HELD_DATA = 8
"""Data messages kept, the newest ones, until the gate opens: a third of a second as a rule, ten at most."""


class SessionOwner(Protocol):
    """What a session needs of its broadcast."""

    def opened(self, session: "Session", rate: Fraction) -> None:
        """The gate is open; tracks and units follow. `rate` is the output rate for a new broadcast."""

    def add_track(self, session: "Session", track: Track) -> None: ...

    def feed(self, session: "Session", units: Iterable[AccessUnit]) -> None: ...

    def data(self, session: "Session", name: str, values: Sequence[object], programme: Fraction) -> None:
        """A data message of the publisher, at a programme time in seconds."""

    def session_ended(self, session: "Session", reason: str, *, stopped: bool) -> None: ...


class Session:
    """A `Publication`: what ingest pushes into.

    `received` counts bytes of media, `encoder` is the publisher's program, and `keyframe_ms` how far apart its last two
    keyframes were, for the channel's health. `measured` is the newest that the connection told of itself, and `loss`
    the share of packets that were lost between the last two.
    """

    def __init__(
        self, request: PublishRequest, owner: SessionOwner, at: Callable[[], Fraction], rate: Fraction | None = None
    ) -> None:
        """`at` tells, when the first keyframe comes, at which programme time it is to be shown. `rate` is the
        broadcast's where it has one already.
        """
        self.request = request
        self.received = 0
        self.encoder = ""
        self.keyframe_ms: int | None = None
        self.measured: Measured | None = None
        self.loss = 0.0
        self._owner = owner
        self._at = at
        self._gate: Gate | Standby = Gate(at, rate)
        self._opened = False
        self._stated_rate: Fraction | None = None
        self._heard = time.monotonic()  # when media came last; a publisher that only just came counts as well
        self.begun = self._heard
        self._sounded: float | None = None
        self._first_picture: float | None = None
        self._pictured = self._unbroken_since = self._heard  # the same of pictures, and since when without a break
        self._video: dict[int, int] = {}  # timescales of tracks of pictures
        self._keyframe: Fraction | None = None
        self._held_data: deque[tuple[str, Sequence[object], Fraction]] = deque(maxlen=HELD_DATA)

    @property
    def dropped(self) -> int:
        return self._gate.dropped

    @property
    def is_well(self) -> bool:
        """Media came within the last SILENCE seconds."""
        return time.monotonic() - self._heard <= SILENCE

    @property
    def ready(self) -> bool:
        """It stands by, and has something to begin with."""
        return isinstance(self._gate, Standby) and self._gate.ready

    def silent_for(self, now: float) -> float:
        """Seconds since the last picture; of a session without pictures, since the last sound."""
        return now - self._pictured

    def ages(self, now: float) -> tuple[float, float, float]:
        """Seconds since the last picture and since the last sound, infinite where there was none; and for how long
        pictures have come without a keyframe.
        """
        picture = math.inf if self._first_picture is None else now - self._pictured
        sound = math.inf if self._sounded is None else now - self._sounded
        waits = self._first_picture is not None and self._keyframe is None
        return picture, sound, now - (self._first_picture or now) if waits else 0.0

    def unbroken_for(self, now: float) -> float:
        """Seconds for which pictures have been coming."""
        return 0.0 if now - self._pictured > BREAK else now - self._unbroken_since

    def stand_by(self, rate: Fraction) -> None:
        """Another session is on air; keep what this one could begin with. `rate` is the broadcast's."""
        self._gate, self._opened = Standby(rate, self._gate.tracks, self._gate.dropped), False

    def go_on_air(self, at: Fraction, rate: Fraction | None) -> None:
        """Be shown: from a programme time on, in seconds, or where nothing is held from the next keyframe on.

        `rate` is the broadcast's where it has one already.
        """
        if not isinstance(self._gate, Standby):
            return
        if self._gate.ready and rate is not None:
            self._pass(self._gate.open(at))
            return
        former, self._gate = self._gate, Gate(self._at, rate)
        self._gate.dropped = former.dropped
        if self._stated_rate is not None:
            self._gate.state_rate(self._stated_rate)
        for track in former.tracks:
            self._gate.add_track(track)

    def add_track(self, track: Track) -> None:
        if isinstance(track, VideoTrack):
            self._video[track.id] = track.timescale
        self._gate.add_track(track)
        if self._opened:
            self._owner.add_track(self, track)

    def describe(self, encoder: str, rate: Fraction | None) -> None:
        self.encoder = encoder[:LONGEST_NAME]
        if rate is not None:
            self._stated_rate = self._stated_rate or rate
            self._gate.state_rate(rate)

    def push(self, unit: AccessUnit) -> None:
        self.received += len(unit.data)
        self._heard = time.monotonic()
        if unit.track_id in self._video:
            self._first_picture = self._first_picture or self._heard
        else:
            self._sounded = self._heard
        if unit.track_id in self._video or not self._video:
            if self._heard - self._pictured > BREAK:
                self._unbroken_since = self._heard
            self._pictured = self._heard
        if unit.keyframe and unit.track_id in self._video:
            at, former = seconds(unit.pts, self._video[unit.track_id]), self._keyframe
            self._keyframe, self.keyframe_ms = at, None if former is None else round((at - former) * MILLISECONDS)
        self._pass(self._gate.push(unit))

    def postpone(self, seconds: Fraction) -> None:
        """What comes from here on is shown so much later."""
        self._gate.postpone(seconds)

    def measure(self, measured: Measured) -> None:
        former, self.measured = self.measured, measured
        packets = measured.packets - (former.packets if former else 0)
        lost = measured.lost - (former.lost if former else 0)
        self.loss = max(0, lost) / (packets + lost) if packets + lost > 0 else 0.0

    def data(self, name: str, values: Sequence[object], dts: int) -> None:
        self._held_data.append((name, values, seconds(dts, MILLISECONDS)))
        self._pass_data()

    def _pass(self, units: Sequence[AccessUnit]) -> None:
        if not self._opened and self._gate.rate is not None:
            self._opened = True
            self._owner.opened(self, self._gate.rate)
            for track in self._gate.tracks:
                self._owner.add_track(self, track)
        if units:
            self._owner.feed(self, units)
        self._pass_data()

    def _pass_data(self) -> None:
        """After the units, so that the broadcast knows the frames that the data came with."""
        while self._opened and self._held_data:
            name, values, time = self._held_data.popleft()
            programme = self._gate.programme(time)
            assert programme is not None
            self._owner.data(self, name, values, programme)

    def end(self, reason: str, *, stopped: bool = False) -> None:
        self._pass(self._gate.flush())
        self._owner.session_ended(self, reason, stopped=stopped)
