"""What goes wrong with a broadcast: its publishers and the processes that work for it."""

import asyncio
import itertools
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.starved import starved
from soak.channel import LOOK, Channel
from soak.crew import Crew
from soak.journal import USUAL_STALL
from soak.server import RECONNECT, Server

WATCHED = 6.0
"""Seconds for which what is not a moment's fault goes on."""

A_WORKER = 1.0
"""Seconds that viewers may wait for a transcoder that was killed to be replaced."""

A_SILENCE = 1.0
"""The same of a publisher that says nothing, also not that it goes: it is waited for a second, then a part and what the
encoders look ahead have to be filled, and players are a second behind."""

A_RESTART = 10.0
"""The same of a server: two seconds until it is started, its start, and five."""

BUSY = 1.5
"""Seconds that encoding may be behind while it is short of processors."""

ENOUGH = 0.1
"""Cores that a worker of the soak's small ladder gets at least: of reading, decoding and the sound nothing can be given
up."""

RECOVERING = 60.0
"""Seconds in which all that was given up is taken back, on a machine with time for it."""

NO_SHOW = 600.0
"""A show that is over stands still; nobody calls that a stall."""


@dataclass(slots=True)
class Scene:
    """Where faults happen: on a channel, beside the others."""

    server: Server
    channel: Channel
    others: tuple[Channel, ...]
    crew: Crew
    chance: random.Random

    def away(self) -> Awaitable[None]:
        return asyncio.sleep(self.chance.uniform(0.5, WATCHED))

    def other_kind(self) -> str:
        return self.chance.choice(self.channel.kinds)


async def gone_and_back(scene: Scene) -> None:
    kind = scene.channel.encoder.kind
    await scene.channel.encoder.kill()
    await scene.away()
    await scene.channel.encoder.start(kind)


async def gone_and_back_otherwise(scene: Scene) -> None:
    await scene.channel.encoder.kill()
    await scene.away()
    await scene.channel.encoder.start(scene.other_kind())


async def stopped_and_back(scene: Scene) -> None:
    await scene.channel.encoder.stop()
    await scene.away()
    await scene.channel.encoder.start(scene.other_kind())


async def taken_over(scene: Scene) -> None:
    """From one that is well."""
    async with _beside_its_former(scene):
        await scene.channel.encoder.start(scene.other_kind())
        await scene.away()


async def taken_over_from_hanging(scene: Scene) -> None:
    scene.channel.encoder.signal(signal.SIGSTOP)
    async with _beside_its_former(scene):
        await asyncio.sleep(scene.chance.uniform(0, 4))
        await scene.channel.encoder.start(scene.other_kind())
        await scene.away()


@asynccontextmanager
async def _beside_its_former(scene: Scene) -> AsyncIterator[None]:
    """What publishes goes on while another does, and is ended whatever comes of that."""
    former = scene.channel.encoder.hand_over()
    try:
        yield
    finally:
        await former.kill()


async def silent(scene: Scene) -> None:
    """Nothing comes for a while, then all of it."""
    scene.channel.encoder.signal(signal.SIGSTOP)
    await scene.away()
    scene.channel.encoder.signal(signal.SIGCONT)


@asynccontextmanager
async def _with_backup(scene: Scene, kind: str) -> AsyncIterator[None]:
    """A backup publishes meanwhile, and until the primary is well again."""
    try:
        await scene.channel.backup.start(kind)
        await asyncio.sleep(WATCHED)
        yield
        await scene.channel.recovered()
    finally:
        await scene.channel.backup.kill()


async def backed_up(scene: Scene) -> None:
    """The primary dies while a backup publishes, and comes back."""
    async with _with_backup(scene, scene.chance.choice(("push", "ffmpeg", "other"))):
        await scene.channel.encoder.kill()
        await asyncio.sleep(WATCHED)
        await scene.channel.encoder.start(scene.channel.kinds[0])


async def silent_with_backup(scene: Scene) -> None:
    async with _with_backup(scene, "push"):
        scene.channel.encoder.signal(signal.SIGSTOP)
        await asyncio.sleep(WATCHED)
        scene.channel.encoder.signal(signal.SIGCONT)


def odd_stamps(kind: str) -> "Act":
    async def act(scene: Scene) -> None:
        await scene.channel.encoder.kill()
        await scene.channel.encoder.start("stamps", kind)
        await asyncio.sleep(2 * WATCHED)
        await scene.channel.encoder.kill()
        await scene.channel.encoder.start(scene.channel.kinds[0])

    return act


async def in_a_hurry(scene: Scene) -> None:
    """As fast as it goes."""
    await scene.channel.encoder.kill()
    await scene.channel.encoder.start("hurry")
    await asyncio.sleep(WATCHED)
    await scene.channel.encoder.kill()
    await scene.channel.encoder.start(scene.channel.kinds[0])


async def lossy(scene: Scene) -> None:
    """A browser behind a network that loses a packet in twenty."""
    await scene.channel.encoder.kill()
    await scene.channel.encoder.start("browser", "--loss", "0.05", "--delay", "0.03")
    await asyncio.sleep(3 * WATCHED)
    await scene.channel.encoder.kill()
    await scene.channel.encoder.start(scene.channel.kinds[0])


async def worker_killed(scene: Scene) -> None:
    if worker := scene.server.worker(scene.channel.name):
        worker.kill()
    await asyncio.sleep(WATCHED)


async def worker_frozen(scene: Scene) -> None:
    if worker := scene.server.worker(scene.channel.name):
        worker.suspend()
        try:
            await asyncio.sleep(scene.chance.uniform(0.5, 4))
        finally:
            worker.resume()
    await asyncio.sleep(WATCHED)


