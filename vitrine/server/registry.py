"""The channels, who publishes on them, and what the origin may know of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from vitrine.ingest.publish import Publication, PublishRequest, channel_for_key
from vitrine.media.track import Rendition, VideoTrack
from vitrine.origin.hls import LiveStream
from vitrine.origin.status import ChannelState, Health, RenditionState
from vitrine.server.config import Channel, Config
from vitrine.server.pipeline import Broadcast

KEPT_AFTER_END = 120.0
"""Seconds for which an ended broadcast stays watchable: its listed window, and the players behind it."""


@dataclass
class _Place:
    """A channel and the broadcast that is on it, or was last."""

    settings: Channel
    broadcast: Broadcast | None = None


class Registry:
    """Implements `ingest.publish.Publications` for publishers and `origin.app.Channels` for viewers."""

    def __init__(self, config: Config, tasks: asyncio.TaskGroup) -> None:
        """Broadcasts run in `tasks`, and end when it is cancelled."""
        self._config = config
        self._tasks = tasks
        self._places = {name: _Place(settings) for name, settings in config.channels.items()}

    def publish(self, request: PublishRequest) -> Publication:
        keys = ((name, place.settings.stream_key) for name, place in self._places.items())
        name = channel_for_key(request.key, request.address, keys)
        place = self._places[name]
        if place.broadcast is None or place.broadcast.over:
            place.broadcast = Broadcast(name, self._config)
            self._tasks.create_task(self._run(place, place.broadcast), name=f"broadcast {place.broadcast.id}")
        return place.broadcast.new_session(request)

    @staticmethod
    async def _run(place: _Place, broadcast: Broadcast) -> None:
        await broadcast.run()
        await asyncio.sleep(KEPT_AFTER_END)
        if place.broadcast is broadcast:
            place.broadcast = None

    def states(self) -> Sequence[ChannelState]:
        return [self._state(name, place) for name, place in self._places.items()]

    def state(self, channel: str) -> ChannelState | None:
        place = self._places.get(channel)
        return None if place is None else self._state(channel, place)

    def stream(self, channel: str) -> LiveStream | None:
        place = self._places.get(channel)
        return None if place is None or place.broadcast is None else place.broadcast.stream

    @staticmethod
    def _state(name: str, place: _Place) -> ChannelState:
        title, playlist = place.settings.title or name, f"/hls/{name}/index.m3u8"
        broadcast = place.broadcast
        if broadcast is None:
            return ChannelState(channel=name, title=title, state="idle", playlist=playlist)
        renditions = () if broadcast.stream is None else broadcast.stream.packager.renditions
        return ChannelState(
            channel=name,
            title=title,
            state=broadcast.state,
            reason=broadcast.reason,
            broadcast=broadcast.id,
            started=None if broadcast.started is None else broadcast.started.isoformat(timespec="milliseconds"),
            playlist=playlist,
            renditions=tuple(_rendition_state(rendition) for rendition in renditions),
            health=broadcast.health(),
        )
