"""A video stream's packets to pictures that can be decoded.

After a loss for good nothing passes until the next keyframe: the picture stands still. A decoder would paint over the
hole, but what it guesses spreads over every rung and into the archive until that same keyframe comes.
"""

from collections.abc import Sequence
from typing import Protocol

from vitrine.ingest.whip.rtp.assembly import Assembled, Assembly
from vitrine.ingest.whip.rtp.picture import Picture
from vitrine.ingest.whip.rtp.reorder import Ordered
from vitrine.media.errors import MalformedError

ASK_INTERVAL = 0.5
"""Seconds between two requests for a keyframe: browsers answer no faster than three a second, OBS not at all."""

FIRST_PATIENCE = 0.3
"""Seconds before the first request: as a rule a keyframe is what comes first, and it takes its time."""

LONGEST_INTERVAL = 10.0
"""Seconds without a keyframe after which one is asked for: browsers send none by themselves, and a transcoder that
falls behind or is replaced needs one to go on from."""


class Depacketizer(Protocol):
    def push(self, payloads: Sequence[bytes]) -> Picture | None:
        """A picture's payloads, in order. Raises MalformedError."""


class Pictures:
    """`damaged` counts pictures given up, `requested` requests for a keyframe."""

    def __init__(self, depacketizer: Depacketizer) -> None:
        self.damaged = self.requested = 0
        self._depacketizer = depacketizer
        self._assembly = Assembly()
        self._waiting = True
        self._wanted = False
        self._asked_at: float | None = None
        self._keyframe_at: float | None = None

    def push(self, ordered: Ordered, now: float) -> list[tuple[Assembled, Picture]]:
        """What a packet in its turn completes, as far as it can be decoded."""
        return [
            (assembled, picture)
            for assembled in self._assembly.push(ordered)
            if (picture := self._decodable(assembled, now)) is not None
        ]

    def want_keyframe(self) -> None:
        self._wanted = True

    def asks_for_keyframe(self, now: float) -> bool:
        """Whether a keyframe is to be asked for now; counts it if so."""
        overdue = self._keyframe_at is not None and now - self._keyframe_at >= LONGEST_INTERVAL
        if not (self._waiting or self._wanted or overdue):
            return False
        if self._asked_at is None:
            self._asked_at = now + FIRST_PATIENCE - ASK_INTERVAL if self._keyframe_at is None else now - ASK_INTERVAL
        if now < self._asked_at + ASK_INTERVAL:
            return False
        self._asked_at = now
        self.requested += 1
        return True

    def _decodable(self, assembled: Assembled, now: float) -> Picture | None:
        self._waiting |= assembled.gap or assembled.damaged
        if assembled.damaged:
            self.damaged += 1
            return None
        try:
            picture = self._depacketizer.push(assembled.payloads)
        except MalformedError:
            self._waiting = True
            self.damaged += 1
            return None
        if picture is None:
            return None
        starts = picture.keyframe and picture.track is not None and (picture.begins or not assembled.gap)
        if self._waiting and not starts:
            self.damaged += 1
            return None
        if starts:
            self._waiting = self._wanted = False
            self._keyframe_at = now
        return picture
