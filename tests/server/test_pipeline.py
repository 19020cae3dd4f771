"""A broadcast's life around a worker that does what the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.track import Codec, Rendition, Track, VideoTrack
from vitrine.origin.desk import NotOnAirError
from vitrine.overlay.commands import Command
from vitrine.server import pipeline
from vitrine.server.config import Config
from vitrine.server.desk import Desk
from vitrine.server.pipeline import Broadcast
from vitrine.server.session import Session
from vitrine.server.shop import Shop
from vitrine.transcode import standstill
from vitrine.transcode.events import Failed, Opened, PoolEvent, WorkerDied
from vitrine.transcode.gate import RATE_UNITS
from vitrine.transcode.ladder import Plan

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")
VIDEO_OUT = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 320, 180, rate=Fraction(25))


class FakeWorker:
    """Notes what it is given."""

    made: "FakeWorker | None" = None
    refuse: OSError | None = None

    def __init__(self, plan: Plan, on_event: Callable[[PoolEvent], None]) -> None:
        self.plan = plan
        self.say = on_event
        self.given: list[object] = []
        self.pushed = asyncio.Event()
        self.waits_for_keyframe = False
        self.ended: list[str] = []
        self.filled: list[Fraction] = []
        self.advanced = asyncio.Event()

    @classmethod
    async def start(cls, plan: Plan, on_event: Callable[[PoolEvent], None]) -> "FakeWorker":
        if cls.refuse:
            raise cls.refuse
        FakeWorker.made = cls(plan, on_event)
        return FakeWorker.made

    def add_track(self, track: Track) -> None:
        self.given.append(track)

    def push(self, unit: AccessUnit) -> None:
        self.given.append(unit.pts)
        self.pushed.set()

    def advance(self, position: Fraction) -> None:
        self.filled.append(position)
        self.advanced.set()

    async def finish(self) -> None:
        self.ended.append("finished")

    async def close(self) -> None:
        self.ended.append("closed")


@pytest.fixture(autouse=True)
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorker]:
    monkeypatch.setattr(pipeline, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "made", None)
    monkeypatch.setattr(FakeWorker, "refuse", None)
    return FakeWorker


class Listener(Desk):
    """A desk that notes what the encoder says."""

    def __init__(self, data: Path, tasks: asyncio.TaskGroup) -> None:
        super().__init__("show", Shop("show", None, None), data, tasks)
        self.heard: list[tuple[str, Sequence[object], Fraction]] = []

    def receive_data(self, name: str, values: Sequence[object], programme: Fraction) -> None:
        self.heard.append((name, values, programme))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Listener]:
    async with asyncio.TaskGroup() as tasks:
        yield Listener(tmp_path, tasks)


class Crew:
    """A publisher, and what it was told at its end."""

    def __init__(self, broadcast: Broadcast) -> None:
        self.told: list[str] = []
        self.asked: list[str] = []
        request = PublishRequest(
            "rtmp", "key", "127.0.0.1", self.told.append, want_keyframe=lambda: self.asked.append("keyframe")
        )
        self.session = broadcast.new_session(request)

    def film(self, count: int = RATE_UNITS) -> None:
        self.session.add_track(VIDEO)
        for index in range(count):
            self.session.push(AccessUnit(1, 40 * index, 40 * index, index == 0, b"picture"))


async def worker_of(broadcast: Broadcast) -> FakeWorker:
    async with asyncio.timeout(5):
        while FakeWorker.made is None or not FakeWorker.made.pushed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0)  # the broadcast's own task runs
    return FakeWorker.made


async def test_a_publisher_that_is_well_makes_way_only_if_it_is_asked_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        polite = PublishRequest("whip", "key", "127.0.0.1", lambda reason: None, takeover=False)
        with pytest.raises(PublishRefusedError, match=r"is live on this channel by RTMP.*takeover=1") as caught:
            broadcast.new_session(polite)
        assert caught.value.refusal is Refusal.BUSY
        assert crew.told == []
        monkeypatch.setattr(Session, "is_well", False)
        broadcast.new_session(polite).end("gone")
    assert "taken over" in crew.told[0]


async def test_what_came_while_the_worker_started_is_given_in_order(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        assert worker.plan.rate == 25
        assert worker.given == [VIDEO, *range(0, 40 * RATE_UNITS, 40)]
        crew.session.end("the publisher stopped")
    assert worker.ended == ["finished", "closed"]
    assert (broadcast.state, broadcast.reason) == ("ended", "the publisher stopped")


async def test_a_worker_that_goes_on_with_a_keyframe_has_the_publisher_asked_for_one(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        crew.session.push(AccessUnit(1, 1000, 1000, False, b"picture"))
        assert crew.asked == []
        worker.waits_for_keyframe = True
        crew.session.push(AccessUnit(1, 1040, 1040, False, b"picture"))
        assert crew.asked == ["keyframe"]
        crew.session.end("the publisher stopped")


async def test_a_publisher_that_leaves_before_it_sent_anything(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        Crew(broadcast).session.end("gone")
    assert FakeWorker.made is None
    assert (broadcast.state, broadcast.reason) == ("ended", "gone")


async def test_a_worker_that_cannot_start_fails_the_broadcast_in_words(
    fake_worker: type[FakeWorker], desk: Desk
) -> None:
    fake_worker.refuse = OSError(12, "Cannot allocate memory")
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
    assert broadcast.state == "failed"
    assert "Cannot allocate memory" in str(broadcast.reason)
    assert "Cannot allocate memory" in crew.told[0]
    crew.session.end("our side closed")
    assert "Cannot allocate memory" in str(broadcast.reason)


@pytest.mark.parametrize("event", [Failed("no decoder"), WorkerDied(-9, "killed by SIGKILL")])
async def test_a_worker_that_gives_up_fails_the_broadcast_once(event: Failed | WorkerDied, desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        worker.say(event)
        worker.say(WorkerDied(1, "and died"))
    assert worker.ended == ["closed"]
    assert (broadcast.state, broadcast.reason) == ("failed", event.reason)
    assert len(crew.told) == 1


async def test_a_second_publisher_goes_on_where_the_first_was(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        first, second = Crew(broadcast), None
        first.film()
        worker = await worker_of(broadcast)
        second = Crew(broadcast)
        assert "taken over" in first.told[0]
        first.session.end("its socket closed")
        assert not broadcast.over
        second.film()
        newest = 40 * (RATE_UNITS - 1)
        taken_over = worker.given[worker.given.index(VIDEO, 1) + 1 :]
        assert isinstance(taken_over[0], int)
        assert taken_over[0] > newest
        second.session.end("done")


async def test_data_reach_the_desk_and_only_from_the_publisher_of_now(desk: Listener) -> None:
    broadcast = Broadcast("show", Config(), desk)
    first = Crew(broadcast)
    first.session.data("onCuePoint", [0], 0)
    first.film()
    first.session.data("onCuePoint", [1], 120)
    second = Crew(broadcast)
    first.session.data("onCuePoint", [2], 160)
    assert desk.heard == [("onCuePoint", [0], Fraction(0)), ("onCuePoint", [1], Fraction(120, 1000))]
    second.session.end("gone")
    first.session.end("gone")


async def test_the_newest_frame_is_that_of_the_newest_picture(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    assert broadcast.newest_frame == 0
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        assert broadcast.newest_frame == RATE_UNITS - 1
        assert desk.show is None
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        assert desk.show is not None
        assert (desk.broadcast, desk.newest) == (broadcast.id, RATE_UNITS - 1)
        crew.session.push(AccessUnit(1, 40 * 30, 40 * 30, False, b"picture"))
        assert desk.newest == 30
        crew.session.end("gone")
    assert desk.newest == 30
    with pytest.raises(NotOnAirError):
        await desk.command(Command("show", ("A",)), None)


async def test_a_publisher_that_stands_still_is_filled_in_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        assert worker.filled == []
        async with asyncio.timeout(10):
            while broadcast.newest_frame < RATE_UNITS:
                await worker.advanced.wait()
                worker.advanced.clear()
        assert worker.filled == sorted(set(worker.filled))
        crew.session.end("gone")
