"""A channel whose media are made frame by frame, and real HTTP in front of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

from aiohttp import web

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.origin.app import Origin
from vitrine.origin.desk import Desk
from vitrine.origin.listener import Listener
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.packager.run import FIRST_MSN

AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")
VIDEO = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 1280, 720, rate=Fraction(30))
AUDIO = AudioTrack(2, Codec.AAC, AUDIO_RATE, b"\x11\x90", AUDIO_RATE, 2)
RENDITIONS = (Rendition("720p", VIDEO, 2_800_000, 3_080_000), Rendition("audio", AUDIO, 128_000, 128_000))
START_UTC_NS = 1_796_058_000_000_000_000


class Show:
    """A channel whose media are made frame by frame."""

    def __init__(self) -> None:
        self.grid = Grid(Fraction(30))
        self.stream_now: LiveStream | None = None
        self.stream_before: LiveStream | None = None
        self.picture = 0
        self.sound = 0
        self.secret: str | None = None

    def go_live(self, broadcast: str = "b1") -> None:
        self.stream_before = self.stream_now
        self.stream_now = LiveStream(Packager(broadcast, RENDITIONS, self.grid, START_UTC_NS, 60))
        self.picture = self.sound = 0

    def play(self, pictures: int) -> None:
        """Some more pictures, and the sound that goes with them."""
        assert self.stream_now is not None
        rate, unit = self.grid.rate.as_integer_ratio()
        for _ in range(pictures):
            tick = self.grid.tick(self.picture)
            keyframe = self.grid.starts_segment(self.picture)
            self.stream_now.push(AccessUnit(1, tick, tick, keyframe, b"picture %d" % self.picture))
            self.picture += 1
            while self.sound * AAC_FRAME * rate <= self.picture * AUDIO_RATE * unit:
                at = self.sound * AAC_FRAME
                self.stream_now.push(AccessUnit(2, at, at, True, b"sound %d" % self.sound))
                self.sound += 1

    def play_large(self, size: int) -> str:
        """One more part, with a picture of that many bytes; gives its address."""
        assert self.stream_now is not None
        while self.picture % 10:
            self.play(1)
        tick = self.grid.tick(self.picture)
        keyframe = self.grid.starts_segment(self.picture)
        self.stream_now.push(AccessUnit(1, tick, tick, keyframe, bytes(size)))
        self.picture += 1
        segment, frame = divmod(self.picture - 1, 60)
        self.play(9)
        return f"/hls/show/720p/{self.stream_now.packager.broadcast}.{FIRST_MSN + segment}.{frame // 10}.m4s"

    def states(self) -> Sequence[ChannelState]:
        return [ChannelState(channel="show", title="Show", state="live", playlist="/hls/show/index.m3u8")]

    def state(self, channel: str) -> ChannelState | None:
        return self.states()[0] if channel == "show" else None

    def streams(self, channel: str) -> Sequence[LiveStream]:
        newest_first = (self.stream_now, self.stream_before)
        return [each for each in newest_first if each is not None and channel == "show"]

    def desk(self, _channel: str) -> None:
        """Nobody commands cues here."""

    commanded = ingest = rehearsal = desk

    def finish(self, _channel: str) -> bool:
        return False

    def rehearse(self, _channel: str, _on: bool) -> None:
        """Nor rehearses."""

    def playback_secret(self, _channel: str) -> str | None:
        return self.secret

    def desks(self) -> Sequence[Desk]:
        return ()


@asynccontextmanager
async def listening(show: Show, port: int = 0) -> AsyncIterator[tuple[Listener, int]]:
    """The listener as `vitrine serve` has it, and its port."""
    origin = Origin(show, "token")
    runner = web.AppRunner(origin.application())
    await runner.setup()
    assert runner.server is not None
    listener = Listener(origin.hls, runner.server)
    try:
        yield listener, await listener.listen("127.0.0.1", port)
    finally:
        await listener.close()
        await runner.cleanup()


@asynccontextmanager
async def by_aiohttp(show: Show) -> AsyncIterator[int]:
    """The same addresses through aiohttp alone, as a connection has them that asked for a page before."""
    runner = web.AppRunner(Origin(show, "token").application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
