"""A broadcast whose worker starts late, gives up or dies."""

import asyncio

import pytest

from tests.server.broadcast.stage import VIDEO, VIDEO_OUT, Crew, FakeWorker, broadcasting, filming, replacement_of
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.media.track import AudioTrack, Codec, Rendition
from vitrine.server import inputs, transcoder
from vitrine.server.config import Config
from vitrine.server.desk import Desk
from vitrine.transcode.events import Failed, Opened, WorkerDied
from vitrine.transcode.gate import RATE_UNITS

SOUND = Rendition("audio", AudioTrack(2, Codec.AAC, AUDIO_RATE, b"\x11\x90", AUDIO_RATE, 2), 128_000, 128_000)


async def test_what_came_while_the_worker_started_is_given_in_order(desk: Desk) -> None:
    async with filming(desk) as (broadcast, crew, worker):
        assert worker.plan is not None
        assert worker.plan.rate == 25
        assert worker.given == [VIDEO, *range(0, 40 * RATE_UNITS, 40)]
        crew.session.end("the publisher stopped")
    assert worker.ended == ["finished", "closed"]
    assert (broadcast.state, broadcast.reason) == ("ended", "the publisher stopped")


async def test_a_worker_that_goes_on_with_a_keyframe_has_the_publisher_asked_for_one(desk: Desk) -> None:
    async with filming(desk) as (_broadcast, crew, worker):
        crew.session.push(AccessUnit(1, 1000, 1000, False, b"picture"))
        assert crew.asked == []
        worker.waits_for_keyframe = True
        crew.session.push(AccessUnit(1, 1040, 1040, False, b"picture"))
        assert crew.asked == ["keyframe"]
        crew.session.end("the publisher stopped")


async def test_a_worker_that_cannot_start_fails_the_broadcast_in_words(
    fake_worker: type[FakeWorker], desk: Desk
) -> None:
    fake_worker.refuse = OSError(12, "Cannot allocate memory")
    async with broadcasting(desk) as broadcast:
        crew = Crew(broadcast)
        crew.film()
    assert broadcast.state == "failed"
    assert "Cannot allocate memory" in str(broadcast.reason)
    assert "Cannot allocate memory" in crew.told[0]
    crew.session.end("our side closed")
    assert "Cannot allocate memory" in str(broadcast.reason)


async def test_a_worker_that_takes_too_long_to_start_fails_the_broadcast_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transcoder, "MOST_WAITING", RATE_UNITS)
    async with broadcasting(desk) as broadcast:
        crew = Crew(broadcast)
        crew.film(RATE_UNITS + 20)  # all before the worker's task has had a turn
    assert broadcast.state == "failed"
    assert len(crew.told) == caplog.text.count("took too long to start") == 1


@pytest.mark.parametrize("event", [Failed("no decoder"), WorkerDied(-9, "killed by SIGKILL")])
async def test_a_worker_that_gives_up_fails_the_broadcast_once(event: Failed | WorkerDied, desk: Desk) -> None:
    async with filming(desk) as (broadcast, crew, worker):
        worker.say(event)
        worker.say(WorkerDied(1, "and died"))
    assert worker.ended == ["closed"]
    assert (broadcast.state, broadcast.reason) == ("failed", event.reason)
    assert len(crew.told) == 1


async def test_a_worker_that_dies_on_air_is_replaced_by_one_that_goes_on(desk: Desk) -> None:
    async with filming(desk) as (broadcast, crew, worker):
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        for number in range(4):
            worker.say(AccessUnit(1, 3600 * number, 3600 * number, number == 0, b"encoded"))
        worker.say(WorkerDied(-9, "killed by SIGKILL"))
        crew.session.push(AccessUnit(1, 400, 400, False, b"picture"))
        second = await replacement_of(worker)
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
    async with filming(desk) as (broadcast, crew, first):
        worker = first
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000), SOUND)))
        worker.say(AccessUnit(1, 0, 0, True, b"encoded"))
        given = []
        for death in range(transcoder.MOST_DEATHS):
            worker.say(WorkerDied(-11, "killed by SIGSEGV"))
            worker = await replacement_of(worker)
            given.append(len(worker.refilled))
            at = death * AAC_FRAME
            worker.say(AccessUnit(2, at, at, True, b"sound is no sign of life where there are pictures"))
        assert given == [1 + RATE_UNITS, 1, 1, 1, 1]
        worker.say(WorkerDied(-11, "killed by SIGSEGV"))
    assert broadcast.state == "failed"
    assert broadcast.reason == "killed by SIGSEGV; 5 others did the same within 60 s"
    assert len(crew.told) == 1


