"""What is left in the media process of sessions that were opened and closed in every way.

python -m bench.whip_sessions [--sessions 200]
"""

import argparse
import asyncio

import aioice.ice
import psutil
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from vitrine.ingest.whip.events import Connected, PeerEnded, PeerEvent
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.errors import RefusedError

WAYS = ("refused", "given up before it connected", "closed by the publisher", "closed by the server")
PATIENCE = 20.0


class Told:
    """Waits for one of a peer's events."""

    def __init__(self) -> None:
        self._seen: set[type] = set()
        self._changed = asyncio.Event()

    def __call__(self, event: PeerEvent) -> None:
        self._seen.add(type(event))
        self._changed.set()

    async def until(self, kind: type[PeerEvent]) -> None:
        async with asyncio.timeout(PATIENCE):
            while kind not in self._seen:
                self._changed.clear()
                await self._changed.wait()


async def session(pool: PeerPool, way: str) -> None:
    if way == "refused":
        try:
            await pool.open("v=0", print)
        except RefusedError:
            return
        raise RuntimeError("an offer without media was taken")
    told = Told()
    connection = RTCPeerConnection(RTCConfiguration([]))
    connection.addTrack(AudioStreamTrack())
    await connection.setLocalDescription(await connection.createOffer())
    peer = await pool.open(connection.localDescription.sdp, told)
    if way != "given up before it connected":
        await connection.setRemoteDescription(RTCSessionDescription(peer.answer, "answer"))
        await told.until(Connected)
    if way == "closed by the publisher":
        await connection.close()
    else:
        peer.close()
    await told.until(PeerEnded)
    await connection.close()


async def measure(count: int) -> None:
    pool = await PeerPool.start(PeerSettings(loopback=True))
    try:
        process = psutil.Process(pool.pid)
        print("| sessions | descriptors | threads | UDP sockets | memory |\n|---|---|---|---|---|")
        for number in range(1, count + 1):
            await session(pool, WAYS[number % len(WAYS)])
            if number % max(1, count // 5) == 0:
                await asyncio.sleep(1)
                sockets = len(process.net_connections("udp"))
                memory = process.memory_info().rss / 1e6
                print(
                    f"| {number} | {process.num_fds()} | {process.num_threads()} | {sockets} | {memory:.1f} MB |",
                    flush=True,
                )
    finally:
        await pool.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    given = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    asyncio.run(measure(given.sessions))


if __name__ == "__main__":
    main()
