"""The channels, who publishes on them, and what the origin may know of them."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vitrine.ingest.publish import Doorman, Publication, PublishRefusedError, PublishRequest, Refusal
from vitrine.media.memory import give_back
from vitrine.origin.crew import Ingest, Rehearsal
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.server.absence import Absence
from vitrine.server.config import Channel, Config
from vitrine.server.desk import Desk
from vitrine.server.inputs import Role
from vitrine.server.left import Left, find_left
from vitrine.server.pipeline import Broadcast
from vitrine.server.rehearsal import SEPARATOR, Switch
from vitrine.server.room import Load, Room
from vitrine.server.segment_files import remove_left
from vitrine.server.shop import Shop
from vitrine.server.slate import load_slate
from vitrine.server.state import channel_state
from vitrine.transcode.ladder import Slate

log = logging.getLogger("vitrine.broadcast")

BACKUP = " backup"
"""After a channel's name, which cannot hold it, where a key opens the channel as its backup."""

DRAIN_SECONDS = 5.0
"""For workers to encode what they have got, when the server stops."""

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
    slate: Slate

    @property
    def stage(self) -> _Stage:
        """The one that is on air, else the one that is next."""
        running = next((each for each in (self.public, self.rehearsal) if each.on_air), None)
        return running or self.next_stage

    @property
    def next_stage(self) -> _Stage:
        """The one that the next broadcast is for."""
        return self.rehearsal if self.switch.on else self.public

    def turn_over(self) -> None:
        """A publisher that stopped after the crew had turned the switch comes back on the other stage."""
        stage = self.stage
        absence = None if stage.broadcast is None or stage.broadcast.over else stage.broadcast.absence
        if stage is not self.next_stage and absence is not None and absence.stopped and stage.broadcast is not None:
            stage.broadcast.finish(absence.reason)


