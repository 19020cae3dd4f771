"""A broadcast that a server finds on disk: it goes on, waits, or is over."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.server.broadcast.stage import Crew, FakeWorker, Listener
from tests.server.kept import BROADCAST, GRID, RENDITIONS, Show
from vitrine.media.access_unit import AccessUnit
from vitrine.overlay.commands import Command, Newest
from vitrine.packager.run import FIRST_MSN
from vitrine.server.absence import RESTARTED
from vitrine.server.config import Channel, Config, Reconnect, Server
from vitrine.server.index import Absent, Index, write_index
from vitrine.server.left import Left, find_left
from vitrine.server.pipeline import Broadcast
from vitrine.server.registry import Registry
from vitrine.server.segment_files import FOLDER
from vitrine.transcode.events import Opened

PLAYED = 9
"""Seconds."""

GONE = 20
"""Seconds since the server before this one has been gone."""


def kept(channel: Path, name: str = BROADCAST, gone: int = GONE) -> None:
    """A broadcast that was begun PLAYED seconds before its server was killed."""
    show = Show(channel / name, start=time.time_ns() - (PLAYED + gone) * 10**9)
    show.play(PLAYED)
    show.killed()


def change(channel: Path, **members: object) -> None:
    folder = channel / BROADCAST / FOLDER
    index = Index.decode((folder / "index.json").read_bytes())
    write_index(folder, msgspec.structs.replace(index, **members))


def left(channel: Path) -> Left:
    found = find_left(channel, rehearsal=False)
    assert found is not None
    return replace(found, heard=time.time() - GONE)  # its files were written just now


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(server=Server(data=str(tmp_path)), reconnect=Reconnect(window=60), channels={"show": Channel()})


@asynccontextmanager
async def going_on(config: Config, desk: Listener) -> AsyncIterator[Broadcast]:
    broadcast = Broadcast("show", config, desk, left=left(Path(config.server.data) / "show"))
    try:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(broadcast.run())
            yield broadcast
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    finally:
        broadcast.output.leave()


async def worker() -> FakeWorker:
    async with asyncio.timeout(5):
        while FakeWorker.made is None or FakeWorker.made.plan is None:  # noqa: ASYNC110 - the broadcast's task runs
            await asyncio.sleep(0)
        await FakeWorker.made.advanced.wait()
    return FakeWorker.made


async def test_the_worker_begins_at_once_with_the_slate_where_the_clock_has_come_to(
    config: Config, desk: Listener, tmp_path: Path
) -> None:
    kept(tmp_path / "show")
    async with going_on(config, desk) as broadcast:
        made = await worker()
        assert (broadcast.id, broadcast.state, broadcast.over) == (BROADCAST, "live", False)
        assert broadcast.absence is not None
        assert broadcast.absence.reason == RESTARTED
        assert 35 < broadcast.absence.until - time.monotonic() <= 60 - GONE
        plan = made.plan
        assert plan is not None
        assert [rung.name for rung in plan.fixed] == ["360p"]
        now = (PLAYED + GONE) * GRID.rate
        assert now - 2 * GRID.frames_per_segment < plan.first_frame <= now
        assert GRID.starts_segment(plan.first_frame)
        assert plan.first_audio_frame == GRID.audio_segment_start(GRID.segment(plan.first_frame))
        assert made.slates[0]
        assert made.filled[0] >= PLAYED + GONE
        crew = Crew(broadcast)
        crew.film(1)
        assert broadcast.absence is None
        made.say(Opened(RENDITIONS))
        frame = plan.first_frame
        for number in range(frame, frame + 8):
            tick = GRID.tick(number)
            made.say(AccessUnit(1, tick, tick, number == frame, b"picture"))
        assert broadcast.stream is not None
        window = broadcast.stream.window("360p")
        assert window is not None
        assert f'URI="{BROADCAST}.r1.{6 + FIRST_MSN}.0.m4s",INDEPENDENT=YES' in window.playlist()


async def test_a_server_that_is_there_at_once_goes_on_with_the_next_segment(
    config: Config, desk: Listener, tmp_path: Path
) -> None:
    """The clock is still within the segment that was cut off, or was even set back."""
    kept(tmp_path / "show", gone=-1)
    async with going_on(config, desk):
        made = await worker()
        assert made.plan is not None
        assert made.plan.first_frame == 5 * GRID.frames_per_segment


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"ended": "The crew ended the show."}, "The crew ended the show."),
        ({"absent": Absent("gone", stopped=False, until=0.0)}, "gone; nobody came back within 60 s"),
        ({"absent": Absent("stopped", stopped=True, until=0.0)}, "stopped; nobody came back within 30 s"),
    ],
)
async def test_what_is_over_can_be_watched_to_its_end(
    config: Config, desk: Listener, tmp_path: Path, members: dict[str, object], reason: str
) -> None:
    kept(tmp_path / "show")
    change(tmp_path / "show", **members)
    async with going_on(config, desk) as broadcast:
        async with asyncio.timeout(5):
            while broadcast.stream is None or not broadcast.stream.ended:  # noqa: ASYNC110 - a second's farewell
                await asyncio.sleep(0.05)
        assert (broadcast.state, broadcast.reason, FakeWorker.made) == ("ended", reason, None)
        window = broadcast.stream.window("audio")
        assert window is not None
        assert window.playlist().endswith("#EXT-X-ENDLIST\n")
        assert broadcast.output.files is not None
        broadcast.output.files.wait()
        found = find_left(tmp_path / "show", rehearsal=False)
        assert found is not None
        assert found.index.ended == reason


async def test_the_ledger_goes_on(config: Config, desk: Listener, tmp_path: Path) -> None:
    start = time.time_ns() - (PLAYED + GONE) * 10**9
    desk.open(BROADCAST, GRID, start, lambda: 30)
    answers = [await desk.command(Command("show", ("A",), 1, Newest()), "key")]
    desk.close(BROADCAST)
    show = Show(tmp_path / "show" / BROADCAST, start=start)
    show.play(PLAYED)
    show.killed()
    async with going_on(config, desk):
        await worker()
        assert await desk.command(Command("show", ("A",), 1, Newest()), "key") == answers[0]
        answers.append(await desk.command(Command("show", ("B",), 1, Newest()), None))
        assert desk.show is not None
        assert [(entry.n, entry.products) for entry in desk.show.ledger.entries] == [(1, ("A",)), (2, ("B",))]
        assert answers[1].frame >= (PLAYED + GONE) * GRID.rate


async def test_a_damaged_ledger_costs_commands_and_nothing_else(
    config: Config, desk: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(tmp_path / "show")
    (tmp_path / "show" / BROADCAST / "ledger.jsonl").write_bytes(b"nonsense\n")
    async with going_on(config, desk) as broadcast:
        await worker()
        assert broadcast.state == "live"
    assert "no cue can be stamped" in caplog.text


@asynccontextmanager
async def registry(config: Config) -> AsyncIterator[Registry]:
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(config, tasks)
        await registry.restore()
        yield registry
        await registry.drain()
        await registry.close()


def folders(data: Path) -> list[str]:
    return sorted(str(each.relative_to(data).parent) for each in data.glob(f"*/*/{FOLDER}"))


async def test_of_each_channel_the_newest_show_goes_on_and_all_else_is_removed(config: Config, tmp_path: Path) -> None:
    kept(tmp_path / "show", "20261129-160000-aaaaaa")
    kept(tmp_path / "show")
    kept(tmp_path / "removed from the configuration")
    async with registry(config) as served:
        assert {each.channel: (each.state, each.broadcast) for each in served.states()} == {"show": ("live", BROADCAST)}
        assert folders(tmp_path) == [f"show/{BROADCAST}"]
        assert len(served.streams("show")) == 1
        await worker()
    assert folders(tmp_path) == [f"show/{BROADCAST}"], "and it is there for the next"


async def test_a_show_of_yesterday_is_removed(config: Config, tmp_path: Path) -> None:
    kept(tmp_path / "show")
    change(tmp_path / "show", absent=Absent("gone", stopped=False, until=time.time() - 86_400))
    async with registry(config) as served:
        assert served.states()[0].state == "idle"
        assert folders(tmp_path) == []


async def test_a_show_is_over_where_publishers_are_not_waited_for(config: Config, tmp_path: Path) -> None:
    kept(tmp_path / "show")
    async with registry(msgspec.structs.replace(config, reconnect=Reconnect(window=0))) as served:
        assert served.states()[0].state in ("live", "ended")
        assert served.streams("show")
        assert FakeWorker.made is None


async def test_a_crew_can_end_what_goes_on(config: Config, tmp_path: Path) -> None:
    kept(tmp_path / "show")
    async with registry(config) as served:
        await worker()
        assert served.finish("show")
        assert not served.finish("show")
