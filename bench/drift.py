"""Two hours of a publisher whose clocks are off, through a real transcoder, as fast as it goes: is the sound in step?

python -m bench.drift [--hours 2] [--ppm 100]

The publisher's clock runs fast or slow against ours, or its sound card against its own clock. A flash and a beep come
every eight seconds; what the transcoder makes is decoded again, and each beep is looked for where it was captured
beside its flash.
"""

import argparse
import asyncio
import io
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.rtmp.server import STAMP_MODULUS
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.media.timeline import Timeline
from vitrine.media.track import AudioTrack, Codec, Rendition, Track, VideoTrack
from vitrine.server.session import Session
from vitrine.transcode.events import Opened, PoolEvent, Stats
from vitrine.transcode.ladder import Plan, Rung
from vitrine.transcode.pool import Worker

RATE = 30
TURN = 8
"""Seconds of the show: whole numbers of pictures and of AAC frames."""

MARK = 4
"""Seconds into each turn, of the flash and the beep."""

SIDE = 48
LOUD = 0.2
BRIGHT = 120


def encoded(kind: str) -> tuple[Track, list[bytes]]:
    """One turn of pictures or of sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        if kind == "video":
            options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "g": str(TURN * RATE)}
            pictures = container.add_stream("libx264", rate=RATE, options=options)
            assert isinstance(pictures, VideoStream)
            pictures.width = pictures.height = SIDE
            pictures.pix_fmt = "yuv420p"
            for number in range(TURN * RATE):
                level = 230 if number == MARK * RATE else 16
                frame = VideoFrame.from_ndarray(np.full((SIDE, SIDE, 3), level, np.uint8), format="rgb24")
                frame.pts = number
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        else:
            sound = container.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
            assert isinstance(sound, AudioStream)
            wave = np.zeros((2, TURN * AUDIO_RATE), np.float32)
            beep = np.sin(2 * np.pi * 1000 * np.arange(AUDIO_RATE // 10) / AUDIO_RATE)
            wave[:, MARK * AUDIO_RATE : MARK * AUDIO_RATE + beep.size] = 0.8 * beep
            for start in range(0, wave.shape[1], AAC_FRAME):
                block = AudioFrame.from_ndarray(
                    np.ascontiguousarray(wave[:, start : start + AAC_FRAME]), "fltp", "stereo"
                )
                block.sample_rate, block.pts, block.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        stream = container.streams[0]
        config = bytes(stream.codec_context.extradata or b"")
        data = [bytes(packet) for packet in container.demux(stream) if packet.dts is not None]
    if kind == "video":
        return VideoTrack(1, Codec.H264, 1000, config, SIDE, SIDE), data
    return AudioTrack(2, Codec.AAC, 1000, config, AUDIO_RATE, 2), data[-TURN * AUDIO_RATE // AAC_FRAME :]


@dataclass
class Owner:
    """What a session gives its broadcast."""

    rate: Fraction = Fraction(RATE)
    tracks: list[Track] = field(default_factory=list)
    units: list[AccessUnit] = field(default_factory=list)

    def opened(self, session: Session, rate: Fraction) -> None:
        self.rate = rate

    def add_track(self, session: Session, track: Track) -> None:
        self.tracks.append(track)

    def feed(self, session: Session, units: Iterable[AccessUnit]) -> None:
        self.units += units

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None: ...

    def session_ended(self, session: Session, reason: str, *, stopped: bool) -> None: ...


def published(hours: float, clock: float, sound_card: float) -> Iterator[tuple[int, int, float, bytes, bool]]:
    """Track, stamp in milliseconds, arrival, data and whether it is a keyframe, in order of arrival."""
    (_, pictures), (_, sound) = encoded("video"), encoded("audio")
    block, heard = AAC_FRAME / (AUDIO_RATE * sound_card), 0
    for number in range(int(hours * 3600 * RATE)):
        at = number / RATE
        while heard * block <= at:
            yield 2, int(heard * block * 1000), heard * block / clock, sound[heard % len(sound)], True
            heard += 1
        yield 1, int(at * 1000), at / clock, pictures[number % len(pictures)], number % len(pictures) == 0


class Output:
    """Where flashes and beeps are in what comes out of the worker, in seconds."""

    def __init__(self) -> None:
        self.flashes: list[float] = []
        self.beeps: list[float] = []
        self.stats = Stats()
        self._decoders: dict[int, tuple[Rendition, av.CodecContext]] = {}
        self._quiet = AUDIO_RATE
        self._samples = 0

    def __call__(self, event: PoolEvent) -> None:
        match event:
            case Opened(renditions):
                for each in renditions:
                    context = av.CodecContext.create("h264" if isinstance(each.track, VideoTrack) else "aac", "r")
                    context.extradata = each.track.config
                    self._decoders[each.track.id] = each, context
            case AccessUnit():
                self._decode(event)
            case Stats():
                self.stats = event

    def _decode(self, unit: AccessUnit) -> None:
        rendition, context = self._decoders[unit.track_id]
        packet: av.Packet[av.stream.Stream] = av.Packet(unit.data)
        packet.pts = packet.dts = unit.pts
        for frame in context.decode(packet):  # type: ignore[attr-defined]
            if isinstance(frame, VideoFrame) and isinstance(rendition.track, VideoTrack):
                if frame.to_ndarray()[: frame.height // 2].mean() > BRIGHT:
                    self.flashes.append((frame.pts or 0) / rendition.track.timescale)
            elif isinstance(frame, AudioFrame):
                self._listen(frame.to_ndarray()[0])

    def _listen(self, samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> None:
        """A beep begins where it is loud after a second of quiet."""
        loud = np.flatnonzero(np.abs(samples) > LOUD)
        if loud.size and self._quiet >= AUDIO_RATE // 2:
            self.beeps.append((self._samples + int(loud[0])) / AUDIO_RATE)
        self._quiet = samples.size - 1 - int(loud[-1]) if loud.size else self._quiet + samples.size
        self._samples += samples.size


async def transcoded(hours: float, clock: float, sound_card: float) -> tuple[Output, float]:
    """What came out, and by how many seconds more the newest was behind at the end than at the beginning."""
    owner, timeline, output = Owner(), Timeline(1000, STAMP_MODULUS), Output()
    session = Session(PublishRequest("rtmp", "key", "127.0.0.1", lambda reason: None), owner, Fraction)
    for kind in ("video", "audio"):
        session.add_track(replace(encoded(kind)[0]))
    worker: Worker | None = None
    behind: list[float] = []
    try:
        for track, stamp, now, data, keyframe in published(hours, clock, sound_card):
            dts = timeline.place(track, stamp % STAMP_MODULUS, now)
            session.push(AccessUnit(track, dts, dts, keyframe, data))
            if worker is None and owner.units:
                plan = Plan(owner.rate, live=False, ladder=(Rung("tiny", SIDE, 100),))
                worker = await Worker.start(plan, output)
                for each in owner.tracks:
                    worker.add_track(each)
            units, owner.units = owner.units, []
            for unit in units:
                assert worker is not None
                worker.push(unit)
                await worker.drain()
                if unit.track_id == 1:
                    behind.append(now * clock - unit.pts / 1000)
        assert worker is not None
        await worker.finish()
    finally:
        if worker is not None:
            await worker.close()
    return output, statistics.mean(behind[-RATE:]) - statistics.mean(behind[RATE : 2 * RATE])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--ppm", type=float, default=100)
    arguments = parser.parse_args()
    fast, slow = 1 + arguments.ppm / 1e6, 1 - arguments.ppm / 1e6
    print(
        "| publisher's clock, sound card | beeps | sound after picture, first, last, worst | latency grew | corrected |"
    )
    print("|---|---|---|---|---|")
    for clock, card in ((fast, 1.0), (slow, 1.0), (1.0, fast), (1.0, slow)):
        output, growth = asyncio.run(transcoded(arguments.hours, clock, card))
        # Beeps are counted out by the sound card: each is captured a little before or after its flash.
        apart = [1000 * (beep * card - flash) for flash, beep in zip(output.flashes, output.beeps, strict=True)]
        stats, worst = output.stats, max(apart, key=abs)
        print(
            f"| {1e6 * (clock - 1):+.0f}, {1e6 * (card - 1):+.0f} ppm | {len(apart)} "
            f"| {apart[0]:.1f}, {apart[-1]:.1f}, {worst:.1f} ms | {1000 * growth:.1f} ms "
            f"| {stats.silence + stats.trimmed} samples at once, {stats.stretched} by stretching |",
            flush=True,
        )


if __name__ == "__main__":
    main()
