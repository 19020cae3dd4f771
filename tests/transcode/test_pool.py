import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from tests.transcode.clips import Clip, audio_clip, plan, tone, transcode, video_clip
from vitrine.confinement.confine import MEMORY
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.messages import MAX_MESSAGE
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode import backlog, pool
from vitrine.transcode.events import Failed, Finished, Opened, PoolEvent, Stats, WorkerDied
from vitrine.transcode.ipc import Came, Message, encode
from vitrine.transcode.ladder import Plan
from vitrine.transcode.pool import Worker, worker_environment
from vitrine.transcode.worker.decoder import MAX_REFUSED


class Listener:
    """Keeps events, and waits for one of a kind."""

    def __init__(self) -> None:
        self.events: list[PoolEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: PoolEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def first(self, kind: type[PoolEvent]) -> PoolEvent:
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()


def is_there(pid: int) -> bool:
    """Also true of a zombie."""
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def running(wanted: Plan) -> AsyncIterator[tuple[Worker, Listener]]:
    listener = Listener()
    worker = await Worker.start(wanted, listener)
    try:
        yield worker, listener
    finally:
        await worker.close()
        assert not is_there(worker.pid)


def feed(worker: Worker, clip: Clip) -> None:
    for track in clip.tracks:
        worker.add_track(track)
    for unit in clip.units:
        worker.push(unit)


async def test_everything_is_delivered_before_the_end() -> None:
    async with running(plan()) as (worker, listener):
        feed(worker, video_clip(count=30) + audio_clip(tone(1)))
        await worker.finish()
        assert isinstance(listener.events[0], Opened)
        assert isinstance(listener.events[-2], Stats)
        assert isinstance(listener.events[-1], Finished)
        pictures = [event for event in listener.events if isinstance(event, AccessUnit) and event.track_id == 1]
        assert len(pictures) == 30


async def test_a_killed_worker_is_reported() -> None:
    async with running(plan(live=True)) as (worker, listener):
        feed(worker, video_clip(count=30))
        await listener.first(Opened)
        os.kill(worker.pid, signal.SIGKILL)
        died = await listener.first(WorkerDied)
        assert died == WorkerDied(-signal.SIGKILL, "The transcoder ended by signal SIGKILL")
        worker.push(AccessUnit(1, 0, 0, True, b"x"))
        await worker.drain()
        await worker.finish()


async def test_a_worker_that_dies_while_it_starts_is_reported() -> None:
    """As under load: it is dead, and its pipes are closed, before they are made larger."""
    listener = Listener()
    worker = await Worker.launch(listener)
    os.kill(worker.pid, signal.SIGKILL)
    await listener.first(WorkerDied)
    worker._enlarge_pipes()
    await worker.close()


async def test_a_worker_that_stands_still_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "HUNG_SECONDS", 0.2)
    async with running(plan(live=True)) as (worker, listener):
        clip = video_clip(count=2)
        feed(worker, clip)
        os.kill(worker.pid, signal.SIGSTOP)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.first(WorkerDied))
            while not waiting.done():
                worker.push(clip.units[0])
                await asyncio.wait([waiting], timeout=0.05)
        died = waiting.result()
        assert isinstance(died, WorkerDied)
        assert "without a word" in died.reason


