"""A broadcast with a worker that does what the test says, and publishers."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

from vitrine.ingest.publish import PublishRequest
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.track import Codec, Track, VideoTrack
from vitrine.server.config import Config, Reconnect
from vitrine.server.desk import Desk
from vitrine.server.inputs import Role
from vitrine.server.pipeline import Broadcast
from vitrine.server.shop import Shop
from vitrine.transcode.events import PoolEvent
from vitrine.transcode.gate import RATE_UNITS
from vitrine.transcode.ladder import Plan

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)


AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")


VIDEO_OUT = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 320, 180, rate=Fraction(25))


BOUND = Config(reconnect=Reconnect(window=0))
"""A broadcast ends with its publisher."""

PATIENCE = 10.0
"""Seconds that a test waits for what it waits for."""


class FakeWorker:
    """Notes what it is given."""

    made: "FakeWorker | None" = None
    refuse: OSError | None = None
    refused: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, on_event: Callable[[PoolEvent], None]) -> None:
        self.plan: Plan | None = None
        self.say = on_event
        self.given: list[object] = []
        self.pushed = asyncio.Event()
        self.waits_for_keyframe = False
        self.ended: list[str] = []
        self.filled: list[Fraction] = []
        self.slates: list[bool] = []
        self.refilled: list[Track | AccessUnit] = []
        self.advanced = asyncio.Event()

    @classmethod
    async def launch(cls, on_event: Callable[[PoolEvent], None], name: str = "") -> "FakeWorker":
        if cls.refuse:
            cls.refused()
            raise cls.refuse
        FakeWorker.made = cls(on_event)
        return FakeWorker.made

    @classmethod
    async def start(cls, plan: Plan, on_event: Callable[[PoolEvent], None], name: str = "") -> "FakeWorker":
        worker = await cls.launch(on_event, name)
        worker.begin(plan)
        return worker

    def begin(self, plan: Plan) -> None:
        self.plan = plan

    def add_track(self, track: Track) -> None:
        self.given.append(track)

    def push(self, unit: AccessUnit) -> None:
        self.given.append(unit.pts)
        self.pushed.set()

    def refill(self, items: Iterable[Track | AccessUnit]) -> None:
        self.refilled = list(items)
        self.pushed.set()

    def catch_up(self) -> None:
        self.given.append("hurry")

    def advance(self, position: Fraction, slate: bool) -> None:
        self.filled.append(position)
        self.slates.append(slate)
        self.advanced.set()

    async def advances_until(self, done: Callable[[], bool]) -> None:
        """It is told that time goes on without media, at least once, until that is so."""
        async with asyncio.timeout(PATIENCE):
            await self.advanced.wait()
            while not done():
                self.advanced.clear()
                await self.advanced.wait()

    def leave(self) -> None:
        self.given.append("left")

    async def finish(self) -> None:
        self.ended.append("finished")

    async def close(self) -> None:
        self.ended.append("closed")


class Listener(Desk):
    """A desk that notes what the encoder says."""

    def __init__(self, data: Path, tasks: asyncio.TaskGroup) -> None:
        super().__init__("show", Shop("show", None, None), data, tasks)
        self.heard: list[tuple[str, Sequence[object], Fraction]] = []

    def receive_data(self, name: str, values: Sequence[object], programme: Fraction) -> None:
        self.heard.append((name, values, programme))


class Crew:
    """A publisher, and what it was told at its end."""

    def __init__(self, broadcast: Broadcast, role: Role = "primary") -> None:
        self.told: list[str] = []
        self.asked: list[str] = []
        request = PublishRequest(
            "rtmp", "key", "127.0.0.1", self.told.append, want_keyframe=lambda: self.asked.append("keyframe")
        )
        self.session = broadcast.new_session(request, role)

    def film(self, count: int = RATE_UNITS) -> None:
        self.session.add_track(VIDEO)
        for index in range(count):
            self._push(index, keyframe=index == 0)

    async def film_until(self, done: Callable[[], bool], keyframes: bool = False) -> None:
        """Pictures after those of `film`, each tenth a keyframe or none."""
        async with asyncio.timeout(PATIENCE):
            for index in itertools.count(RATE_UNITS):
                if done():
                    return
                self._push(index, keyframe=keyframes and index % 10 == 0)
                await asyncio.sleep(0.01)

    def _push(self, index: int, keyframe: bool) -> None:
        self.session.push(AccessUnit(1, 40 * index, 40 * index, keyframe, b"picture"))


async def worker_of(broadcast: Broadcast) -> FakeWorker:
    async with asyncio.timeout(5):
        while FakeWorker.made is None or not FakeWorker.made.pushed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0)  # the broadcast's own task runs
    return FakeWorker.made


@asynccontextmanager
async def broadcasting(desk: Desk, config: Config = BOUND) -> AsyncIterator[Broadcast]:
    """A broadcast; until it is over."""
    broadcast = Broadcast("show", config, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        yield broadcast


@asynccontextmanager
async def filming(desk: Desk, config: Config = BOUND) -> AsyncIterator[tuple[Broadcast, Crew, FakeWorker]]:
    """The same, begun by a publisher, and its worker."""
    async with broadcasting(desk, config) as broadcast:
        crew = Crew(broadcast)
        crew.film()
        yield broadcast, crew, await worker_of(broadcast)


async def replacement_of(former: FakeWorker) -> FakeWorker:
    """The worker that another one's death has brought, once it has been given what there is."""
    async with asyncio.timeout(PATIENCE):
        while FakeWorker.made is None or FakeWorker.made is former or not FakeWorker.made.pushed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0)
    return FakeWorker.made
