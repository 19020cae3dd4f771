"""Puts it all together: the server, its publishers, viewers and crews, and what goes wrong with them."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack

from soak.browser import Screen, screen
from soak.channel import Channel
from soak.checker import Checker
from soak.clips import make_clips
from soak.crew import Crew
from soak.encoder import BROWSERS, KINDS
from soak.faults import OF_BROWSERS, OF_PUBLISHERS, OF_THE_SERVER, OF_WORKERS, Fault, Scene
from soak.journal import Journal
from soak.metronome import Metronome
from soak.player import Player
from soak.remains import Memory, Remains, left, remains
from soak.server import Server
from soak.strangers import Strangers

CALM = (3.0, 10.0)
"""Seconds between two faults of one kind on one channel."""

LONGEST = 120.0
"""Seconds that a fault and the recovery from it may take: more, and something hangs."""

SETTLING = 15.0
"""Seconds before the first fault."""

JOINING = 2.0
"""Seconds that viewers may stand still meanwhile: a browser starts beside them."""

FORGETTING = 170.0
"""Seconds until the server has forgotten what is over: it keeps a show for two minutes."""

RENDITIONS = ("270p", "180p", "audio")
STEADY, STORMY, BROWSER = "steady", "stormy", "browser"
CHANNELS = (STEADY, STORMY, BROWSER, "flooded")
"""Nothing is done to the first, and its viewers are to notice nothing. The last belongs to strangers."""


@dataclass(slots=True)
class Plan:
    """What was asked for; `quick` does not wait for what is left. Of the server's own faults none comes after a third
    of the time: its memory is judged.
    """

    minutes: float
    seed: int
    only: str
    restarts: bool
    chromium: bool
    quick: bool


@dataclass(slots=True)
class Stage:
    plan: Plan
    folder: Path
    journal: Journal
    server: Server
    channels: dict[str, Channel] = field(default_factory=dict)
    crews: dict[str, Crew] = field(default_factory=dict)
    players: list[Player] = field(default_factory=list)
    screen: Screen | None = None
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.server)
        clips = self.folder / "clips"
        for name, kinds in ((STEADY, KINDS[:1]), (STORMY, KINDS), (BROWSER, BROWSERS)):
            channel = Channel(name, self.server, clips, self.journal, kinds)
            self.channels[name] = channel
            self.crews[name] = Crew(self.server, channel, self.journal, self._chance(f"crew of {name}"))

    def _chance(self, name: str) -> random.Random:
        """Everything at random from the seed, one source for each part, so that one does not disturb another."""
        return random.Random(f"{self.plan.seed} {name}")

    async def run(self) -> None:
        """The whole soak; what was seen is in the journal."""
        await asyncio.to_thread(make_clips, self.folder / "clips")
        try:
            await self.server.start()
            await asyncio.sleep(1)
            idle = await remains(self.server)
            for channel in self.channels.values():
                await channel.go_live()
            await self._storm()
            await self._end_shows()
            if not self.plan.quick:
                await self._forget(idle)
        finally:
            for channel in self.channels.values():
                await channel.close()
            await self._end_server()

    async def _storm(self) -> None:
        """Viewers, crews and faults, for the time that was asked for."""
        offer = await _offer()
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(aiohttp.ClientSession())
            if self.plan.chromium:
                self.screen = await stack.enter_async_context(screen(self.server.address, STORMY, self.journal))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            running = [tasks.create_task(each) for each in self._watching(http)]
            settling = self.journal.begin("everybody joins", tuple(self.channels), JOINING)
            await asyncio.sleep(SETTLING)
            self.journal.over(settling)
            await self._fault(offer)
            for channel in self.channels.values():
                await stack.enter_async_context(channel.show)  # a crew is heard out
            for task in running:
                task.cancel()

    def _watching(self, http: aiohttp.ClientSession) -> list[Coroutine[Any, Any, None]]:
        """What goes on all the time."""
        for name in self.channels:
            for rendition in RENDITIONS if name == STORMY else RENDITIONS[::2]:
                self.players.append(Player(http, self.server, name, rendition, self.journal))
        checker = Checker(self.server, self.journal, tuple(self.channels))
        watching = [self.memory.run(), checker.run(), Metronome(self.journal).run()]
        viewers = [each.run() for each in self.players] + ([self.screen.run()] if self.screen else [])
        return [*viewers, *(crew.run() for crew in self.crews.values()), *watching]

    async def _fault(self, offer: str) -> None:
        strangers = Strangers(self.server, self.journal, self._chance("strangers"), offer)
        end = asyncio.get_running_loop().time() + 60 * self.plan.minutes
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._strangers(strangers, end))
            tasks.create_task(self._faults(STORMY, (*OF_PUBLISHERS, *OF_WORKERS), end))
            tasks.create_task(self._faults(BROWSER, (*OF_BROWSERS, *OF_WORKERS), end))
            if self.plan.restarts:
                tasks.create_task(self._faults(STEADY, OF_THE_SERVER, end - 40 * self.plan.minutes, 60.0))

    async def _strangers(self, strangers: Strangers, end: float) -> None:
        chance = self._chance("strangers' pauses")
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(chance.uniform(*CALM))
            if self.plan.only in "strangers":
                await strangers.act()

    async def _faults(self, name: str, faults: Sequence[Fault], end: float, apart: float = 0.0) -> None:
        chance = self._chance(f"faults of {name}")
        chosen = [each for each in faults if self.plan.only in each.name]
        while chosen and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(apart + chance.uniform(*CALM))
            (fault,) = chance.choices(chosen, [each.weight for each in chosen])
            await self._do(self.channels[name], fault, chance)

    async def _do(self, channel: Channel, fault: Fault, chance: random.Random) -> None:
        """One fault, and the recovery from it, while nothing else is done to the channels that feel it."""
        others = tuple(each for each in self.channels.values() if each is not channel) if fault.everywhere else ()
        async with AsyncExitStack() as stack:
            for each in sorted((channel, *others), key=lambda each: each.name):
                await stack.enter_async_context(each.turn)
            scene = Scene(self.server, channel, others, self.crews[channel.name], chance)
            if fault.awaits is not None and not await fault.awaits(scene):
                return
            done = self.journal.begin(fault.name, (channel.name, *(each.name for each in others)), fault.allowed)
            try:
                async with asyncio.timeout(LONGEST):
                    await fault.act(scene)
                    for each in (channel, *others):
                        await each.recovered()
            except TimeoutError:
                self.journal.fail(channel.name, f"{fault.name} took longer than {LONGEST:.0f} s")
            finally:
                self.journal.over(done)
            if self.server.died:
                raise RuntimeError(f"The server ended by itself; see {self.server.log}")

    async def _end_shows(self) -> None:
        for name, channel in self.channels.items():
            await self.crews[name].settle()
            await self.server.end_show(name)
            await channel.close()

    async def _forget(self, before: Remains) -> None:
        """Nothing is left when all shows are over and forgotten."""
        problems = ["never looked at"]
        try:
            async with asyncio.timeout(FORGETTING):
                while problems:
                    await asyncio.sleep(5)
                    after = await remains(self.server)
                    problems = left(before, after)
        except TimeoutError:
            for problem in problems:
                self.journal.fail("server", problem)
        self.journal.note("server", f"idle at first: {before}; at the end: {after}", aloud=True)

    async def _end_server(self) -> None:
        with suppress(psutil.NoSuchProcess):  # it ended by itself
            self.memory.seen.update(each.pid for each in self.server.children())
        try:
            if status := await self.server.end():
                self.journal.fail("server", f"ended with status {status}")
        except TimeoutError:
            self.journal.fail("server", "did not end when it was told to")
            self.server.process.kill()
        for pid in self.memory.seen:
            try:
                process = psutil.Process(pid)
                if any(word.startswith("vitrine") for word in process.cmdline()):
                    self.journal.fail("server", f"a process is left: {' '.join(process.cmdline())}")
            except psutil.NoSuchProcess:
                continue


async def _offer() -> str:
    """What a browser would send."""
    connection = RTCPeerConnection(RTCConfiguration([]))
    connection.addTrack(AudioStreamTrack())
    await connection.setLocalDescription(await connection.createOffer())
    try:
        return str(connection.localDescription.sdp)
    finally:
        await connection.close()
