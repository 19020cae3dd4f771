"""Tiny clips made on the spot, and what comes out of a worker for them."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.priority import kept_priority
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, Colour, Rendition, Track, VideoTrack
from vitrine.transcode.events import Opened, PoolEvent, Stats
from vitrine.transcode.ladder import EncoderSettings, Plan
from vitrine.transcode.pool import Worker
from vitrine.transcode.worker.scaler import plane_pixels

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]

CODECS = {
    "libx264": Codec.H264,
    "libx265": Codec.HEVC,
    "libsvtav1": Codec.AV1,
    "libvpx-vp9": Codec.VP9,
    "libvpx": Codec.VP8,
    "aac": Codec.AAC,
    "libopus": Codec.OPUS,
}

QUICK = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "crf": "10"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:crf=10"},
    "libsvtav1": {"preset": "12", "crf": "20"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "2M"},
}


@dataclass(frozen=True)
class Clip:
    """Tracks and their access units, in order of decoding time over all of them."""

    tracks: list[Track]
    units: list[AccessUnit]

    def __add__(self, other: "Clip") -> "Clip":
        scales = {track.id: track.timescale for track in self.tracks + other.tracks}
        units = sorted(self.units + other.units, key=lambda unit: unit.dts / scales[unit.track_id])
        return Clip(self.tracks + other.tracks, units)

    def shifted(self, seconds: Fraction) -> "Clip":
        scales = {track.id: track.timescale for track in self.tracks}
        units = []
        for unit in self.units:
            ticks = round(seconds * scales[unit.track_id])
            units.append(replace(unit, dts=unit.dts + ticks, pts=unit.pts + ticks))
        return Clip(self.tracks, units)


Paint = Callable[[int], tuple[int, int, int]]


def grey(level: int) -> Paint:
    return lambda number: (level, 128, 128)


MIDDLE_GREY = grey(120)


@kept_priority()
def video_clip(
    width: int = 160,
    height: int = 120,
    count: int = 50,
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    paint: Paint = MIDDLE_GREY,
    pixel_aspect: Fraction = Fraction(1),
    full_range: bool = False,
    matrix: int = 2,
    options: dict[str, str] | None = None,
) -> Clip:
    """`paint` gives the 8-bit Y, U, V of the whole frame by its number."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska" if codec == "libvpx" else "mp4") as container:
        stream = container.add_stream(codec, rate=rate, options={**QUICK[codec], **(options or {})})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.codec_context.gop_size = 25
        stream.codec_context.thread_count = 1
        stream.codec_context.color_range = 2 if full_range else 1
        stream.codec_context.colorspace = matrix
        for number in range(count):
            frame = painted(width, height, pixel_format, paint(number))
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return read_clip(buffer, 1)


def painted(width: int, height: int, pixel_format: str, colour: tuple[int, int, int]) -> VideoFrame:
    frame = VideoFrame(width, height, pixel_format)
    deep = "10" in pixel_format
    for plane, level in zip(frame.planes, colour, strict=True):
        array = np.full(
            plane.buffer_size // (2 if deep else 1), level * 4 if deep else level, np.uint16 if deep else np.uint8
        )
        plane.update(array.tobytes())
    return frame


