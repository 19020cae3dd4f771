"""Which broadcast is whose: what viewers see of a channel, and what only its crew does."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from vitrine.ingest.publish import Publication, PublishRefusedError, PublishRequest
from vitrine.origin.crew import Ingest, Rehearsal
from vitrine.origin.status import ChannelState
from vitrine.server.absence import Absence
from vitrine.server.config import Channel, Config, Server
from vitrine.server.registry import Registry


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    config = Config(
        server=Server(data=str(tmp_path)),
        channels={"show": Channel(stream_key="k", backup_key="b"), "other": Channel()},
    )
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(config, tasks)
        yield registry
        await registry.close()


def publish(registry: Registry, protocol: str = "rtmp") -> Publication:
    return registry.publish(PublishRequest(protocol, "k", "127.0.0.1", lambda _: None))


def states(registry: Registry) -> dict[str, str]:
    return {state.channel: state.state for state in registry.states()}


def address_of(registry: Registry) -> str:
    rehearsal = registry.rehearsal("show")
    assert rehearsal is not None
    assert rehearsal.address is not None
    return rehearsal.address


async def test_without_a_rehearsal_a_broadcast_is_for_everybody(registry: Registry) -> None:
    publish(registry)
    assert states(registry) == {"show": "starting", "other": "idle"}
    assert registry.rehearsal("show") == Rehearsal(on=False, on_air=False, address=None)


@pytest.mark.parametrize("protocol", ["rtmp", "whip"])
async def test_of_a_rehearsal_viewers_see_nothing_and_its_address_all(registry: Registry, protocol: str) -> None:
    registry.rehearse("show", True)
    publish(registry, protocol)
    assert states(registry) == {"show": "idle", "other": "idle"}
    assert registry.streams("show") == []
    address = address_of(registry)
    state = registry.state(address)
    assert state is not None
    assert (state.channel, state.state, state.rehearsal) == ("show", "starting", True)
    assert state.playlist == f"/hls/{address}/index.m3u8"
    rehearsal = registry.rehearsal("show")
    assert rehearsal is not None
    assert rehearsal.on_air


async def test_commands_go_to_what_is_on_air_and_questions_to_what_may_be_seen(registry: Registry) -> None:
    registry.rehearse("show", True)
    publish(registry)
    address = address_of(registry)
    assert registry.commanded("show") is registry.commanded(address) is registry.desk(address)
    assert registry.desk("show") is not registry.desk(address)
    assert len(registry.desks()) == 4


async def test_the_switch_is_for_the_next_broadcast_only(registry: Registry) -> None:
    publish(registry)
    registry.rehearse("show", True)
    publish(registry)  # takes over from the first, in the same broadcast
    assert states(registry)["show"] == "starting"
    rehearsal = registry.rehearsal("show")
    assert rehearsal is not None
    assert (rehearsal.on, rehearsal.on_air) == (True, False)


async def test_leaving_a_rehearsal_is_a_new_broadcast(registry: Registry) -> None:
    registry.rehearse("show", True)
    session = publish(registry)
    address = address_of(registry)
    registry.rehearse("show", False)
    assert registry.state(address) is not None  # it goes on until the publisher stops
    assert states(registry)["show"] == "idle"
    session.end("the publisher stopped")
    publish(registry)
    assert states(registry)["show"] == "starting"


async def test_pages_that_listen_are_told_how_the_channel_is(registry: Registry) -> None:
    desk = registry.desk("show")
    assert desk is not None
    with desk.events.listening() as told:
        session = publish(registry)
        assert (await state_told(told)).state == "starting"
        session.end("the publisher stopped")
        state = await state_told(told)
    assert (state.state, state.reason) == ("ended", "the publisher stopped")


async def test_a_rehearsals_state_is_told_at_its_address_only(registry: Registry) -> None:
    registry.rehearse("show", True)
    address = address_of(registry)
    public, rehearsal = registry.desk("show"), registry.desk(address)
    assert public is not None
    assert rehearsal is not None
    with public.events.listening() as to_viewers, rehearsal.events.listening() as to_the_team:
        publish(registry)
        state = await state_told(to_the_team)
        assert (state.state, state.playlist) == ("starting", f"/hls/{address}/index.m3u8")
        public.events.tell("cue", {})
        assert b"event: cue" in await anext(to_viewers)  # nothing was told before


async def state_told(told: AsyncIterator[bytes]) -> ChannelState:
    async with asyncio.timeout(10):
        event, _, data = (await anext(told)).partition(b"\ndata: ")
    assert event == b"event: state"
    return msgspec.json.decode(data, type=ChannelState)


async def test_an_old_link_leads_nowhere(registry: Registry) -> None:
    registry.rehearse("show", True)
    old = address_of(registry)
    desk = registry.desk(old)
    assert desk is not None
    with desk.events.listening() as told:
        registry.rehearse("show", False)
        registry.rehearse("show", True)
        publish(registry)
        assert [each async for each in told] == []
    assert registry.state(old) is None
    assert registry.desk(old) is None
    assert registry.streams(old) == []
    for guess in ("show~", "show~x", "other~x", "~", "nobody~x"):
        assert registry.state(guess) is None


async def test_how_to_publish(registry: Registry) -> None:
    registry.rtmp_port = 1935
    assert registry.ingest("show") == Ingest(whip="/whip/show", rtmp_port=1935, key="k", local=False)
    assert registry.ingest("other") == Ingest(whip="/whip/other", rtmp_port=1935, key="other", local=True)
    for nothing in (registry.ingest("nobody"), registry.rehearsal("nobody"), registry.rehearse("nobody", True)):
        assert nothing is None


async def test_the_backup_key_opens_the_same_channel_to_stand_by(registry: Registry) -> None:
    publish(registry)
    registry.publish(PublishRequest("rtmp", "b", "127.0.0.1", lambda _: None))
    state = registry.state("show")
    assert state is not None
    assert (state.health.on_air, state.health.standby) == ("primary", "backup")
    registry.check(PublishRequest("whip", "b", "127.0.0.1", lambda _: None, "show"))
    with pytest.raises(PublishRefusedError, match="another channel"):
        registry.check(PublishRequest("whip", "b", "127.0.0.1", lambda _: None, "other"))


async def test_the_crew_ends_what_is_on_air(registry: Registry) -> None:
    assert not registry.finish("show")
    assert not registry.finish("nobody")
    publish(registry)
    assert registry.finish("show")
    assert not registry.finish("show")


async def test_who_stopped_after_the_switch_was_turned_comes_back_on_the_other_stage(registry: Registry) -> None:
    place = registry._places["show"]
    publish(registry)
    broadcast = place.public.broadcast
    assert broadcast is not None
    registry.rehearse("show", True)
    for stopped, stage in ((False, place.public), (True, place.rehearsal)):
        broadcast.absence = Absence("gone", stopped, 60, time.monotonic() + 60)
        publish(registry)
        assert stage.on_air
    assert broadcast.over
