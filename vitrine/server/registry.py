"""The channels, who publishes on them, and what the origin may know of them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitrine.ingest.publish import Doorman, Publication, PublishRefusedError, PublishRequest, Refusal
from vitrine.origin.crew import Ingest, Rehearsal
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.server.config import Channel, Config
from vitrine.server.desk import Desk
from vitrine.server.pipeline import Broadcast
from vitrine.server.rehearsal import SEPARATOR, Switch
from vitrine.server.shop import Shop
from vitrine.server.state import channel_state

KEPT_AFTER_END = 120.0
"""Seconds for which an ended broadcast stays watchable: its listed window, and the players behind it."""


@dataclass
class _Stage:
    """A desk and the broadcast that is on it, or was last, and the one before while it can be fetched."""

    desk: Desk
    broadcast: Broadcast | None = None
    former: Broadcast | None = None

    @property
    def on_air(self) -> bool:
        return self.broadcast is not None and not self.broadcast.over


@dataclass
class _Place:
    """A channel: what viewers see of it, and its rehearsals, of which they see nothing."""

    settings: Channel
    public: _Stage
    rehearsal: _Stage
    switch: Switch

    @property
    def stage(self) -> _Stage:
        """The one that is on air, else the one that is next."""
        running = next((each for each in (self.public, self.rehearsal) if each.on_air), None)
        return running or (self.rehearsal if self.switch.on else self.public)


class Registry:
    """Implements `ingest.publish.Publications` for publishers and `origin.app.Channels` for viewers and crews.

    `rtmp_port` is the one that listens, for what crews are told. `doorman` checks every publisher's key.
    """

    def __init__(self, config: Config, tasks: asyncio.TaskGroup) -> None:
        """Broadcasts run in `tasks` until `close`. Raises ConfigError for a file that a channel names."""
        self.rtmp_port: int | None = None
        self.doorman = Doorman()
        self._config = config
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._places = {name: self._place(name, settings) for name, settings in config.channels.items()}
        for name, place in self._places.items():
            self._own(tasks.create_task(place.public.desk.watch(), name=f"files of {name}"))

    def _place(self, name: str, settings: Channel) -> _Place:
        data = Path(self._config.server.data)
        shop = Shop(name, *(None if path is None else Path(path) for path in (settings.catalogue, settings.rundown)))
        public, rehearsal = (
            _Stage(Desk(name, shop, data, self._tasks, in_band=settings.in_band, rehearsal=rehearsal))
            for rehearsal in (False, True)
        )
        return _Place(settings, public, rehearsal, Switch(data / name))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def check(self, request: PublishRequest) -> None:
        stage = self._places[self._channel_of(request)].stage
        if stage.broadcast is not None and not stage.broadcast.over:
            stage.broadcast.check(request)

    def _channel_of(self, request: PublishRequest) -> str:
        """The channel that a request may publish on. Raises PublishRefusedError."""
        if request.channel is not None and request.channel not in self._places:
            raise PublishRefusedError(Refusal.WRONG_PLACE, "There is no channel of that name here")
        keys = ((name, place.settings.stream_key) for name, place in self._places.items())
        name = self.doorman.channel_for_key(request.key, request.address, keys, time.monotonic())
        if request.channel not in (None, name):
            raise PublishRefusedError(
                Refusal.WRONG_CHANNEL,
                "This stream key opens another channel. Check the address, or take this one's key.",
            )
        return name

    def publish(self, request: PublishRequest) -> Publication:
        name = self._channel_of(request)
        stage = self._places[name].stage
        if stage.broadcast is None or stage.broadcast.over:
            stage.former, stage.broadcast = stage.broadcast, Broadcast(name, self._config, stage.desk)
            self._start(stage, stage.broadcast)
        return stage.broadcast.new_session(request)

    def _start(self, stage: _Stage, broadcast: Broadcast) -> None:
        self._own(self._tasks.create_task(self._run(stage, broadcast), name=f"broadcast {broadcast.id}"))

    @staticmethod
    async def _run(stage: _Stage, broadcast: Broadcast) -> None:
        """One broadcast, then the time for which it stays watchable."""
        try:
            await broadcast.run()
            await asyncio.sleep(KEPT_AFTER_END)
        finally:
            broadcast.forget()
        stage.desk.forget(broadcast.id)
        if stage.broadcast is broadcast:
            stage.broadcast = None
        if stage.former is broadcast:
            stage.former = None

    async def close(self) -> None:
        """End every broadcast, and wait for their workers to be gone."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _stage(self, address: str) -> _Stage | None:
        """What a name in an address leads to: a channel's leads to what viewers may see, and only that."""
        name, unlisted, secret = address.partition(SEPARATOR)
        place = self._places.get(name)
        if place is None or not unlisted:
            return None if place is None else place.public
        return place.rehearsal if place.switch.opens(secret) else None

    def states(self) -> Sequence[ChannelState]:
        return [channel_state(name, place.settings, place.public.broadcast) for name, place in self._places.items()]

    def state(self, channel: str) -> ChannelState | None:
        stage, name = self._stage(channel), channel.partition(SEPARATOR)[0]
        if stage is None:
            return None
        return channel_state(name, self._places[name].settings, stage.broadcast, None if name == channel else channel)

    def desk(self, channel: str) -> Desk | None:
        stage = self._stage(channel)
        return None if stage is None else stage.desk

    def commanded(self, channel: str) -> Desk | None:
        place = self._places.get(channel)
        return self.desk(channel) if place is None else place.stage.desk

    def desks(self) -> Sequence[Desk]:
        return [stage.desk for place in self._places.values() for stage in (place.public, place.rehearsal)]

    def streams(self, channel: str) -> Sequence[LiveStream]:
        stage = self._stage(channel)
        broadcasts = () if stage is None else (stage.broadcast, stage.former)
        return [each.stream for each in broadcasts if each is not None and each.stream is not None]

    def playback_secret(self, channel: str) -> str | None:
        """A rehearsal's address is a secret itself."""
        place = self._places.get(channel)
        return None if place is None else place.settings.playback_secret

    def ingest(self, channel: str) -> Ingest | None:
        place = self._places.get(channel)
        if place is None:
            return None
        key = place.settings.stream_key
        return Ingest(whip=f"/whip/{channel}", rtmp_port=self.rtmp_port, key=key or channel, local=key is None)

    def rehearsal(self, channel: str) -> Rehearsal | None:
        place = self._places.get(channel)
        if place is None:
            return None
        switch, stage = place.switch, place.rehearsal
        expected = switch.secret is not None and (switch.on or stage.broadcast is not None)
        address = f"{channel}{SEPARATOR}{switch.secret}" if expected else None
        return Rehearsal(on=switch.on, on_air=stage.on_air, address=address)

    def rehearse(self, channel: str, on: bool) -> Rehearsal | None:
        place = self._places.get(channel)
        if place is not None:
            place.switch.turn(on, place.rehearsal.on_air)
        return self.rehearsal(channel)