async def whole_ladder(scene: Scene) -> bool:
    """Whether all that was given up has been taken back. If not, the machine is short of processors by itself."""
    try:
        async with asyncio.timeout(RECOVERING):
            while (await scene.server.state(scene.channel.name))["health"]["shed"]:  # noqa: ASYNC110 - it is asked as pages do
                await asyncio.sleep(0.3)
    except TimeoutError:
        return False
    return True


async def worker_starved(scene: Scene) -> None:
    """It gets half of what it takes for the whole ladder; of half of the rest there is nothing more to give up."""
    worker = scene.server.worker(scene.channel.name)
    if worker is None:
        return
    before = sum(worker.cpu_times()[:2])
    await asyncio.sleep(2)
    cores = (sum(worker.cpu_times()[:2]) - before) / 4
    with starved(worker, itertools.repeat(max(ENOUGH, cores))):
        await asyncio.sleep(2 * WATCHED)
    await asyncio.sleep(WATCHED)


async def media_process_killed(scene: Scene) -> None:
    """Whoever publishes by WebRTC has to come back, as soon as there is another. Before that the server may not have
    noticed, and says that all is well.
    """
    process = scene.server.media_process()
    if process is not None:
        process.kill()
    for channel in (scene.channel, *scene.others):
        if channel.encoder.kind in ("whip", "browser"):
            kind = channel.encoder.kind
            await channel.encoder.kill()
            await channel.encoder.start(kind)
    while (now := scene.server.media_process()) is None or now == process:  # noqa: ASYNC110 - looked for as `ps` does
        await asyncio.sleep(LOOK)


async def server_killed(scene: Scene) -> None:
    await _server_restarted(scene, signal.SIGKILL)


async def server_stopped(scene: Scene) -> None:
    await _server_restarted(scene, signal.SIGTERM)


async def _server_restarted(scene: Scene, number: int) -> None:
    """Started again after two seconds; encoders try again until somebody answers."""
    channels = (scene.channel, *scene.others)
    await scene.server.end(number)
    await asyncio.sleep(2)
    await scene.server.start()
    for channel in channels:
        kind = channel.encoder.kind
        await channel.encoder.kill()
        await channel.encoder.start(kind)


async def ended_and_begun(scene: Scene) -> None:
    """The crew ends the show, and begins another."""
    await _another_show(scene, scene.server.end_show(scene.channel.name))


async def away_for_too_long(scene: Scene) -> None:
    """The publisher comes back when nobody waits any longer."""
    await _another_show(scene, asyncio.sleep(0))


async def _another_show(scene: Scene, ending: Awaitable[None]) -> None:
    channel = scene.channel
    async with channel.show:
        await ending
        await channel.encoder.kill()
        async with asyncio.timeout(RECONNECT + 15):
            while (await scene.server.state(channel.name))["state"] != "ended":  # noqa: ASYNC110 - it is asked as pages do
                await asyncio.sleep(0.3)
        await scene.crew.settle()
        channel.broadcast = ""
        await channel.go_live()


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`allowed` is how long viewers may stand still, in seconds. `everywhere` is one that other channels feel. Where
    `awaits` says no, it is not its time.
    """

    name: str
    act: Act
    allowed: float = USUAL_STALL
    everywhere: bool = False
    weight: int = 2
    awaits: Callable[[Scene], Awaitable[bool]] | None = None


OF_PUBLISHERS = (
    Fault("the publisher is gone and back", gone_and_back, A_SILENCE, weight=4),
    Fault("the publisher is back with other settings", gone_and_back_otherwise, A_SILENCE, weight=4),
    Fault("the publisher stops and is back", stopped_and_back),
    Fault("taken over", taken_over),
    Fault("taken over from a publisher that hangs", taken_over_from_hanging, A_SILENCE),
    Fault("the publisher is silent for a while", silent, A_SILENCE),
    Fault("the primary dies beside a backup", backed_up, 1.0),
    Fault("the primary is silent beside a backup", silent_with_backup, 1.0),
    *(Fault(f"stamps: {kind}", odd_stamps(kind), weight=1) for kind in ("jump", "back", "far-back", "wrap", "jitter")),
    Fault("damaged media", odd_stamps("damage"), A_WORKER),
    Fault("as fast as it goes", in_a_hurry),
    Fault("the crew ends the show", ended_and_begun, NO_SHOW, weight=1),
    Fault("the publisher is away for too long", away_for_too_long, NO_SHOW, weight=1),
)
OF_BROWSERS = (
    Fault("the publisher is gone and back", gone_and_back, A_SILENCE, weight=4),
    Fault("the publisher stops and is back", stopped_and_back, A_SILENCE),
    Fault("taken over", taken_over),
    Fault("the publisher is silent for a while", silent, A_SILENCE),
    Fault("a lossy network", lossy, A_SILENCE),
    Fault("the media process is killed", media_process_killed, A_SILENCE, everywhere=True),
)
OF_THE_SERVER = (
    Fault("the server is killed", server_killed, A_RESTART, everywhere=True),
    Fault("the server is stopped and started", server_stopped, A_RESTART, everywhere=True),
)
OF_WORKERS = (
    Fault("the transcoder is killed", worker_killed, A_WORKER, weight=4),
    Fault("the transcoder is frozen", worker_frozen, 5.0),
    Fault("the transcoder is starved", worker_starved, BUSY, awaits=whole_ladder),
)
