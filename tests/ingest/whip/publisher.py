"""aiortc as a publisher, and what a peer tells of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from av.video.frame import VideoFrame

from vitrine.ingest.whip.events import PeerEvent
from vitrine.ingest.whip.pool import Peer, PeerPool
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit

LOOPBACK = PeerSettings(loopback=True)
Kind = TypeVar("Kind")


class Picture(MediaStreamTrack):
    """Noise that moves, at 30 frames a second; turned on its side from frame `turn` on."""

    kind = "video"

    def __init__(self, width: int = 320, height: int = 180, turn: int | None = None) -> None:
        super().__init__()
        self._noise = np.random.default_rng(1).integers(0, 255, (4, height, width, 3), dtype=np.uint8)
        self._turn = turn
        self._count = 0
        self._begin = 0.0

    async def recv(self) -> VideoFrame:
        loop = asyncio.get_running_loop()
        self._begin = self._begin or loop.time()
        await asyncio.sleep(max(0.0, self._begin + self._count / 30 - loop.time()))
        pixels = self._noise[self._count % 4]
        if self._turn is not None and self._count >= self._turn:
            pixels = np.ascontiguousarray(pixels.transpose(1, 0, 2))
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = 3000 * self._count, Fraction(1, 90_000)
        self._count += 1
        return frame


class Heard:
    """Keeps events, and waits for what is wanted."""

    def __init__(self) -> None:
        self.events: list[PeerEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: PeerEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[], bool], seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not wanted():
                self._changed.clear()
                await self._changed.wait()

    async def first(self, kind: type[Kind], seconds: float = 30) -> Kind:
        await self.until(lambda: any(isinstance(each, kind) for each in self.events), seconds)
        return next(each for each in self.events if isinstance(each, kind))

    def units(self, track_id: int) -> list[AccessUnit]:
        return [each for each in self.events if isinstance(each, AccessUnit) and each.track_id == track_id]


def publisher(picture: Any = None, sound: bool = True, codec: str | None = None) -> RTCPeerConnection:
    """`codec` is the only one offered, `VP8` or `H264`."""
    connection = RTCPeerConnection(RTCConfiguration([]))
    if sound:
        connection.addTrack(AudioStreamTrack())
    if picture is not None:
        connection.addTrack(picture)
    if codec is not None:
        from aiortc.rtcrtpsender import RTCRtpSender  # noqa: PLC0415

        wanted = [
            each for each in RTCRtpSender.getCapabilities("video").codecs if each.name.lower() in (codec.lower(), "rtx")
        ]
        next(each for each in connection.getTransceivers() if each.kind == "video").setCodecPreferences(wanted)
    return connection


async def offered(connection: RTCPeerConnection) -> str:
    await connection.setLocalDescription(await connection.createOffer())
    return connection.localDescription.sdp


@asynccontextmanager
async def pool(settings: PeerSettings = LOOPBACK) -> AsyncIterator[PeerPool]:
    running = await PeerPool.start(settings)
    try:
        yield running
    finally:
        await running.close()


@asynccontextmanager
async def published(running: PeerPool, connection: RTCPeerConnection) -> AsyncIterator[tuple[Peer, Heard]]:
    heard = Heard()
    peer = await running.open(await offered(connection), heard)
    try:
        await connection.setRemoteDescription(RTCSessionDescription(peer.answer, "answer"))
        yield peer, heard
    finally:
        await connection.close()