@pytest.mark.parametrize("wait", [Worker.finish, Worker.drain])
async def test_a_worker_that_is_waited_for_in_vain_is_killed(
    monkeypatch: pytest.MonkeyPatch, wait: Callable[[Worker], Awaitable[None]]
) -> None:
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.3)
    async with running(plan()) as (worker, listener):
        worker.add_track(VideoTrack(1, Codec.VP8, 1000, b""))
        os.kill(worker.pid, signal.SIGSTOP)
        for number in range(2):
            worker.push(AccessUnit(1, number, number, True, bytes(MAX_MESSAGE // 2)))
        await wait(worker)
        assert isinstance(await listener.first(WorkerDied), WorkerDied)


async def test_garbage_fails_in_words() -> None:
    clip = video_clip(count=1)
    garbage = [AccessUnit(1, n, n, True, b"\x00\x00\x00\x04abcd") for n in range(MAX_REFUSED)]
    async with running(plan(live=True)) as (worker, listener):
        feed(worker, Clip(clip.tracks, garbage))
        failed = await listener.first(Failed)
        assert isinstance(failed, Failed)
        assert "h264 access units in a row cannot be decoded" in failed.reason
        died = await listener.first(WorkerDied)
        assert isinstance(died, WorkerDied)
        assert died.status == 1


async def test_a_configuration_that_makes_no_sense_fails_in_words() -> None:
    async with running(plan()) as (worker, listener):
        worker.add_track(AudioTrack(2, Codec.AAC, 48000, b"\xff" * 8, 48000, 2))
        failed = await listener.first(Failed)
        assert isinstance(failed, Failed)
        assert "aac configuration is not understood" in failed.reason


async def test_a_worker_is_told_when_media_come(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []

    def noting(message: Message) -> bytes:
        sent.append(message)
        return encode(message)

    monkeypatch.setattr(pool, "encode", noting)
    monkeypatch.setattr(pool, "CLOCK_STEP", 0.0)
    async with running(plan(live=True)) as (worker, _):
        clip = video_clip(count=2)
        before = time.monotonic()
        feed(worker, clip)
        came = [each.at for each in sent if isinstance(each, Came)]
        assert [type(each) for each in sent[-4:]] == [Came, AccessUnit] * 2
        assert before <= came[0] <= came[1] <= time.monotonic()


async def test_what_a_worker_cannot_take_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_SECONDS", 0.0)
    async with running(plan(live=True)) as (worker, listener):
        clip = video_clip(count=100)
        feed(worker, Clip(clip.tracks, clip.units[:1]))
        os.kill(worker.pid, signal.SIGSTOP)
        scale = clip.tracks[0].timescale
        for number in range(60):
            stamp = number * scale // 25
            worker.push(AccessUnit(1, stamp, stamp, number % 25 == 0, bytes(1 << 16)))
        assert worker.lost > 0
        os.kill(worker.pid, signal.SIGCONT)
        await worker.finish()
        stats = [event for event in listener.events if isinstance(event, Stats)]
        assert stats[-1].lost == worker.lost


async def test_an_access_unit_over_the_limit_is_given_up() -> None:
    async with running(plan(live=True)) as (worker, _):
        worker.add_track(VideoTrack(1, Codec.VP8, 1000, b""))
        too_long = AccessUnit(1, 0, 0, True, bytes(MAX_MESSAGE))
        worker.push(too_long)
        assert worker.lost == 1
        worker.refill([too_long])
        assert worker.lost == 2


async def test_an_unknown_track_is_a_misuse() -> None:
    async with running(plan()) as (worker, _):
        with pytest.raises(MisuseError, match="Track 5"):
            worker.push(AccessUnit(5, 0, 0, True, b""))


async def test_closing_ends_a_worker_at_any_time() -> None:
    async with running(plan(live=True)) as (worker, listener):
        feed(worker, video_clip(count=50))
        await worker.close()
        count = len(listener.events)
        worker.push(AccessUnit(1, 0, 0, True, b"x"))
        await worker.close()
    assert not any(isinstance(event, WorkerDied) for event in listener.events)
    assert len(listener.events) == count


async def test_closing_kills_a_worker_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "GRACE_SECONDS", 0.1)
    async with running(plan()) as (worker, _):
        os.kill(worker.pid, signal.SIGSTOP)


async def test_no_secret_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_API_TOKEN", "secret")
    async with running(plan()) as (worker, _):
        assert process_strings(worker.pid, "environ") == [f"{k}={v}" for k, v in worker_environment().items()]
        assert process_strings(worker.pid, "cmdline")[1:] == ["-m", "vitrine.transcode.worker"]


async def test_a_list_of_processes_says_whose_a_worker_is() -> None:
    worker = await Worker.start(plan(), Listener(), "cyberdeals")
    try:
        assert process_strings(worker.pid, "cmdline")[1:] == ["-m", "vitrine.transcode.worker", "cyberdeals"]
    finally:
        await worker.close()


def process_strings(pid: int, name: str) -> list[str]:
    return (Path(f"/proc/{pid}") / name).read_text().split("\0")[:-1]


async def test_two_workers_at_once() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(transcode(video_clip(count=25), plan(Fraction(25)))) for _ in range(2)]
    first, second = (task.result() for task in tasks)
    assert first.units("120p") == second.units("120p")


async def test_a_worker_is_confined_before_it_reads_media() -> None:
    async with running(plan()) as (worker, listener):
        feed(worker, video_clip(count=30))
        await listener.first(Opened)
        process = Path(f"/proc/{worker.pid}")
        assert os.readlink(process / "ns/net") != os.readlink("/proc/self/ns/net")
        limits = {line[:25].strip(): line.split()[-3:-1] for line in (process / "limits").read_text().splitlines()}
        assert limits["Max data size"] == [str(MEMORY)] * 2
        assert limits["Max file size"] == ["0", "0"]
        assert "NoNewPrivs:\t1" in (process / "status").read_text()
        await worker.finish()
