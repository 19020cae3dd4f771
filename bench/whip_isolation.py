"""What WebRTC media work does to the server's event loop: in the server's process, and in one of its own.

    python -m bench.whip_isolation [--seconds 20] [--publishers 1 4]

Publishers send 1080p30 at 4 Mbit/s. A ticker in the loop asks to be woken every 5 ms and notes how late it is; CPU is
of this process and of the media process. Nothing is transcoded.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import psutil
import uvloop

from bench.whip_clip import write_clip
from bench.whip_served import Open, answering, cameras
from vitrine.ingest.whip.events import PeerEvent
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.process.peer import ConnectedPeer
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit

TICK = 0.005
SETTLE = 3.0
SETTINGS = PeerSettings(loopback=True)
Place = AbstractAsyncContextManager[tuple[Open, int | None]]


async def lateness(seconds: float) -> list[float]:
    """Milliseconds, one for each tick."""
    loop = asyncio.get_running_loop()
    late, end = [], loop.time() + seconds
    while loop.time() < end:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(1000 * (time.perf_counter() - due))
    return late


@asynccontextmanager
async def within() -> AsyncIterator[tuple[Open, int | None]]:
    """Peers in this process."""
    async with asyncio.TaskGroup() as tasks:
        running = []

        async def answer(offer: str, on_event: Callable[[PeerEvent], None]) -> str:
            peer = ConnectedPeer(SETTINGS, on_event)
            await peer.open(offer)
            running.append(tasks.create_task(peer.run()))
            return peer.answer

        yield answer, None
        for task in running:
            task.cancel()


@asynccontextmanager
async def apart() -> AsyncIterator[tuple[Open, int | None]]:
    """Peers in the media process."""
    pool = await PeerPool.start(SETTINGS)

    async def answer(offer: str, on_event: Callable[[PeerEvent], None]) -> str:
        return (await pool.open(offer, on_event)).answer

    try:
        yield answer, pool.pid
    finally:
        await pool.close()


async def measure(clip: Path, place: Callable[[], Place], count: int, seconds: float) -> str:
    units = [0]

    def heard(event: PeerEvent) -> None:
        units[0] += isinstance(event, AccessUnit)

    async with place() as (opened, pid), answering(opened, heard) as url, cameras(clip, url, count):
        await asyncio.sleep(SETTLE)
        processes = [psutil.Process(), *([psutil.Process(pid)] if pid else [])]
        before, began, first = [sum(each.cpu_times()[:2]) for each in processes], time.monotonic(), units[0]
        late = await lateness(seconds)
        took = time.monotonic() - began
        shares = [(sum(each.cpu_times()[:2]) - cpu) / took for each, cpu in zip(processes, before, strict=True)]
        shown = [f"{share:.1%}" for share in shares] + ["-"] * (2 - len(shares))
        spread = statistics.quantiles(late, n=1000)
        rate = (units[0] - first) / took
        return f"{count} | {spread[499]:.2f} | {spread[989]:.2f} | {max(late):.1f} | {' | '.join(shown)} | {rate:.0f}"


async def compare(seconds: float, counts: list[int]) -> None:
    print(
        "| media work | publishers | late, median ms | 99 % ms | worst ms | server CPU | media process CPU | units/s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.ts"
        await asyncio.to_thread(write_clip, clip, 1920, 1080, 4000, 10)
        for count in counts:
            for name, place in (("in the server", within), ("in a process of its own", apart)):
                print(f"| {name} | {await measure(clip, place, count, seconds)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--publishers", type=int, nargs="+", default=[1, 4])
    given = parser.parse_args()
    uvloop.run(compare(given.seconds, given.publishers))


if __name__ == "__main__":
    main()
