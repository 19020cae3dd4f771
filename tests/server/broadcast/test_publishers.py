"""A broadcast whose publishers come, leave, stand still and take over."""

import asyncio
from fractions import Fraction

import pytest

from tests.server.broadcast.stage import (
    BOUND,
    VIDEO,
    VIDEO_OUT,
    Crew,
    FakeWorker,
    Listener,
    broadcasting,
    filming,
    worker_of,
)
from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Rendition
from vitrine.origin.desk import NotOnAirError, RestingError
from vitrine.overlay.commands import Command
from vitrine.server import inputs, vitals
from vitrine.server.config import Config, Reconnect
from vitrine.server.desk import Desk
from vitrine.server.pipeline import Broadcast
from vitrine.server.session import Session
from vitrine.transcode import standstill
from vitrine.transcode.events import Opened, Stats
from vitrine.transcode.gate import RATE_UNITS


async def test_a_publisher_that_is_well_makes_way_only_if_it_is_asked_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with broadcasting(desk) as broadcast:
        crew = Crew(broadcast)
        polite = PublishRequest("whip", "key", "127.0.0.1", lambda reason: None, takeover=False)
        with pytest.raises(PublishRefusedError, match=r"is live on this channel by RTMP.*takeover=1") as caught:
            broadcast.new_session(polite)
        assert caught.value.refusal is Refusal.BUSY
        assert crew.told == []
        monkeypatch.setattr(Session, "is_well", False)
        broadcast.new_session(polite).end("gone")
    assert "taken over" in crew.told[0]


async def test_a_publisher_comes_back_in_its_own_place_and_in_nobody_elses(desk: Desk) -> None:
    told: dict[str, list[str]] = {"first": [], "again": [], "second": []}

    def request(who: str, publisher: str, takeover: bool = False) -> PublishRequest:
        return PublishRequest("whip", "key", "127.0.0.1", told[who].append, None, takeover, publisher=publisher)

    async with broadcasting(desk) as broadcast:
        broadcast.new_session(request("first", "tab 1"))
        broadcast.new_session(request("again", "tab 1"))
        assert "taken over" in told["first"][0]
        second = broadcast.new_session(request("second", "tab 2", takeover=True))
        assert "taken over" in told["again"][0]
        with pytest.raises(PublishRefusedError) as caught:
            broadcast.new_session(request("again", "tab 1"))
        assert caught.value.refusal is Refusal.BUSY
        second.end("gone")
    assert told["second"] == []


async def test_a_publisher_that_leaves_before_it_sent_anything(desk: Desk) -> None:
    async with broadcasting(desk) as broadcast:
        Crew(broadcast).session.end("gone")
    assert FakeWorker.made is not None
    assert (FakeWorker.made.plan, FakeWorker.made.ended) == (None, ["closed"])
    assert (broadcast.state, broadcast.reason) == ("ended", "gone")


async def test_a_second_publisher_goes_on_where_the_first_was(desk: Desk) -> None:
    async with filming(desk) as (broadcast, first, worker):
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


async def test_while_the_server_is_started_again_commands_are_to_be_sent_again(desk: Desk) -> None:
    desk.rest("b1")
    with pytest.raises(RestingError, match="again in a moment"):
        await desk.command(Command("show", ("A",)), "key")


async def test_a_publisher_that_is_lost_is_awaited_and_the_slate_is_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "SLATE_AFTER_LEAVING", 0.15)
    async with filming(desk, Config(reconnect=Reconnect(window=30))) as (broadcast, crew, worker):
        crew.session.end("its network is gone")
        assert worker.given[-1] == "left"
        assert (broadcast.state, broadcast.over, broadcast.session) == ("starting", False, None)
        assert broadcast.absence is not None
        await worker.advances_until(lambda: True in worker.slates)
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
    async with filming(desk, Config(reconnect=windows)) as (broadcast, crew, worker):
        crew.session.end("the publisher left", stopped=stopped)
    assert worker.ended == ["finished", "closed"]
    assert broadcast.reason == "the publisher left; nobody came back within 1 s"


async def test_a_publisher_that_stands_still_is_filled_in_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    async with filming(desk) as (broadcast, crew, worker):
        assert worker.filled == []
        await worker.advances_until(lambda: broadcast.newest_frame >= RATE_UNITS)
        assert worker.filled == sorted(set(worker.filled))
        crew.session.end("gone")


async def test_what_a_silent_publisher_kept_back_is_not_late(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures would be refused until the next keyframe, because more than a second of them comes at once."""
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    async with filming(desk) as (_broadcast, crew, worker):
        pts = 40 * RATE_UNITS
        await worker.advances_until(lambda: worker.filled[-1] * 1000 > pts)
        assert "hurry" not in worker.given
        crew.session.push(AccessUnit(1, pts, pts, False, b"kept back"))
        assert worker.given[-2:] == ["hurry", pts]
        crew.session.end("gone")


async def test_pictures_that_cannot_be_decoded_are_filled_in_for_like_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    async with filming(desk) as (broadcast, crew, worker):
        for undecodable in range(1, vitals.BLIND + 2):
            worker.say(Stats(frames_in=RATE_UNITS, undecodable=undecodable))
        await crew.film_until(worker.advanced.is_set)
        assert "keyframe" in crew.asked
        worker.say(Stats(frames_in=RATE_UNITS + 1, undecodable=undecodable))
        assert not broadcast.vitals.is_blind(crew.session)
        crew.session.end("gone")


async def test_pictures_that_wait_for_a_keyframe_are_filled_in_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those after a picture that was given up."""
    monkeypatch.setattr(standstill, "PATIENCE", Fraction(1, 10))
    async with filming(desk) as (_broadcast, crew, worker):
        worker.waits_for_keyframe = True
        await crew.film_until(worker.advanced.is_set)
        crew.session.end("gone")


async def test_a_backup_stands_by_and_is_on_air_when_the_primary_is_gone(desk: Desk) -> None:
    async with filming(desk) as (broadcast, primary, worker):
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
    async with broadcasting(desk) as broadcast:
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
    async with broadcasting(desk) as broadcast:
        primary, backup = Crew(broadcast), Crew(broadcast, "backup")
        primary.session.end("it never sent anything")
        assert broadcast.inputs.on_air_role == "backup"
        backup.film()
        worker = await worker_of(broadcast)
        assert worker.given == [VIDEO, *range(0, 40 * RATE_UNITS, 40)]
        backup.session.end("done")


async def test_a_backup_begins_the_show_where_the_primary_is_silent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "SILENT", 0.2)
    async with broadcasting(desk) as broadcast:
        primary, backup = Crew(broadcast), Crew(broadcast, "backup")
        backup.film()
        assert broadcast.session is primary.session
        await backup.film_until(lambda: FakeWorker.made is not None and FakeWorker.made.pushed.is_set(), keyframes=True)
        assert broadcast.inputs.on_air_role == "backup"
        primary.session.end("it never sent anything")
        backup.session.end("done")
    assert broadcast.reason == "done"
