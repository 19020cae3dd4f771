"""A broadcast's life around a worker that does what the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.track import Codec, Rendition, Track, VideoTrack
from vitrine.origin.desk import NotOnAirError
from vitrine.overlay.commands import Command
from vitrine.server import inputs, transcoder
from vitrine.server.config import Config, Reconnect
from vitrine.server.desk import Desk
from vitrine.server.inputs import Role
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


BOUND = Config(reconnect=Reconnect(window=0))
"""A broadcast ends with its publisher."""


class FakeWorker:
    """Notes what it is given."""

    made: "FakeWorker | None" = None
    refuse: OSError | None = None

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
    async def launch(cls, on_event: Callable[[PoolEvent], None]) -> "FakeWorker":
        if cls.refuse:
            raise cls.refuse
        FakeWorker.made = cls(on_event)
        return FakeWorker.made

    @classmethod
    async def start(cls, plan: Plan, on_event: Callable[[PoolEvent], None]) -> "FakeWorker":
        worker = await cls.launch(on_event)
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

    def catch_up(self, position: Fraction) -> None:
        self.given.append("hurry")

    def advance(self, position: Fraction, slate: bool) -> None:
        self.filled.append(position)
        self.slates.append(slate)
        self.advanced.set()

    def leave(self) -> None:
        self.given.append("left")

    async def finish(self) -> None:
        self.ended.append("finished")

    async def close(self) -> None:
        self.ended.append("closed")


@pytest.fixture(autouse=True)
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorker]:
    monkeypatch.setattr(transcoder, "Worker", FakeWorker)
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
            self.session.push(AccessUnit(1, 40 * index, 40 * index, index == 0, b"picture"))


async def worker_of(broadcast: Broadcast) -> FakeWorker:
    async with asyncio.timeout(5):
        while FakeWorker.made is None or not FakeWorker.made.pushed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0)  # the broadcast's own task runs
    return FakeWorker.made


async def test_a_publisher_that_is_well_makes_way_only_if_it_is_asked_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = Broadcast("show", BOUND, desk)
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
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        assert worker.plan is not None
        assert worker.plan.rate == 25
        assert worker.given == [VIDEO, *range(0, 40 * RATE_UNITS, 40)]
        crew.session.end("the publisher stopped")
    assert worker.ended == ["finished", "closed"]
    assert (broadcast.state, broadcast.reason) == ("ended", "the publisher stopped")


async def test_a_worker_that_goes_on_with_a_keyframe_has_the_publisher_asked_for_one(desk: Desk) -> None:
    broadcast = Broadcast("show", BOUND, desk)
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
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        Crew(broadcast).session.end("gone")
    assert FakeWorker.made is not None
    assert (FakeWorker.made.plan, FakeWorker.made.ended) == (None, ["closed"])
    assert (broadcast.state, broadcast.reason) == ("ended", "gone")


async def test_a_worker_that_cannot_start_fails_the_broadcast_in_words(
    fake_worker: type[FakeWorker], desk: Desk
) -> None:
    fake_worker.refuse = OSError(12, "Cannot allocate memory")
    broadcast = Broadcast("show", BOUND, desk)
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
    broadcast = Broadcast("show", BOUND, desk)
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
    broadcast = Broadcast("show", BOUND, desk)
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


async def test_each_state_is_told(desk: Desk) -> None:
    told: list[str] = []
    broadcast = Broadcast("show", BOUND, desk, lambda: told.append(broadcast.state))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        for frame in range(9):  # of a part, and the first of the next
            worker.say(AccessUnit(1, 3600 * frame, 3600 * frame, frame == 0, b"picture"))
        assert told == ["live"]
        crew.session.end("gone")
    assert told == ["live", "ended"]


async def test_data_reach_the_desk_and_only_from_the_publisher_of_now(desk: Listener) -> None:
    broadcast = Broadcast("show", BOUND, desk)
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
    broadcast = Broadcast("show", BOUND, desk)
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


async def test_a_publisher_that_is_lost_is_awaited_and_the_slate_is_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "SLATE_AFTER_LEAVING", 0.15)
    broadcast = Broadcast("show", Config(reconnect=Reconnect(window=30)), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        crew.session.end("its network is gone")
        assert worker.given[-1] == "left"
        assert (broadcast.state, broadcast.over, broadcast.session) == ("starting", False, None)
        assert broadcast.absence is not None
        async with asyncio.timeout(10):
            while True not in worker.slates:
                await worker.advanced.wait()
                worker.advanced.clear()
        assert worker.slates[0] is False
        assert worker.filled == sorted(set(worker.filled))
        assert broadcast.newest_frame >= worker.filled[-1] * 25 - 1
        second = Crew(broadcast)
        assert broadcast.absence is None
        second.film(1)  # one keyframe is enough: the rate is known
        back = worker.given[worker.given.index("left") + 1 :]
        assert back[0] == VIDEO
        assert isinstance(back[1], int)
        assert back[1] >= worker.filled[-1] * 1000
        broadcast.finish("The crew ended the show.")
        assert second.told == ["The crew ended the show."]
        second.session.end("closed by us")
    assert worker.ended == ["finished", "closed"]
    assert (broadcast.state, broadcast.reason) == ("ended", "The crew ended the show.")


@pytest.mark.parametrize("stopped", [False, True])
async def test_who_does_not_come_back_in_time_ends_the_broadcast(
    desk: Desk, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = Reconnect(window=300, after_stop=1) if stopped else Reconnect(window=1, after_stop=300)
    broadcast = Broadcast("show", Config(reconnect=windows), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        crew.session.end("the publisher left", stopped=stopped)
    assert worker.ended == ["finished", "closed"]
    assert broadcast.reason == "the publisher left; nobody came back within 1 s"


async def test_a_worker_that_dies_on_air_is_replaced_by_one_that_goes_on(desk: Desk) -> None:
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        for number in range(4):
            worker.say(AccessUnit(1, 3600 * number, 3600 * number, number == 0, b"encoded"))
        worker.say(WorkerDied(-9, "killed by SIGKILL"))
        crew.session.push(AccessUnit(1, 400, 400, False, b"picture"))
        async with asyncio.timeout(10):
            while FakeWorker.made is worker or not FakeWorker.made.pushed.is_set():  # type: ignore[union-attr] # noqa: ASYNC110
                await asyncio.sleep(0)
        second = FakeWorker.made
        assert second is not None
        assert worker.ended == ["closed"]
        assert second.plan is not None
        assert second.plan.first_frame == 4
        assert [unit.pts for unit in second.refilled[1:] if isinstance(unit, AccessUnit)] == [*range(0, 440, 40)]
        second.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        second.say(AccessUnit(1, 3600 * 4, 3600 * 4, True, b"encoded"))
        assert broadcast.stream is not None
        assert broadcast.stream.packager.taken["180p"] == 5
        crew.session.end("done")
    assert (broadcast.state, broadcast.reason) == ("ended", "done")


async def test_what_kills_one_worker_after_the_other_is_given_once_more_only(desk: Desk) -> None:
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker: FakeWorker = await worker_of(broadcast)
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        worker.say(AccessUnit(1, 0, 0, True, b"encoded"))
        given = []
        for _ in range(transcoder.MOST_DEATHS):
            worker.say(WorkerDied(-11, "killed by SIGSEGV"))
            async with asyncio.timeout(10):
                while FakeWorker.made is worker or not FakeWorker.made.pushed.is_set():  # type: ignore[union-attr] # noqa: ASYNC110
                    await asyncio.sleep(0)
            assert FakeWorker.made is not None
            worker = FakeWorker.made
            given.append(len(worker.refilled))
        assert given == [1 + RATE_UNITS, 1, 1, 1, 1]
        worker.say(WorkerDied(-11, "killed by SIGSEGV"))
    assert broadcast.state == "failed"
    assert broadcast.reason == "killed by SIGSEGV; 5 others did the same within 60 s"
    assert len(crew.told) == 1


async def test_a_publisher_whose_stream_cannot_be_shown_is_dismissed_and_the_show_goes_on(desk: Desk) -> None:
    broadcast = Broadcast("show", Config(), desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        crew = Crew(broadcast)
        crew.film()
        worker = await worker_of(broadcast)
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        worker.say(Failed("300 access units in a row cannot be decoded"))
        assert crew.told == ["This stream cannot be shown: 300 access units in a row cannot be decoded"]
        crew.session.end(crew.told[0])
        worker.say(WorkerDied(1, "The transcoder ended with status 1"))
        assert broadcast.absence is not None
        assert not broadcast.over
        broadcast.finish("enough")


async def test_a_publisher_that_stands_still_is_filled_in_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    broadcast = Broadcast("show", BOUND, desk)
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


async def test_a_backup_stands_by_and_is_on_air_when_the_primary_is_gone(desk: Desk) -> None:
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        primary = Crew(broadcast)
        primary.film()
        worker = await worker_of(broadcast)
        before = len(worker.given)
        backup = Crew(broadcast, "backup")
        backup.film()
        assert len(worker.given) == before
        assert (broadcast.inputs.on_air_role, broadcast.inputs.standby_role) == ("primary", "backup")
        primary.session.end("its power failed")
        assert broadcast.absence is None
        assert worker.given[before : before + 2] == ["left", "hurry"]
        shown = [pts for pts in worker.given[before + 2 :] if isinstance(pts, int)]
        assert len(shown) == RATE_UNITS
        assert shown[-1] >= 40 * RATE_UNITS, "its newest picture is of now"
        assert shown[0] < 40 * RATE_UNITS, "what it takes to decode that one is of before"
        backup.session.end("gone too")
    assert (broadcast.state, broadcast.reason) == ("ended", "gone too")


async def test_the_primary_goes_back_on_air_when_it_has_sent_for_a_while(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "UNBROKEN", 0.0)
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        backup = Crew(broadcast, "backup")
        backup.film()
        await worker_of(broadcast)
        primary = Crew(broadcast)
        primary.film()
        assert broadcast.inputs.on_air_role == "backup"
        async with asyncio.timeout(10):
            while broadcast.session is backup.session:  # noqa: ASYNC110 - the broadcast looks ten times a second
                await asyncio.sleep(0.01)
        assert (backup.told, broadcast.inputs.standby_role) == ([], "backup")
        backup.session.end("not needed")
        assert not broadcast.over
        primary.session.end("done")
    assert broadcast.reason == "done"


async def test_who_stood_by_when_nothing_had_begun_begins_the_show(desk: Desk) -> None:
    broadcast = Broadcast("show", BOUND, desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broadcast.run())
        primary, backup = Crew(broadcast), Crew(broadcast, "backup")
        primary.session.end("it never sent anything")
        assert broadcast.inputs.on_air_role == "backup"
        backup.film()
        worker = await worker_of(broadcast)
        assert worker.given == [VIDEO, *range(0, 40 * RATE_UNITS, 40)]
        backup.session.end("done")
