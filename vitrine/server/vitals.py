"""How a broadcast does: what its worker reports, what its publisher sends, and what is wrong with that."""

import time

from vitrine.origin.status import Trouble
from vitrine.server.session import Session
from vitrine.server.troubles import Signs, troubles
from vitrine.transcode.events import Stats

BLIND = 2
"""Reports in a row, about a second apart, in which pictures came and none could be decoded."""


class Vitals:
    """`stats` are the worker's newest, `ingest_kbps` what came between the last two of them, or of a session that has
    only just gone on air, since it began.
    """

    def __init__(self) -> None:
        self.stats = Stats()
        self.ingest_kbps = 0
        self._session: Session | None = None
        self._received = (0, 0.0)  # bytes of that session, and when they were counted
        self._without_picture = 0  # reports in a row
        self._decoded: tuple[int, float] | None = None  # pictures, and when there were more for the last time

    def report(self, stats: Stats, session: Session | None) -> None:
        """Called with each report of the worker, about once a second."""
        now = time.monotonic()
        if self._decoded is None or stats.frames_in != self._decoded[0]:
            self._decoded = stats.frames_in, now
        refused = stats.frames_in == self.stats.frames_in and stats.undecodable > self.stats.undecodable
        self._without_picture = self._without_picture + 1 if refused else 0
        self.stats = stats
        if session is None:
            return
        if session is not self._session:
            self._session, self._received = session, (0, session.begun)
            self._without_picture = 0
        received, since = self._received
        self._received = session.received, now
        if now > since:
            self.ingest_kbps = round((session.received - received) / 125 / (now - since))

    def is_blind(self, session: Session | None) -> bool:
        """What it sends cannot be decoded. A transcoder that stands still does not count, as nothing is told of it."""
        return session is self._session and self._without_picture >= BLIND

    def troubles(self, session: Session) -> tuple[Trouble, ...]:
        """What is wrong with what the publisher on air sends."""
        now = time.monotonic()
        picture, sound, keyframe = session.ages(now)
        decoded = 0.0 if self._decoded is None else now - max(self._decoded[1], session.begun)
        stats = self.stats
        return troubles(Signs(now - session.begun, picture, sound, keyframe, decoded, stats.frozen, stats.mute))
