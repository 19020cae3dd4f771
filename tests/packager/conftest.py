"""What the packager's tests share: golden files, a synthetic ladder, and a real encode."""

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from av.video.frame import PictureType

from vitrine.media import h264
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Colour, Rendition, VideoTrack
from vitrine.packager.packager import Packager

GOLDEN = Path(__file__).parent / "golden"
START_UTC_NS = 1_795_971_603_120_000_000
"""2026-11-29T17:00:03.120Z."""

AVCC = bytes.fromhex("0164001fffe1001b6764001facb402802dd3501010140000030004000afc803c60ca8001000468ef0fcbfdf8f800")
"""x264, 1280x720, BT.709."""

BT709 = Colour(1, 1, 1, full_range=False)
GLOBAL_HEADER = 0x400000


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file; VITRINE_REWRITE_GOLDEN=1 writes the files instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("VITRINE_REWRITE_GOLDEN"):
            path.write_text(text)
        assert text == path.read_text()

    return compare


@pytest.fixture
def renditions() -> list[Rendition]:
    """Two video renditions, track ids 1 and 2, and audio, track id 3."""
    large = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVCC, 1280, 720, colour=BT709)
    small = replace(large, id=2, width=640, height=360)
    audio = AudioTrack(3, Codec.AAC, AUDIO_RATE, bytes.fromhex("1190"), AUDIO_RATE, 2)
    return [
        Rendition("720p", large, 2_800_000, 3_080_000),
        Rendition("360p", small, 800_000, 880_000),
        Rendition("audio", audio, 128_000, 140_000),
    ]


Units = Callable[[Grid, Fraction | int], list[AccessUnit]]
MakePackager = Callable[..., Packager]


@pytest.fixture
def units() -> Units:
    """Access units of the three renditions for a number of seconds, in order of time; no reordered pictures."""

    def make(grid: Grid, seconds: Fraction | int) -> list[AccessUnit]:
        made = []
        for frame in range(int(seconds * grid.rate)):
            tick = grid.tick(frame)
            for track_id in (1, 2):
                data = bytes([track_id, frame % 256]) * (3 + frame % 5)
                made.append(AccessUnit(track_id, tick, tick, grid.starts_segment(frame), data))
        for frame in range(int(seconds * AUDIO_RATE) // AAC_FRAME):
            tick = frame * AAC_FRAME
            made.append(AccessUnit(3, tick, tick, True, bytes([3, frame % 256, 0])))
        scale = {1: VIDEO_TIMESCALE, 2: VIDEO_TIMESCALE, 3: AUDIO_RATE}
        return sorted(made, key=lambda unit: (Fraction(unit.dts, scale[unit.track_id]), unit.track_id))

    return make


@pytest.fixture
def packager(renditions: list[Rendition]) -> Callable[..., Packager]:
    """An empty packager of the three renditions with a window of 20 s."""
    return lambda grid, cues=None: Packager("b7", renditions, grid, START_UTC_NS, 20, cues=cues)


Encoded = tuple[VideoTrack, list[AccessUnit]]


@pytest.fixture
def encoded_video() -> Callable[[Grid, int, int], Encoded]:
    """A real x264 encode: grid, number of frames, B-frames in a row."""

    def encode(grid: Grid, frames: int, bframes: int) -> Encoded:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = 160, 90, "yuv420p"
        context.time_base, context.framerate = Fraction(1, VIDEO_TIMESCALE), grid.rate
        context.flags |= GLOBAL_HEADER
        x264 = f"keyint=infinite:scenecut=0:bframes={bframes}:b-adapt=0:threads=1:colorprim=bt709:transfer=bt709"
        context.options = {"preset": "superfast", "x264-params": x264 + ":colormatrix=bt709"}
        packets = []
        for index in range(frames):
            picture = numpy.full((90, 160, 3), index * 7 % 256, dtype=numpy.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = grid.tick(index)
            frame.time_base = Fraction(1, VIDEO_TIMESCALE)
            frame.pict_type = PictureType.I if grid.starts_segment(index) else PictureType.NONE
            packets += context.encode(frame)
        packets += context.encode(None)
        nals = h264.split_annexb(context.extradata or b"")
        sps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.NAL_SPS)
        pps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.NAL_PPS)
        config = h264.AvcConfig(sps, pps).encode()
        track = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, config, 160, 90, colour=h264.Sps.decode(sps[0]).colour)
        return track, [
            AccessUnit(
                1,
                packet.dts or 0,
                packet.pts or 0,
                packet.is_keyframe,
                h264.join_lengths(h264.split_annexb(bytes(packet))),
            )
            for packet in packets
        ]

    return encode


@pytest.fixture
def encoded_audio() -> Callable[[int], tuple[AudioTrack, list[AccessUnit]]]:
    """A real AAC encode of a number of frames; the encoder's priming starts programme time 0."""

    def encode(frames: int) -> tuple[AudioTrack, list[AccessUnit]]:
        context = av.CodecContext.create("aac", "w")
        context.sample_rate, context.layout, context.format = AUDIO_RATE, "stereo", "fltp"
        context.flags |= GLOBAL_HEADER
        packets = []
        for index in range(frames):
            times = (numpy.arange(AAC_FRAME) + index * AAC_FRAME) / AUDIO_RATE
            tone = numpy.tile(0.5 * numpy.sin(2 * numpy.pi * 440 * times), (2, 1)).astype(numpy.float32)
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = AUDIO_RATE, index * AAC_FRAME
            packets += context.encode(frame)
        packets += context.encode(None)
        track = AudioTrack(3, Codec.AAC, AUDIO_RATE, context.extradata or b"", AUDIO_RATE, 2)
        return track, [
            AccessUnit(3, index * AAC_FRAME, index * AAC_FRAME, True, bytes(packet))
            for index, packet in enumerate(packets)
        ]

    return encode
