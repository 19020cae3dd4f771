"""The channels, who publishes on them, and what the origin may know of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitrine.ingest.publish import Publication, PublishRequest, channel_for_key
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.server.config import Channel, Config
from vitrine.server.desk import Desk
from vitrine.server.pipeline import Broadcast
from vitrine.server.shop import Shop
from vitrine.server.state import channel_state

KEPT_AFTER_END = 120.0
"""Seconds for which an ended broadcast stays watchable: its listed window, and the players behind it."""


@dataclass
class _Place:
    """A channel and the broadcast that is on it, or was last, and the one before while it can be fetched."""

    settings: Channel
    desk: Desk
    broadcast: Broadcast | None = None
    former: Broadcast | None = None


class Registry:
    """Implements `ingest.publish.Publications` for publishers and `origin.app.Channels` for viewers."""

    def __init__(self, config: Config, tasks: asyncio.TaskGroup) -> None:
        """Broadcasts run in `tasks` until `close`. Raises ConfigError for a file that a channel names."""
        self._config = config
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._places = {
            name: _Place(settings, self._desk(name, settings)) for name, settings in config.channels.items()
        }
        for name, place in self._places.items():
            self._own(tasks.create_task(place.desk.watch(), name=f"files of {name}"))

    def _desk(self, name: str, settings: Channel) -> Desk:
        files = (None if path is None else Path(path) for path in (settings.catalogue, settings.rundown))
        return Desk(name, Shop(name, *files), Path(self._config.server.data), self._tasks, settings.in_band)

    def _own(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def publish(self, request: PublishRequest) -> Publication:
        keys = ((name, place.settings.stream_key) for name, place in self._places.items())
        name = channel_for_key(request.key, request.address, keys)
        place = self._places[name]
        if place.broadcast is None or place.broadcast.over:
            place.former, place.broadcast = place.broadcast, Broadcast(name, self._config, place.desk)
            self._start(place, place.broadcast)
        return place.broadcast.new_session(request)

    def _start(self, place: _Place, broadcast: Broadcast) -> None:
        self._own(self._tasks.create_task(self._run(place, broadcast), name=f"broadcast {broadcast.id}"))

    @staticmethod
    async def _run(place: _Place, broadcast: Broadcast) -> None:
        """One broadcast, then the time for which it stays watchable."""
        await broadcast.run()
        await asyncio.sleep(KEPT_AFTER_END)
        place.desk.forget(broadcast.id)
        if place.broadcast is broadcast:
            place.broadcast = None
        if place.former is broadcast:
            place.former = None

    async def close(self) -> None:
        """End every broadcast, and wait for their workers to be gone."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def states(self) -> Sequence[ChannelState]:
        return [channel_state(name, place.settings, place.broadcast) for name, place in self._places.items()]

    def state(self, channel: str) -> ChannelState | None:
        place = self._places.get(channel)
        return None if place is None else channel_state(channel, place.settings, place.broadcast)

    def desk(self, channel: str) -> Desk | None:
        place = self._places.get(channel)
        return None if place is None else place.desk

    def streams(self, channel: str) -> Sequence[LiveStream]:
        place = self._places.get(channel)
        broadcasts = () if place is None else (place.broadcast, place.former)
        return [each.stream for each in broadcasts if each is not None and each.stream is not None]
