"""Frames to access units: libx264 for each rung, FFmpeg's AAC-LC for the sound."""

from collections import deque
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.codec.context import Flags
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE
from vitrine.media.h264 import NAL_DELIMITER, NAL_PPS, NAL_SPS, AvcConfig, join_lengths, nal_type, split_annexb
from vitrine.media.track import AudioTrack, Codec, Colour, Rendition, VideoTrack
from vitrine.transcode.ladder import AUDIO_NAME, Plan, PlannedRung

IN_CONFIGURATION = frozenset({NAL_SPS, NAL_PPS, NAL_DELIMITER})
"""NAL units that live in the avcC record, or that MP4 does without (ISO/IEC 14496-15 section 5.3.2)."""


class RungEncoder:
    """One rung's encoder. Its pictures are yuv420p of the rung's size."""

    def __init__(
        self, track_id: int, rung: PlannedRung, plan: Plan, colour: Colour, *, first_frame: int = 0, fast: bool = False
    ) -> None:
        """`first_frame` is the first that it will be given, `fast` whether it has the settings for too little time."""
        self.fast = fast
        self._grid = plan.grid
        self._time_base = 1 / plan.rate
        self._first = self._next = first_frame
        self._skipped: deque[int] = deque()
        self._context = _open_x264(rung, plan, colour, fast)
        units = split_annexb(self._context.extradata or b"")
        config = AvcConfig(
            tuple(unit for unit in units if nal_type(unit) == NAL_SPS),
            tuple(unit for unit in units if nal_type(unit) == NAL_PPS),
        )
        self.track = VideoTrack(
            id=track_id,
            codec=Codec.H264,
            timescale=VIDEO_TIMESCALE,
            config=config.encode(),
            width=rung.width,
            height=rung.height,
            rate=plan.rate,
            colour=colour,
        )
        self.rendition = Rendition(rung.name, self.track, rung.kbps * 1000, plan.settings.peak(rung.kbps))

    def encode(self, picture: VideoFrame, number: int) -> list[AccessUnit]:
        """Encode a picture as frame `number` of the grid. Access units come some frames later, in order."""
        picture.pts = number
        picture.time_base = self._time_base
        key = number == self._first or self._grid.starts_segment(number)
        picture.pict_type = PictureType.I if key else PictureType.NONE
        return self._deliver(self._context.encode(picture))

    def skip(self, number: int) -> list[AccessUnit]:
        """Frame `number` has no picture of its own; an access unit without data stands for it in its turn."""
        self._skipped.append(number)
        return self._deliver([])

    def flush(self) -> list[AccessUnit]:
        """All that is left. The encoder is done afterwards."""
        return self._deliver(self._context.encode(None))

    def _deliver(self, packets: "list[Packet[Stream]]") -> list[AccessUnit]:
        """Every frame once, in order."""
        units: list[AccessUnit] = []
        for packet in packets:
            units += self._empty_units()
            units.append(self._unit(packet))
            self._next += 1
        return units + self._empty_units()

    def _empty_units(self) -> list[AccessUnit]:
        units = []
        while self._skipped and self._skipped[0] == self._next:
            units.append(empty_unit(self.track.id, self._grid.tick(self._skipped.popleft())))
            self._next += 1
        return units

    def _unit(self, packet: "Packet[Stream]") -> AccessUnit:
        assert packet.pts is not None
        units = [unit for unit in split_annexb(bytes(packet)) if nal_type(unit) not in IN_CONFIGURATION]
        tick = self._grid.tick(packet.pts)
        return AccessUnit(self.track.id, tick, tick, packet.is_keyframe, join_lengths(units))


def empty_unit(track_id: int, tick: int) -> AccessUnit:
    """What stands for a frame of which no picture was made."""
    return AccessUnit(track_id, tick, tick, False, b"")


def _open_x264(rung: PlannedRung, plan: Plan, colour: Colour, fast: bool) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = rung.width, rung.height, "yuv420p"
    context.time_base, context.framerate = 1 / plan.rate, plan.rate
    context.sample_aspect_ratio = Fraction(1)
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.colorspace, context.color_range = colour.matrix, 1
    context.flags |= Flags.global_header | Flags.closed_gop
    context.thread_count = 1
    context.bit_rate = rung.kbps * 1000
    peak = str(plan.settings.peak(rung.kbps))
    context.options = {
        "preset": plan.settings.fast_preset if fast else plan.settings.preset,
        "x264-params": plan.settings.params(rung, fast=fast),
        "maxrate": peak,
        "bufsize": peak,
        "g": str(2 * plan.grid.frames_per_segment),
        "forced-idr": "1",
    }
    context.open()
    return context


class SoundEncoder:
    """AAC-LC, stereo, 48 kHz. Access unit k decodes to the sound of [k * 1024, (k + 1) * 1024)."""

    def __init__(self, track_id: int, kbps: int, first_frame: int) -> None:
        context = av.CodecContext.create("aac", "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate, context.layout, context.format = AUDIO_RATE, "stereo", "fltp"
        context.time_base = Fraction(1, AUDIO_RATE)
        context.bit_rate = kbps * 1000
        context.flags |= Flags.global_header
        context.open()
        self._context = context
        self._start = self._position = first_frame * AAC_FRAME
        self.track = AudioTrack(track_id, Codec.AAC, AUDIO_RATE, bytes(context.extradata or b""), AUDIO_RATE, 2)
        self.rendition = Rendition(AUDIO_NAME, self.track, kbps * 1000, kbps * 1000)

    def encode(self, block: npt.NDArray[np.float32]) -> list[AccessUnit]:
        """Encode float32 samples of shape (2, 1024), full scale at 1."""
        frame = AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate = AUDIO_RATE
        frame.time_base = Fraction(1, AUDIO_RATE)
        frame.pts = self._position
        self._position += AAC_FRAME
        return self._units(self._context.encode(frame))

    def flush(self) -> list[AccessUnit]:
        return self._units(self._context.encode(None))

    def _units(self, packets: "list[Packet[Stream]]") -> list[AccessUnit]:
        """FFmpeg's encoder begins with one frame of priming, stamped before the first sample: it is left out."""
        return [
            AccessUnit(self.track.id, packet.pts, packet.pts, True, bytes(packet))
            for packet in packets
            if packet.pts is not None and packet.pts >= self._start
        ]
