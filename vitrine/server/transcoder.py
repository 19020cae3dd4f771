"""The worker of one broadcast: a process that dies is replaced by one that carries on in the same grid."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Rendition, Track, VideoTrack
from vitrine.transcode.events import Failed, Opened, PoolEvent, Shed, Stats, WorkerDied
from vitrine.transcode.ladder import Plan
from vitrine.transcode.pool import Worker
from vitrine.transcode.replay import Replay

log = logging.getLogger("vitrine.transcoder")

MOST_WAITING = 10_000
"""Tracks and access units held while a worker process starts: a minute of them, where a second is usual."""

MOST_WAITING_BYTES = 64 << 20
"""Of them: forty seconds of an extravagant 12 Mbit/s feed."""

MOST_DEATHS = 5
DEATHS_SECONDS = 60.0
"""Workers replaced in such a time: what kills one after the other, the next will not survive either."""

START_AGAIN = 1.0
"""Seconds until another start is tried where the system had no process or memory to give, and twice as long after each:
half a minute for MOST_DEATHS."""

LEVELS = frozenset({"lag", "frozen", "mute"})
"""Of the statistics: what is true of now, and not counted since the beginning."""


class Waiting:
    """What is held for a worker that is being started, and its size."""

    def __init__(self, items: Iterable[Track | AccessUnit] = ()) -> None:
        self.items: list[Track | AccessUnit] = []
        self._bytes = 0
        for item in items:
            self.add(item)

    def add(self, item: Track | AccessUnit) -> None:
        self.items.append(item)
        self._bytes += len(item.data) if isinstance(item, AccessUnit) else 0

    @property
    def too_much(self) -> bool:
        return len(self.items) > MOST_WAITING or self._bytes > MOST_WAITING_BYTES


class Transcoder:
    """`taken` tells how far each rendition has come, for a worker that is to go on from there.

    `on_event` gets what a worker says, Opened once. Of deaths it gets WorkerDied before anything was opened, be it by
    the server before this one, and where they are too many; of failures those that the input is to blame for, and
    those before anything was opened. `died` counts workers.
    """

    def __init__(
        self, on_event: Callable[[PoolEvent], None], taken: Callable[[], Mapping[str, int]], name: str = ""
    ) -> None:
        """Its processes stand with `name` in lists of processes."""
        self._name = name
        self._on_event = on_event
        self._taken = taken
        self._plan: Plan | None = None
        self._launched: Worker | None = None  # waits for its plan
        self._worker: Worker | None = None
        self._waiting = Waiting()
        self._replay = Replay()
        self._renditions: tuple[Rendition, ...] = ()
        self._telling: frozenset[int] = frozenset()  # tracks that show whether a worker survives its input
        self.died = 0
        self._deaths: deque[float] = deque()
        self._dead = False
        self._start_again = 0.0
        self._delivered = False
        self._counted = self._former = Stats()

    @property
    def overwhelmed(self) -> bool:
        """More waits for a worker to start than may."""
        return self._waiting.too_much

    @property
    def waits_for_keyframe(self) -> bool:
        """Pictures were given up, and there is room again from the next keyframe on; or another worker could not begin
        before that one.
        """
        return self._replay.waits_for_keyframe or self.skips

    @property
    def skips(self) -> bool:
        """Nothing is seen of the pictures that come, until a keyframe does."""
        return self._worker is not None and self._worker.waits_for_keyframe

    @property
    def pid(self) -> int | None:
        """Of the worker, None while there is none."""
        return None if self._worker is None or self._dead else self._worker.pid

    async def launch(self) -> None:
        """Start a process that waits for its plan. Raises OSError."""
        self._launched = await Worker.launch(self._receive, self._name)

    def begin(self, plan: Plan) -> None:
        """The plan is known; what has been given by now waits for it."""
        self._plan = plan
        self._worker, self._launched = self._launched, None
        assert self._worker is not None
        self._worker.begin(plan)
        waiting, self._waiting = self._waiting, Waiting()
        for item in waiting.items:
            if isinstance(item, AccessUnit):
                self._worker.push(item)
            else:
                self._worker.add_track(item)

    async def revive(self) -> None:
        """Replace the worker where it is dead; where none can be started, a later call tries again."""
        if not self._dead or time.monotonic() < self._start_again:
            return
        assert self._plan is not None
        former, self._worker = self._worker, None
        if former is not None:
            await former.close()
        self._dead = False
        self._waiting = Waiting(self._replay.items)
        self._former, self._delivered = self._counted, False
        plan = self._plan.resumed(self._renditions, self._taken()) if self._renditions else self._plan
        try:
            worker = await Worker.start(plan, self._receive, self._name)
        except OSError as error:
            self._waiting = Waiting()
            self._put_off(f"Another transcoder cannot be started: {error.strerror}")
            return
        self._on_event(Shed((), 0.0))  # it begins with all of the ladder, whatever its predecessor gave up
        worker.refill(self._waiting.items)
        self._waiting = Waiting()
        self._worker = worker

    def _put_off(self, reason: str) -> None:
        if self._is_one_too_many(WorkerDied(0, reason)):
            return
        wait = START_AGAIN * 2 ** (len(self._deaths) - 1)
        log.error("%s. It is tried again in %.0f s.", reason, wait)
        self._dead, self._start_again = True, time.monotonic() + wait

    def add_track(self, track: Track) -> None:
        """Announce a track, or its changed description, before its access units."""
        self._replay.add_track(track)
        if self._worker is None:
            self._waiting.add(track)
        else:
            self._worker.add_track(track)

    def push(self, unit: AccessUnit) -> None:
        """Give an access unit in programme time."""
        self._replay.push(unit)
        if self._replay.has_more:
            self._replay.trim(self._delivered_until)
        if self._worker is None:
            self._waiting.add(unit)
        else:
            self._worker.push(unit)

    @property
    def _delivered_until(self) -> Fraction:
        """Seconds of programme time that all rungs have come to."""
        if self._plan is None or not self._renditions:
            return Fraction(0)
        taken = self._taken()
        pictures = (each.name for each in self._renditions if isinstance(each.track, VideoTrack))
        return min((Fraction(taken[name]) for name in pictures), default=Fraction(0)) / self._plan.rate

    def leave(self) -> None:
        """The publisher is gone; tracks and units that follow are another one's."""
        self._replay.leave()
        if self._worker is not None:
            self._worker.leave()
        elif self._renditions:
            self._waiting = Waiting()  # a replacement is being started, which needs nothing for its slate

    def catch_up(self) -> None:
        """What is pushed next is much at once: a group of pictures, or what a publisher kept back."""
        if self._worker is not None:
            self._worker.catch_up()

    def forgive(self) -> None:
        """Go on with another worker after all: what killed those before will not be given again."""
        self._deaths.clear()
        self._replay.forget_units()
        self._dead = True

    def advance(self, position: Fraction, slate: bool) -> None:
        """Programme time has reached `position` seconds, with or without media."""
        if self._worker is not None:
            self._worker.advance(position, slate)

    async def finish(self) -> None:
        """Have everything encoded and delivered."""
        if self._worker is not None and not self._dead:
            await self._worker.finish()

    async def close(self) -> None:
        """End the worker; no event follows."""
        for worker in (self._launched, self._worker):
            if worker is not None:
                await worker.close()
        self._launched = self._worker = None

    def _receive(self, event: PoolEvent) -> None:
        match event:
            case AccessUnit(track_id):
                self._delivered = self._delivered or track_id in self._telling
                self._on_event(event)
            case Stats():
                self._counted = _sum(self._former, event)
                self._on_event(self._counted)
            case Opened(renditions):
                self._open(renditions)
            case Failed() if self._renditions:
                self._replay.forget_units()
                if event.ours:
                    log.error("%s", event.reason)
                else:
                    self._on_event(event)
            case WorkerDied() if self._may_be_replaced:
                self._bury(event)
            case _:
                self._on_event(event)

    def _open(self, renditions: tuple[Rendition, ...]) -> None:
        if not self._renditions:
            self._renditions = renditions
            pictures = frozenset(each.track.id for each in renditions if isinstance(each.track, VideoTrack))
            self._telling = pictures or frozenset(each.track.id for each in renditions)
            self._on_event(Opened(renditions))
        elif renditions != self._renditions:
            self._on_event(WorkerDied(0, "A new transcoder makes other renditions than the one that it replaces"))

    def _bury(self, death: WorkerDied) -> None:
        self.died += 1
        if self._is_one_too_many(death):
            return
        if not self._delivered:
            self._replay.forget_units()  # what it began with may be what killed it
        log.error("%s. It is being replaced.", death.reason)
        self._dead = True

    def _is_one_too_many(self, death: WorkerDied) -> bool:
        now = time.monotonic()
        self._deaths.append(now)
        while now - self._deaths[0] > DEATHS_SECONDS:
            self._deaths.popleft()
        if len(self._deaths) <= MOST_DEATHS:
            return False
        text = f"{death.reason}; {MOST_DEATHS} others did the same within {DEATHS_SECONDS:.0f} s"
        self._on_event(replace(death, reason=text))
        return True

    @property
    def _may_be_replaced(self) -> bool:
        """What it made, or a transcoder of the server before this one, is seen already."""
        return bool(self._renditions or (self._plan is not None and self._plan.fixed))


def _sum(former: Stats, stats: Stats) -> Stats:
    counts = {
        each.name: getattr(former, each.name) + getattr(stats, each.name)
        for each in fields(Stats)
        if each.name not in LEVELS
    }
    return replace(stats, **counts)