def audio_clip(
    samples: Samples, rate: int = 48000, layout: str = "stereo", codec: str = "aac", bitrate: int = 256_000
) -> Clip:
    """`samples` of shape (channels, n)."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.bit_rate = bitrate
        size = 1024 if codec == "aac" else 960
        for start in range(0, samples.shape[1], size):
            block = np.ascontiguousarray(samples[:, start : start + size])
            planar = codec == "aac"
            data = block if planar else np.ascontiguousarray(block.T.reshape(1, -1))
            frame = AudioFrame.from_ndarray(data, "fltp" if planar else "flt", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return read_clip(buffer, 2)


def read_clip(buffer: io.BytesIO, track_id: int) -> Clip:
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        stream = container.streams[0]
        assert stream.time_base
        scale = stream.time_base
        config = bytes(stream.codec_context.extradata or b"")
        units = [
            AccessUnit(
                track_id,
                packet.dts * scale.numerator,
                packet.pts * scale.numerator,
                packet.is_keyframe,
                bytes(packet),
            )
            for packet in container.demux(stream)
            if packet.dts is not None and packet.pts is not None
        ]
        if isinstance(stream, AudioStream):
            codec = Codec.AAC if stream.codec_context.name == "aac" else Codec.OPUS
            return Clip([AudioTrack(track_id, codec, scale.denominator, config, stream.rate, stream.channels)], units)
        assert isinstance(stream, VideoStream)
        name = {"libdav1d": "av1"}.get(stream.codec_context.name, stream.codec_context.name)
        track = VideoTrack(track_id, Codec(name), scale.denominator, config, stream.width, stream.height)
        return Clip([track], units)


def tone(seconds: float, rate: int = 48000, channels: int = 2, hertz: float = 440, level: float = 0.5) -> Samples:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


@dataclass
class Result:
    """What a worker said."""

    events: list[PoolEvent] = field(default_factory=list)

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        return next(event for event in self.events if isinstance(event, Opened)).renditions

    @property
    def stats(self) -> Stats:
        return [event for event in self.events if isinstance(event, Stats)][-1]

    def units(self, name: str) -> list[AccessUnit]:
        track = self.track(name)
        return [event for event in self.events if isinstance(event, AccessUnit) and event.track_id == track.id]

    def track(self, name: str) -> Track:
        return next(each.track for each in self.renditions if each.name == name)

    def pictures(self, name: str) -> list[VideoFrame]:
        track = self.track(name)
        context = av.CodecContext.create("h264", "r")
        context.extradata = track.config
        frames = []
        for unit in [*self.units(name), None]:
            packet = av.Packet(unit.data) if unit else None
            frames += context.decode(packet)
        return frames

    def sound(self) -> Samples:
        """All the sound, decoded: shape (2, n), from programme time 0."""
        context = av.CodecContext.create("aac", "r")
        assert isinstance(context, av.AudioCodecContext)
        context.extradata = self.track("audio").config
        blocks = [frame.to_ndarray() for unit in self.units("audio") for frame in context.decode(av.Packet(unit.data))]
        return np.concatenate(blocks, axis=1).astype(np.float32)


def plan(rate: Fraction = Fraction(25), live: bool = False, **more: object) -> Plan:
    return replace(Plan(rate, live=live, settings=EncoderSettings(preset="ultrafast")), **more)  # type: ignore[arg-type]


async def transcode(clip: Clip, wanted: Plan, *following: Clip, advance: Fraction | None = None) -> Result:
    """Everything through a worker, to its end; each following clip takes over from the one before."""
    result = Result()
    worker = await Worker.start(wanted, result.events.append)
    try:
        async with asyncio.timeout(60):
            for each in (clip, *following):
                for track in each.tracks:
                    worker.add_track(track)
                for unit in each.units:
                    worker.push(unit)
                    await worker.drain()
            if advance is not None:
                worker.advance(advance)
            await worker.finish()
    finally:
        await worker.close()
    return result


def mean_colour(frame: VideoFrame, left: float = 0.1, right: float = 0.9) -> tuple[float, float, float]:
    """Mean Y, U, V between two shares of the width, in the middle of the height."""
    means = []
    for index in range(3):
        plane = plane_pixels(frame, index)
        rows, columns = plane.shape
        part = plane[rows // 4 : 3 * rows // 4, int(left * columns) : int(right * columns)]
        means.append(float(part.mean()))
    return means[0], means[1], means[2]


__all__ = ["Clip", "Colour", "Pixels", "Result", "Samples", "audio_clip", "mean_colour", "plan", "tone", "transcode"]
