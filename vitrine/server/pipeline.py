"""One pipeline per broadcast: session -> worker -> packager -> stream."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.ticks import seconds, ticks_at
from vitrine.media.track import Track, VideoTrack
from vitrine.origin.status import State
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.packager.window import MEMORY_SECONDS
from vitrine.server.config import Config
from vitrine.server.desk import Desk
from vitrine.server.segment_files import SegmentFiles
from vitrine.server.session import Session
from vitrine.transcode.events import Failed, Finished, Opened, PoolEvent, Stats, WorkerDied
from vitrine.transcode.ladder import Plan
from vitrine.transcode.pool import Worker
from vitrine.transcode.standstill import TICK, Standstill

log = logging.getLogger("vitrine.broadcast")

MOST_WAITING = 10_000
"""Tracks and access units held while a worker process starts: a minute of them, where a second is usual."""

BROWSER_SIDE = 720
"""Lines that the ladder of a WebRTC publisher has at least. Chromium begins with a part of the camera's picture and
sends all of it once it has measured the network; renditions cannot be added by then."""

A_BUG = "The server made a mistake; its log says which."


class Broadcast:
    """One show on a channel, from the first publish to its end.

    `stream` is what viewers get, None until the worker knows its renditions. `state` and `reason` are for the API.
    """

    def __init__(self, channel: str, config: Config, desk: Desk) -> None:
        self.channel = channel
        self.id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self.state: State = "starting"
        self.reason: str | None = None
        self.stream: LiveStream | None = None
        self.files: SegmentFiles | None = None
        self.session: Session | None = None
        self.stats = Stats()
        self.ingest_kbps = 0
        self.started: datetime | None = None
        self._config = config
        self._desk = desk
        self._worker: Worker | None = None
        self._waiting: list[Track | AccessUnit] = []  # for the worker to have started
        self._plan: Plan | None = None
        self._origin = 0.0  # monotonic time of programme time 0
        self._newest = Fraction(0)  # programme time fed to the worker, seconds
        self._newest_picture: Fraction | None = None
        self._begun = asyncio.Event()
        self._over = asyncio.Event()
        self._received = (0, time.monotonic())  # bytes, and when they were counted
        self._tracks: dict[int, Track] = {}
        self._standstill = Standstill()

    @property
    def over(self) -> bool:
        """Nothing more comes; the next publisher begins a new broadcast."""
        return self._over.is_set()

    async def run(self) -> None:
        """Live until the publisher has gone or the worker has failed; raises for neither, nor for a bug."""
        await self._begun.wait()
        try:
            if self._plan is not None:
                await self._transcode(self._plan)
        except OSError as error:
            self.fail(f"The transcoder could not be started: {error.strerror}")
        except Exception:
            log.exception("%s: broadcast %s met a bug", self.channel, self.id)
            self.fail(A_BUG)
        finally:
            self._end("ended")

    async def _transcode(self, plan: Plan) -> None:
        worker = await Worker.start(plan, self._on_worker)
        try:
            self._worker = worker
            for item in self._waiting:
                self._give(worker, item)
            self._waiting.clear()
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._over.wait()
                self._fill(worker)
            if self.state != "failed":
                await worker.finish()
        finally:
            await worker.close()

    def _fill(self, worker: Worker) -> None:
        """A picture that stops is repeated, and silence takes the place of sound, while the publisher is there."""
        position = None if self.session is None else self._standstill.look(time.monotonic())
        if position is not None:
            worker.advance(position)
            self._newest = max(self._newest, position)
            if self._newest_picture is not None:
                self._newest_picture = max(self._newest_picture, position)

    @staticmethod
    def _give(worker: Worker, item: Track | AccessUnit) -> None:
        if isinstance(item, AccessUnit):
            worker.push(item)
        else:
            worker.add_track(item)

    def check(self, request: PublishRequest) -> None:
        """Raise PublishRefusedError where a publisher that is well need not make way for this one."""
        if self.session is not None and not request.takeover and self.session.is_well:
            raise PublishRefusedError(
                Refusal.BUSY,
                f"Another publisher is live on this channel by {self.session.request.protocol.upper()}. "
                "Stop it first, or take over from it with ?takeover=1 after the address.",
            )

    def new_session(self, request: PublishRequest) -> Session:
        """Let a publisher in. One that is there already makes way: the same key means the same crew.

        Raises PublishRefusedError where it need not.
        """
        self.check(request)
        former, self.session = self.session, Session(request, self, self._programme_now)
        if former is not None:
            log.info("%s: another publisher with the same key takes over from %s", self.channel, former.request.address)
            former.request.close("Another publisher with the same stream key has taken over this channel.")
        return self.session

    def opened(self, session: Session, rate: Fraction) -> None:
        if session is self.session and self._plan is None:
            least = BROWSER_SIDE if session.request.protocol == "whip" else 0
            config = self._config
            self._plan = Plan(rate, part_target=config.part_target, ladder=config.rungs, least_side=least)
            self._begun.set()

    def add_track(self, session: Session, track: Track) -> None:
        if session is self.session:
            self._tracks[track.id] = track
            self._to_worker(track)

    def feed(self, session: Session, units: Iterable[AccessUnit]) -> None:
        if session is not self.session:
            return
        for unit in units:
            self._to_worker(unit)
            if self._worker is not None and self._worker.waits_for_keyframe:
                session.request.want_keyframe()
            track = self._tracks[unit.track_id]
            at = seconds(unit.pts, track.timescale)
            self._newest = max(self._newest, at)
            if isinstance(track, VideoTrack):
                self._newest_picture = max(self._newest_picture or at, at)
            if isinstance(track, VideoTrack) or self._newest_picture is None:
                session.postpone(self._standstill.push(at, time.monotonic()))

    @property
    def newest_frame(self) -> int:
        """The newest frame accepted at ingest, on the grid; where there is no picture, the newest sound's."""
        newest = self._newest if self._newest_picture is None else self._newest_picture
        return 0 if self._plan is None else self._plan.grid.frame(ticks_at(newest, VIDEO_TIMESCALE))

    def _to_worker(self, item: Track | AccessUnit) -> None:
        if self._worker is None:
            self._waiting.append(item)
            if len(self._waiting) > MOST_WAITING:
                self.fail("The transcoder took too long to start; this machine has no room for the broadcast.")
        else:
            self._give(self._worker, item)

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None:
        """A data message of the publisher, at a programme time in seconds."""
        if session is self.session:
            self._desk.receive_data(name, values, programme)

    def session_ended(self, session: Session, reason: str) -> None:
        """The publisher has gone. One that was taken over from does not end the broadcast."""
        if session is self.session:
            self.session = None
            self.reason = self.reason or reason
            self._stop()

    def _programme_now(self) -> Fraction:
        """Programme time for the first keyframe of a session: 0 for the broadcast's first."""
        now = time.monotonic()
        if self.started is None:
            self.started = datetime.now(UTC)
            self._origin = now
            return Fraction(0)
        elapsed = Fraction(round((now - self._origin) * 1000), 1000)
        frame = 0 if self._plan is None else 1 / self._plan.rate
        return max(elapsed, self._newest + frame)

    def _on_worker(self, event: PoolEvent) -> None:
        """A bug in what follows ends this broadcast, once, and no other."""
        if self.state == "failed":
            return
        try:
            self._handle(event)
        except Exception:
            log.exception("%s: broadcast %s met a bug", self.channel, self.id)
            self.fail(A_BUG)

    def _handle(self, event: PoolEvent) -> None:
        match event:
            case AccessUnit():
                assert self.stream is not None
                self.stream.push(event)
                if self.state == "starting" and self.stream.packager.playable:
                    self._on_air()
            case Opened(renditions):
                assert self._plan is not None
                assert self.started is not None
                start_utc_ns = int(self.started.timestamp() * 1_000_000) * 1000
                grid, window = self._plan.grid, self._config.hls.window
                cues = self._desk.open(self.id, grid, start_utc_ns, lambda: self.newest_frame)
                if window > MEMORY_SECONDS:
                    folder = Path(self._config.server.data) / self.channel / self.id
                    self.files = SegmentFiles(folder, self.channel)
                packager = Packager(self.id, renditions, grid, start_utc_ns, window, cues=cues, store=self.files)
                self.stream = LiveStream(packager)
            case Stats():
                self.stats = event
                self._measure_ingest()
            case Failed(reason=reason) | WorkerDied(reason=reason):
                self.fail(reason)
            case Finished():
                pass

    def _measure_ingest(self) -> None:
        """Called with each report of the worker, about once a second."""
        now = time.monotonic()
        if self.session is not None:
            received, since = self._received
            self._received = self.session.received, now
            if self.session.received >= received and now > since:
                self.ingest_kbps = round((self.session.received - received) / 125 / (now - since))

    def _on_air(self) -> None:
        self.state = "live"
        log.info("%s: live as broadcast %s", self.channel, self.id)

    def fail(self, reason: str) -> None:
        """Give the broadcast up, for a reason in words that the crew and the viewers' pages will see."""
        log.error("%s: broadcast %s failed: %s", self.channel, self.id, reason)
        self.reason = reason
        self._end("failed")
        if self.session is not None:
            self.session.request.close(f"The broadcast failed: {reason}")
        self._stop()

    def _stop(self) -> None:
        self._over.set()
        self._begun.set()

    def forget(self) -> None:
        """Nobody can watch it any more."""
        if self.files is not None:
            self.files.close()
            self.files = None

    def _end(self, state: State) -> None:
        if self.state in ("ended", "failed"):
            return
        if state == "ended":
            log.info("%s: broadcast %s ended: %s", self.channel, self.id, self.reason or "the server stops")
        self.state = state
        self._desk.close(self.id)
        if self.stream is not None:
            self.stream.end()