class Registry:
    """Implements `ingest.publish.Publications` for publishers and `origin.app.Channels` for viewers and crews.

    `rtmp_port` is the one that listens, for what crews are told. `doorman` checks every publisher's key.
    """

    def __init__(self, config: Config, tasks: asyncio.TaskGroup, room: Room | None = None) -> None:
        """Broadcasts run in `tasks` until `close`. Raises ConfigError for a file that a channel names."""
        self.rtmp_port: int | None = None
        self.draining = False
        self._room = room or Room()
        self.doorman = Doorman()
        self._config = config
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._shows: dict[asyncio.Task[None], Broadcast] = {}
        self._data = Path(config.server.data)
        self._places = {name: self._place(name, settings) for name, settings in config.channels.items()}
        for name, place in self._places.items():
            self._own(tasks.create_task(place.public.desk.watch(), name=f"files of {name}"))
        self._own(tasks.create_task(self._room.watch(self._loads), name="room"))

    def _admit(self) -> None:
        """Raise PublishRefusedError where there is no room for one broadcast more."""
        if not self._config.server.always_admit:
            self._room.check(self._loads())

    def _loads(self) -> list[Load]:
        """What runs now, and what it costs."""
        stages = [stage for place in self._places.values() for stage in (place.public, place.rehearsal)]
        running = [stage.broadcast for stage in stages if stage.broadcast is not None and stage.on_air]
        return [Load(each.id, each.vitals.stats.cpu, bool(each.overload.steps)) for each in running]

    def _place(self, name: str, settings: Channel) -> _Place:
        data = self._data
        shop = Shop(name, *(None if path is None else Path(path) for path in (settings.catalogue, settings.rundown)))
        public, rehearsal = (
            _Stage(Desk(name, shop, data, self._tasks, in_band=settings.in_band, rehearsal=rehearsal))
            for rehearsal in (False, True)
        )
        slate = load_slate(settings.title or name, None if settings.slate is None else Path(settings.slate))
        return _Place(settings, public, rehearsal, Switch(data / name), slate)

    def _own(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def check_key(self, request: PublishRequest) -> None:
        self._place_of(request)

    def check(self, request: PublishRequest) -> None:
        self._check_draining()
        name, role = self._place_of(request)
        stage = self._places[name].stage
        if stage.broadcast is not None and not stage.broadcast.over:
            stage.broadcast.inputs.check(request, role)
        else:
            self._admit()

    def _check_draining(self) -> None:
        if self.draining:
            raise PublishRefusedError(Refusal.NO_ROOM, "The server is being stopped; try again in a moment", 2.0)

    def _place_of(self, request: PublishRequest) -> tuple[str, Role]:
        """The channel that a request may publish on, and as what. Raises PublishRefusedError."""
        if request.channel is not None and request.channel not in self._places:
            raise PublishRefusedError(Refusal.WRONG_PLACE, "There is no channel of that name here")
        opened = self.doorman.channel_for_key(request.key, request.address, self._keys(), time.monotonic())
        name, backup, _ = opened.partition(BACKUP)
        if request.channel not in (None, name):
            raise PublishRefusedError(
                Refusal.WRONG_CHANNEL,
                "This stream key opens another channel. Check the address, or take this one's key.",
            )
        return name, "backup" if backup else "primary"

    def _keys(self) -> Iterator[tuple[str, str | None]]:
        """What each key opens: a channel, or one as its backup."""
        for name, place in self._places.items():
            yield name, place.settings.stream_key
            if place.settings.backup_key is not None:
                yield name + BACKUP, place.settings.backup_key

    def publish(self, request: PublishRequest) -> Publication:
        self._check_draining()
        name, role = self._place_of(request)
        place = self._places[name]
        place.turn_over()
        stage = place.stage
        if stage.broadcast is None or stage.broadcast.over:
            self._admit()
            tell = partial(self._tell_state, name, stage)
            stage.former = stage.broadcast
            stage.broadcast = Broadcast(name, self._config, stage.desk, tell, place.slate)
            self._start(stage, stage.broadcast)
            tell()
        return stage.broadcast.new_session(request, role)

    def _tell_state(self, name: str, stage: _Stage) -> None:
        """Pages that listen to a channel need not ask how it is; those of a rehearsal listen at its own address."""
        rehearsal = self.rehearsal(name)
        address = name if rehearsal is None or stage is self._places[name].public else rehearsal.address
        if address is not None:
            stage.desk.events.tell("state", self.state(address))

    def _start(self, stage: _Stage, broadcast: Broadcast) -> None:
        task = self._tasks.create_task(self._run(stage, broadcast), name=f"broadcast {broadcast.id}")
        self._shows[task] = broadcast
        task.add_done_callback(self._shows.pop)
        self._own(task)

    async def restore(self) -> None:
        """Go on with the broadcasts of the server before this one, and remove what cannot be gone on with."""
        folders = []
        for name, place in self._places.items():
            for stage in (place.public, place.rehearsal):
                left = await asyncio.to_thread(find_left, self._data / name, rehearsal=stage.desk.rehearsal)
                if left is not None and self._resume(name, place, stage, left):
                    folders.append(left.folder)
        await asyncio.to_thread(remove_left, self._data, folders)

    def _resume(self, name: str, place: _Place, stage: _Stage, left: Left) -> bool:
        try:
            until = Absence.resumed(left, self._config.reconnect, time.monotonic()).until
            if until + KEPT_AFTER_END < time.monotonic():
                return False
            tell = partial(self._tell_state, name, stage)
            broadcast = Broadcast(name, self._config, stage.desk, tell, place.slate, left=left)
        except Exception:
            log.exception("%s: broadcast %s cannot be gone on with", name, left.index.broadcast)
            return False
        stage.broadcast = broadcast
        self._start(stage, broadcast)
        log.info("%s: goes on with broadcast %s", name, broadcast.id)
        return True

    @staticmethod
    async def _run(stage: _Stage, broadcast: Broadcast) -> None:
        """One broadcast, then the time for which it stays watchable."""
        over = False
        try:
            await broadcast.run()
            if broadcast.rests:
                return  # and can be fetched until there is no server
            await asyncio.sleep(KEPT_AFTER_END)
            over = True
        finally:
            if over:
                broadcast.output.forget()
            else:
                await asyncio.to_thread(broadcast.output.leave)
        stage.desk.forget(broadcast.id)
        if stage.broadcast is broadcast:
            stage.broadcast = None
        if stage.former is broadcast:
            stage.former = None
        if over:
            give_back()

    def finish(self, channel: str) -> bool:
        place = self._places.get(channel)
        broadcast = None if place is None else place.stage.broadcast
        if broadcast is None or broadcast.over:
            return False
        broadcast.finish("The crew ended the show.")
        return True

    async def drain(self) -> None:
        """The server is about to stop: have every broadcast rest, with all that it got encoded and on disk."""
        self.draining = True
        for broadcast in self._shows.values():
            broadcast.suspend()
        resting = [task for task, broadcast in self._shows.items() if broadcast.rests]
        if resting:
            await asyncio.wait(resting, timeout=DRAIN_SECONDS)
        for desk in self.desks():
            desk.events.close()

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
            former = place.switch.secret
            place.switch.turn(on, place.rehearsal.on_air)
            if place.switch.secret != former:
                place.rehearsal.desk.events.close()  # who listens by the old link may not hear of the new one
        return self.rehearsal(channel)
