"""Where a viewer's picture stands who plays at the playlist's hold-back, and how long it stood still. Pure."""

from dataclasses import dataclass, field

SETTLED = 5.0
"""Seconds without a stall after which the next viewer is looked at, who joins at the live edge. One that fell behind
has a buffer for whatever comes next."""

FURTHER = 1.5
"""Times the hold-back; less is what arrives a little early or late."""


@dataclass(frozen=True, slots=True)
class Stall:
    """`begin` is monotonic, `seconds` how long nothing new was there to be shown."""

    begin: float
    seconds: float


@dataclass(slots=True)
class Playhead:
    """Media come by `arrived`; times are monotonic seconds, lengths seconds of media. `stalls` are over."""

    hold_back: float
    stalls: list[Stall] = field(default_factory=list)
    _end: float = 0.0
    _position: float | None = None
    _at: float = 0.0
    _rested: float = 0.0  # since when there was no stall

    def arrived(self, now: float, length: float) -> None:
        """The next piece of media is there."""
        self._look(now)
        self._end += length
        if self._position is None:
            if self._end >= self.hold_back:
                self._join(now)
        elif now - self._rested > SETTLED and self._end - self._position > FURTHER * self.hold_back:
            self._join(now)

    def _look(self, now: float) -> None:
        """Play on until now, or until there was nothing more."""
        if self._position is None:
            return
        dry = self._at + self._end - self._position
        if now > dry:
            self.stalls.append(Stall(dry, now - dry))
            self._position = self._end
            self._rested = now
        else:
            self._position += now - self._at
        self._at = now

    def _join(self, now: float) -> None:
        self._position, self._at = self._end - self.hold_back, now
