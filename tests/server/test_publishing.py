"""Who may publish where, and what of a connection is told."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.ingest.whip.events import Measured
from vitrine.server.config import Channel, Config, Server
from vitrine.server.registry import Registry
from vitrine.server.room import Load, Room
from vitrine.transcode.events import Shed


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    channels = {"show": Channel(stream_key="s3cret"), "other": Channel(stream_key="another")}
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(Config(server=Server(data=str(tmp_path)), channels=channels), tasks)
        yield registry
        await registry.close()


class Full(Room):
    """No broadcast fits."""

    def check(self, running: Iterable[Load]) -> None:
        raise PublishRefusedError(Refusal.NO_ROOM, "There is no room.")


def request(key: str, channel: str | None = None, takeover: bool = True) -> PublishRequest:
    return PublishRequest("whip", key, "192.0.2.1", lambda reason: None, channel, takeover)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (request("wrong", "show"), Refusal.WRONG_KEY),
        (request("s3cret", "other"), Refusal.WRONG_CHANNEL),
        (request("s3cret", "none"), Refusal.WRONG_PLACE),
    ],
)
async def test_the_key_opens_the_channel_that_the_address_names(
    registry: Registry, asked: PublishRequest, refusal: Refusal
) -> None:
    for ask in (registry.check, registry.publish):
        with pytest.raises(PublishRefusedError) as caught:
            ask(asked)
        assert caught.value.refusal is refusal
        assert "s3cret" not in str(caught.value)
    registry.check(request("s3cret", "show"))
    registry.check(request("s3cret"))


async def test_a_second_publisher_is_told_before_anything_is_opened_for_it(registry: Registry) -> None:
    first = registry.publish(request("s3cret"))
    with pytest.raises(PublishRefusedError) as caught:
        registry.check(request("s3cret", "show", takeover=False))
    assert caught.value.refusal is Refusal.BUSY
    registry.check(request("s3cret", "show"))
    first.end("gone")
    registry.check(request("s3cret", "show", takeover=False))


async def test_what_a_connection_measures_is_in_the_channels_health(registry: Registry) -> None:
    session = registry.publish(request("s3cret", "show"))
    session.measure(Measured(90, 10, 4, 0.0031, 0.0424, 2))
    state = registry.state("show")
    assert state is not None
    connection = state.health.connection
    assert connection is not None
    assert (connection.packets, connection.lost, connection.repaired, connection.keyframes_requested) == (90, 10, 4, 2)
    assert (connection.loss_percent, connection.jitter_ms, connection.round_trip_ms) == (10.0, 3.1, 42.4)
    session.end("gone")
    state = registry.state("show")
    assert state is not None
    assert state.health.connection is None


async def test_a_new_broadcast_is_refused_where_one_does_not_keep_up_and_a_takeover_is_not(registry: Registry) -> None:
    registry.publish(request("s3cret"))
    broadcast = registry._places["show"].public.broadcast
    assert broadcast is not None
    broadcast.overload.note(Shed(("every rung encoded faster",), 0.5))
    for ask in (registry.check, registry.publish):
        with pytest.raises(PublishRefusedError) as caught:
            ask(request("another"))
        assert caught.value.refusal is Refusal.NO_ROOM
    registry.check(request("s3cret"))
    registry.publish(request("s3cret"))
    broadcast.overload.note(Shed((), 0.0))
    registry.publish(request("another"))


async def test_nothing_is_refused_where_everybody_is_to_be_admitted(tmp_path: Path) -> None:
    config = Config(
        server=Server(data=str(tmp_path), always_admit=True), channels={"show": Channel(stream_key="s3cret")}
    )
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(config, tasks, Full())
        registry.check(request("s3cret"))
        registry.publish(request("s3cret")).end("gone")
        await registry.close()


async def test_the_room_is_asked(tmp_path: Path) -> None:
    config = Config(server=Server(data=str(tmp_path)), channels={"show": Channel(stream_key="s3cret")})
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(config, tasks, Full())
        for ask in (registry.check, registry.publish):
            with pytest.raises(PublishRefusedError, match="no room"):
                ask(request("s3cret"))
        registry.check_key(request("s3cret"))
        with pytest.raises(PublishRefusedError, match="opens no channel"):
            registry.check_key(request("wrong"))
        await registry.close()
