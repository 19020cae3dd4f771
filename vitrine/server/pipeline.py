"""One pipeline per broadcast: session -> transcoder -> packager -> stream.

A broadcast outlives its publishers. One that is gone is waited for; until it is back, or another with the same key,
the slate is encoded in the same grid, and viewers have one unbroken playlist.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from vitrine.ingest.publish import PublishRequest
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.ticks import seconds, ticks_at
from vitrine.media.track import Track, VideoTrack
from vitrine.origin.status import State, Trouble
from vitrine.origin.stream import LiveStream
from vitrine.server.absence import Absence
from vitrine.server.config import Config
from vitrine.server.desk import Desk
from vitrine.server.inputs import Inputs, Role
from vitrine.server.left import Left
from vitrine.server.output import Output
from vitrine.server.overload import Overload
from vitrine.server.session import Session
from vitrine.server.tick import tick
from vitrine.server.trace import trace_session
from vitrine.server.transcoder import Transcoder
from vitrine.server.vitals import Vitals
from vitrine.transcode.events import Failed, Opened, PoolEvent, Shed, Stats, WorkerDied
from vitrine.transcode.gate import DEFAULT_RATE
from vitrine.transcode.ladder import Plan, Slate
from vitrine.transcode.standstill import MOST_PATIENCE, PATIENCE_WITH_BACKUP, TICK, Standstill

log = logging.getLogger("vitrine.broadcast")

BROWSER_SIDE = 720
"""Lines that the ladder of a WebRTC publisher has at least. Chromium begins with a part of the camera's picture and
sends all of it once it has measured the network; renditions cannot be added by then."""

NO_SLATE = Slate()
A_BUG = "The server made a mistake; its log says which."


class Broadcast:
    """One show on a channel, from the first publish to its end, across the sessions of its publishers.

    `stream` is what viewers get, None until the worker knows its renditions. `state` and `reason` are for the API.
    `absence` is there while there is no publisher, and one is waited for.
    """

    def __init__(
        self,
        channel: str,
        config: Config,
        desk: Desk,
        on_state: Callable[[], None] = lambda: None,
        slate: Slate = NO_SLATE,
        *,
        left: Left | None = None,
    ) -> None:
        """`on_state` is called when `state` has changed; `left` is what the server before this one left of it."""
        self.channel = channel
        self.id = left.index.broadcast if left else f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self.state: State = "starting"
        self.reason: str | None = None
        self.output = Output(channel, self.id, config, desk)
        self.inputs = Inputs()
        self.absence: Absence | None = None
        self.vitals = Vitals()
        self.overload = Overload(channel)
        self.started: datetime | None = None
        self._config = config
        self._desk = desk
        self._on_state = on_state
        self._slate = slate
        self.transcoder = Transcoder(self._on_worker, lambda: self.output.taken, channel)
        self._plan: Plan | None = None
        self._newest = Fraction(0)  # programme time fed to the worker, seconds
        self._newest_picture: Fraction | None = None
        self._begun = asyncio.Event()
        self._over = asyncio.Event()
        self._tracks: dict[int, Track] = {}
        self._standstill = Standstill()
        self._suspended = False
        if left is not None:
            self._go_on(left)

    def _go_on(self, left: Left) -> None:
        """The server was started again: go on where the one before it stopped, and wait for the publisher as it did."""
        index, now, grid = left.index, time.monotonic(), left.index.grid
        self.started = datetime.fromtimestamp(index.start / 1e9, UTC)
        self.output.resume(left, lambda: self.newest_frame)
        self.state = "live"
        self._plan = Plan(grid.rate, part_target=grid.part_target, ladder=self._config.rungs, slate=self._slate)
        came_to = Fraction(time.time_ns() - index.start, 10**9)
        self._newest = self._newest_picture = max(came_to, grid.first_frame(left.past.next_segment) / grid.rate)
        self._standstill.resume(came_to, now)
        self.absence = Absence.resumed(left, self._config.reconnect, now)
        if index.ended is not None or self.absence.until <= now:
            self.reason = index.ended or self.absence.verdict
            self._over.set()
        self._begun.set()

    @property
    def stream(self) -> LiveStream | None:
        return self.output.stream

    @property
    def over(self) -> bool:
        """Nothing more comes; the next publisher begins a new broadcast."""
        return self._over.is_set()

    async def run(self) -> None:
        """Live until nobody comes back or the transcoder has failed; raises for neither, nor for a bug."""
        try:
            if not (self.over and self.output.rests):
                await self._transcode()
        except OSError as error:
            self.fail(f"The transcoder could not be started: {error.strerror}")
        except Exception:
            log.exception("%s: broadcast %s met a bug", self.channel, self.id)
            self.fail(A_BUG)
        except asyncio.CancelledError:
            self.suspend()  # nobody has decided that the show is over
            raise
        finally:
            self._end("ended")

    async def _transcode(self) -> None:
        transcoder = self.transcoder
        try:
            await transcoder.launch()  # takes as long as a publisher does until the gate opens
            while not self._begun.is_set():
                await tick(self._begun, TICK)
                self._fill()
            if self._plan is None:
                return
            transcoder.begin(self.output.plan(self._plan, self._standstill.due(time.monotonic())))
            while not self._over.is_set():
                await tick(self._over, TICK)
                await transcoder.revive()
                self._fill()
            if self.state != "failed":
                self.output.expect_end()
                await transcoder.finish()
        finally:
            await transcoder.close()

    def _fill(self) -> None:
        """A picture that stops is repeated, then the slate is shown, and silence takes the place of sound."""
        now = time.monotonic()
        if self.absence is not None and now > self.absence.until:
            self.reason = self.absence.verdict
            self._stop()
        better = self.inputs.better(now, self.vitals.is_blind(self.session))
        if better is not None:
            self._change_over(better)
        fill = self._standstill.look(now, PATIENCE_WITH_BACKUP if self.inputs.backed else MOST_PATIENCE)
        if fill is not None:
            self.transcoder.advance(fill.position, fill.slate)
            self._newest = max(self._newest, fill.position)
            if self._newest_picture is not None:
                self._newest_picture = max(self._newest_picture, fill.position)

    @property
    def session(self) -> Session | None:
        """The publisher that is on air, or about to be."""
        return self.inputs.on_air

    def new_session(self, request: PublishRequest, role: Role = "primary") -> Session:
        """Let a publisher in. One that is there already makes way: the same key means the same crew. A backup stands
        by while a primary is on air, and the other way round.

        Raises PublishRefusedError where it need not.
        """
        self.inputs.check(request, role)
        rate = None if self._plan is None else self._plan.rate
        session = Session(request, self, self._programme_now, rate)
        was_on_air = self.session
        former = self.inputs.add(role, session)
        if former is not None:
            if former is was_on_air:
                self._leave()
            log.info("%s: another publisher with the same key takes over from %s", self.channel, former.request.address)
            former.request.close("Another publisher with the same stream key has taken over this channel.")
        if session is not self.session:
            session.stand_by(rate or DEFAULT_RATE)
            log.info("%s: a %s publisher stands by", self.channel, role)
            self._on_state()
        elif self.absence is not None:
            log.info("%s: a publisher is back by %s", self.channel, request.protocol.upper())
            self._await(None)
        return session

    def _change_over(self, session: Session) -> None:
        """Put a session on air that stood by; what was on air stands by, if it is still there."""
        former, self.inputs.on_air = self.session, session
        at, rate = self._programme_now(), None if self._plan is None else self._plan.rate
        self._leave()
        if former is not None:
            former.stand_by(rate or DEFAULT_RATE)
        log.info("%s: the %s publisher is on air", self.channel, self.inputs.on_air_role)
        self.transcoder.catch_up()
        session.go_on_air(at, rate)
        self._on_state()

    def _leave(self) -> None:
        self._standstill.leave()
        self.transcoder.leave()
        self._tracks.clear()

    def opened(self, session: Session, rate: Fraction) -> None:
        if session is self.session and self._plan is None:
            least = BROWSER_SIDE if session.request.protocol == "whip" else 0
            config = self._config
            self._plan = Plan(
                rate, part_target=config.part_target, ladder=config.rungs, least_side=least, slate=self._slate
            )
            self._begun.set()

    def add_track(self, session: Session, track: Track) -> None:
        if session is self.session:
            self._tracks[track.id] = track
            self.transcoder.add_track(track)

    def feed(self, session: Session, units: Iterable[AccessUnit]) -> None:
        if session is not self.session or self.state == "failed":
            return
        blind, filled = self.vitals.is_blind(session), self._standstill.filled
        for unit in units:
            track = self._tracks[unit.track_id]
            at = seconds(unit.pts, track.timescale)
            if filled is not None and at < filled:  # a publisher that fell silent sends at once what it kept back
                self.transcoder.catch_up()
            self.transcoder.push(unit)
            if self.transcoder.waits_for_keyframe or blind:
                session.request.want_keyframe()
            self._newest = max(self._newest, at)
            if isinstance(track, VideoTrack):
                self._newest_picture = max(self._newest_picture or at, at)
            if (isinstance(track, VideoTrack) and not (blind or self.transcoder.skips)) or self._newest_picture is None:
                session.postpone(self._standstill.push(at, time.monotonic()))
        if self.transcoder.overwhelmed:
            self.fail("The transcoder took too long to start; this machine has no room for the broadcast.")

    @property
    def newest_frame(self) -> int:
        """The newest frame accepted at ingest, on the grid; where there is no picture, the newest sound's."""
        newest = self._newest if self._newest_picture is None else self._newest_picture
        return 0 if self._plan is None else self._plan.grid.frame(ticks_at(newest, VIDEO_TIMESCALE))

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None:
        """A data message of the publisher, at a programme time in seconds."""
        if session is self.session:
            self._desk.receive_data(name, values, programme)

    def session_ended(self, session: Session, reason: str, *, stopped: bool) -> None:
        """The publisher has gone; it is waited for, if there was something to see. One that was taken over from was
        not the publisher any more.
        """
        trace_session(self.channel, self.id, session, reason)
        was_on_air = session is self.session
        if not self.inputs.remove(session):
            return
        standby = self.inputs.standby
        if was_on_air and standby is not None and not self.over:
            self._change_over(standby)
        if not was_on_air or standby is not None:
            self._on_state()
            return
        absence = None
        if self._plan is not None and not self.over:
            absence = Absence.begun(reason, stopped, self._config.reconnect, time.monotonic())
        if absence is None:
            self.reason = self.reason or reason
            self._stop()
            return
        log.info("%s: the publisher is gone (%s); waiting %d s for it", self.channel, reason, absence.seconds)
        self._leave()
        self._await(absence)

    def _await(self, absence: Absence | None) -> None:
        self.absence = absence
        self.output.note_absence(absence)
        self._on_state()

    def finish(self, reason: str) -> None:
        """The show is over because its crew says so."""
        if not self.over:
            self.reason = reason
            self._stop()
            for session in self.inputs.all:
                session.request.close(reason)

    def _programme_now(self) -> Fraction:
        """Programme time for the first keyframe of a session: 0 until there is something to go on from."""
        due = self._standstill.due(time.monotonic())
        if self._plan is None or due is None:
            self.started = datetime.now(UTC)
            return Fraction(0)
        return max(due, self._newest + 1 / self._plan.rate)

    def _on_worker(self, event: PoolEvent) -> None:
        """A bug in what follows ends this broadcast, once, and no other. Who stops a server may stop its workers."""
        if self.state == "failed" or (self._suspended and isinstance(event, WorkerDied)):
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
            case Opened(renditions) if self.output.rests:
                self.output.begin(renditions)
            case Opened(renditions):
                assert self._plan is not None
                assert self.started is not None
                start_utc_ns = int(self.started.timestamp() * 1_000_000) * 1000
                self.output.open(renditions, self._plan.grid, start_utc_ns, lambda: self.newest_frame)
            case Stats():
                self.vitals.report(event, self.session)
            case Shed():
                self.overload.note(event)
            case Failed(reason=reason) if self.stream is not None:
                self._dismiss(reason)
            case WorkerDied(status, reason) if status and self.stream and self.inputs.has_another(time.monotonic()):
                self.transcoder.forgive()
                self._dismiss(reason)
            case Failed(reason=reason) | WorkerDied(reason=reason):
                self.fail(reason)

    def _dismiss(self, reason: str) -> None:
        """What this publisher sends cannot be shown; the show goes on without it."""
        log.error("%s: the publisher is dismissed: %s", self.channel, reason)
        self.inputs.distrust(time.monotonic())
        if self.session is not None:
            self.session.request.close(f"This stream cannot be shown: {reason}")

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return () if self.session is None or self.over else self.vitals.troubles(self.session)

    def _on_air(self) -> None:
        self.state = "live"
        self._on_state()
        log.info("%s: live as broadcast %s", self.channel, self.id)

    def fail(self, reason: str) -> None:
        """Give the broadcast up, for a reason in words that the crew and the viewers' pages will see."""
        log.error("%s: broadcast %s failed: %s", self.channel, self.id, reason)
        self.reason = reason
        self._end("failed")
        for session in self.inputs.all:
            session.request.close(f"The broadcast failed: {reason}")
        self._stop()

    def _stop(self) -> None:
        self._over.set()
        self._begun.set()

    def suspend(self) -> None:
        """The server stops; the next one goes on from here."""
        if not self.over:
            self._suspended = True
            self._stop()

    @property
    def rests(self) -> bool:
        """It was suspended, and is not over."""
        return self._suspended and self.state not in ("ended", "failed")

    def _end(self, state: State) -> None:
        if self.state in ("ended", "failed"):
            return
        if self._suspended and state == "ended" and self.output.outlives_the_server:
            log.info("%s: broadcast %s rests: the server stops", self.channel, self.id)
            self.output.suspend()
            return
        if state == "ended":
            log.info("%s: broadcast %s ended: %s", self.channel, self.id, self.reason or "the server stops")
        self.state = state
        self.output.end(self.reason)
        self._on_state()
