"""What waits for a worker, and what is given up when it does not keep up. Pure."""

from collections import deque

from vitrine.media.access_unit import AccessUnit

MAX_BYTES = 16 << 20
"""Ten seconds of an extravagant 12 Mbit/s feed; several broadcasts of it still fit a small machine."""

MAX_SECONDS = 1.0
"""Where a picture has waited for this, those that come are refused: better to jump to a keyframe."""

CATCHING_UP = 3.0
"""Seconds in which a worker has decoded, at several times the pace of the clock, all since the last keyframe."""

SOUND_SHARE = 2
"""Sound is refused only at twice MAX_BYTES: it costs little, and its loss is heard."""


class Backlog:
    """A bounded queue of encoded messages.

    Live, it refuses pictures from the one that is too much until the next keyframe for which there is room.
    `waits_for_keyframe` while there is room, and only that is missing. Times are monotonic seconds.
    """

    def __init__(self, live: bool) -> None:
        self.lost = 0
        self._live = live
        self._messages: deque[tuple[bytes, float | None]] = deque()
        self._bytes = 0
        self._skipping = False
        self._patient_until = 0.0
        self.waits_for_keyframe = False

    def __bool__(self) -> bool:
        return bool(self._messages)

    @property
    def is_full(self) -> bool:
        return self._bytes >= MAX_BYTES

    def admits_picture(self, unit: AccessUnit, now: float) -> bool:
        """Whether a picture that comes now is taken; counts it if not."""
        if not self._live:
            return True
        late = now - self._oldest(now) > MAX_SECONDS and now > self._patient_until
        too_much = self.is_full or late
        self._skipping = too_much or (self._skipping and not unit.keyframe)
        self.waits_for_keyframe = self._skipping and not too_much
        self.lost += self._skipping
        return not self._skipping

    def catch_up(self, now: float) -> None:
        """What waits, or comes now, is much but will be gone soon: a worker that replaces another begins at the last
        keyframe, and so does a publisher that stood by.
        """
        self._patient_until = now + CATCHING_UP

    def admits_sound(self) -> bool:
        """Whether sound is taken; counts it if not."""
        admitted = not self._live or self._bytes < SOUND_SHARE * MAX_BYTES
        self.lost += not admitted
        return admitted

    def push(self, message: bytes, came: float | None = None) -> None:
        """`came` is when a picture came; None for anything else."""
        self._messages.append((message, came))
        self._bytes += len(message)

    def pop(self) -> bytes:
        """The oldest message."""
        message, _ = self._messages.popleft()
        self._bytes -= len(message)
        return message

    def _oldest(self, default: float) -> float:
        for _, came in self._messages:
            if came is not None:
                return came
        return default