async def test_what_kills_workers_gives_way_to_the_other_publisher_before_the_show_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And neither is tried twice."""
    monkeypatch.setattr(inputs, "SILENT", 60.0)
    async with filming(desk) as (broadcast, primary, first):
        worker = first
        backup = Crew(broadcast, "backup")
        backup.film()
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        worker.say(AccessUnit(1, 0, 0, True, b"encoded"))
        for crew in (primary, backup):
            assert broadcast.session is crew.session
            for _ in range(transcoder.MOST_DEATHS):
                worker.say(WorkerDied(-11, "killed by SIGSEGV"))
                worker = await replacement_of(worker)
            worker.say(WorkerDied(-11, "killed by SIGSEGV"))
            assert len(crew.told) == 1
            if crew is primary:
                crew.session.end(crew.told[0])
                worker = await replacement_of(worker)
                assert len(worker.refilled) == 1 + RATE_UNITS, "nothing but the backup's"
                Crew(broadcast).film()
    assert broadcast.state == "failed"
    assert broadcast.reason == "killed by SIGSEGV; 5 others did the same within 60 s"


async def test_a_worker_that_cannot_be_replaced_at_once_is_replaced_later(
    fake_worker: type[FakeWorker], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process or memory is left for an instant: the show is worth another try."""
    monkeypatch.setattr(transcoder, "START_AGAIN", 0.01)
    async with filming(desk) as (broadcast, crew, worker):
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        worker.say(AccessUnit(1, 0, 0, True, b"encoded"))
        fake_worker.refuse = OSError(11, "Resource temporarily unavailable")
        tried = asyncio.Event()
        monkeypatch.setattr(fake_worker, "refused", tried.set)
        worker.say(WorkerDied(-9, "killed by SIGKILL"))
        await asyncio.wait_for(tried.wait(), 10)
        assert FakeWorker.made is worker
        assert broadcast.state == "starting"
        crew.session.push(AccessUnit(1, 400, 400, False, b"picture"))
        fake_worker.refuse = None
        second = await replacement_of(worker)
        assert [unit.pts for unit in second.refilled[1:] if isinstance(unit, AccessUnit)] == [*range(0, 440, 40)]
        crew.session.end("done")
    assert (broadcast.state, broadcast.reason) == ("ended", "done")


async def test_a_worker_that_can_never_be_replaced_fails_the_broadcast(
    fake_worker: type[FakeWorker], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoder, "START_AGAIN", 0.0)
    async with filming(desk) as (broadcast, _crew, worker):
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        fake_worker.refuse = OSError(11, "Resource temporarily unavailable")
        worker.say(WorkerDied(-9, "killed by SIGKILL"))
    assert broadcast.state == "failed"
    assert "cannot be started: Resource temporarily unavailable" in str(broadcast.reason)


async def test_a_publisher_whose_stream_cannot_be_shown_is_dismissed_and_the_show_goes_on(desk: Desk) -> None:
    async with filming(desk, Config()) as (broadcast, crew, worker):
        worker.say(Opened((Rendition("180p", VIDEO_OUT, 250_000, 275_000),)))
        worker.say(Failed("300 access units in a row cannot be decoded"))
        assert crew.told == ["This stream cannot be shown: 300 access units in a row cannot be decoded"]
        crew.session.end(crew.told[0])
        worker.say(WorkerDied(1, "The transcoder ended with status 1"))
        assert broadcast.absence is not None
        assert not broadcast.over
        broadcast.finish("enough")
