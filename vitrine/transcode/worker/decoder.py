"""Access units to frames. Hostile input is counted and skipped; it may neither hang nor fill the memory."""

from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.codec.context import Flags2
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.h264 import MAX_SIDE, join_annexb, split_lengths
from vitrine.media.track import AudioTrack, Codec, VideoTrack

DECODERS = {
    Codec.H264: "h264",
    Codec.HEVC: "hevc",
    Codec.AV1: "libdav1d",
    Codec.VP8: "vp8",
    Codec.VP9: "vp9",
    Codec.AAC: "aac",
    Codec.OPUS: "libopus",
}
"""FFmpeg's names."""

MAX_PIXELS = 36864 * 256
"""H.264 level 5.2 (table A-1): 4096x2304. A decoder may hold some twenty frames of this size."""

MAX_REFUSED = 300
"""Access units refused one after another, about ten seconds: this is not a damaged stream, it is none."""

NEEDS_START_CODES = frozenset({Codec.H264, Codec.HEVC})


class VideoDecoder:
    """One video track's decoder. Waits for a keyframe before it starts.

    `undecodable` counts access units without a picture, those before the keyframe too, and `given_up` is the newest
    one's decoding time in ticks of the track.
    """

    def __init__(self, track: VideoTrack) -> None:
        """Raises UnsupportedError."""
        self.track = track
        self.undecodable = 0
        self.given_up: int | None = None
        self._refused = 0
        self._started = False
        context = av.CodecContext.create(DECODERS[track.codec], "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1  # libavcodec's frame threads wait for one another for ever over damaged H.264 and HEVC
        context.options = {"max_pixels": str(MAX_PIXELS)}
        if track.codec is Codec.AV1:
            context.options |= {"max_frame_delay": "1"}  # dav1d holds frames back even on one thread
        if track.config and track.codec not in (Codec.VP8, Codec.VP9):
            context.extradata = track.config
        self._annexb = track.codec in NEEDS_START_CODES and not track.config
        self._context = context
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UnsupportedError(f"The {track.codec} configuration is not understood: {error}") from error

    @property
    def pixel_aspect(self) -> tuple[int, int]:
        aspect = self._context.sample_aspect_ratio
        return (aspect.numerator, aspect.denominator) if aspect else self.track.pixel_aspect

    def decode(self, unit: AccessUnit) -> list[VideoFrame]:
        """The pictures that an access unit completes, with `pts` in ticks of the track.

        Raises MalformedError when MAX_REFUSED units in a row could not be decoded.
        """
        self._started = self._started or unit.keyframe
        if not self._started:
            self.given_up = unit.dts
            self.undecodable += 1
            return []
        try:
            frames = self._context.decode(self._packet(unit))
        except (av.FFmpegError, MalformedError, ValueError):
            self.given_up = unit.dts
            self._count_refusal()
            return []
        self._refused = 0
        return [frame for frame in frames if self._is_sane(frame)]

    def flush(self) -> list[VideoFrame]:
        """The pictures still held. The decoder is done afterwards."""
        if not self._started:
            return []
        try:
            return [frame for frame in self._context.decode(None) if self._is_sane(frame)]
        except av.FFmpegError:
            return []

    def _packet(self, unit: AccessUnit) -> "av.Packet[av.stream.Stream]":
        data = join_annexb(split_lengths(unit.data)) if self._annexb else unit.data
        packet: av.Packet[av.stream.Stream] = av.Packet(data)
        packet.pts = unit.pts
        packet.dts = unit.dts
        packet.time_base = Fraction(1, self.track.timescale)
        packet.is_keyframe = unit.keyframe
        return packet

    def _count_refusal(self) -> None:
        self.undecodable += 1
        self._refused += 1
        if self._refused >= MAX_REFUSED:
            raise MalformedError(
                f"{MAX_REFUSED} {self.track.codec} access units in a row cannot be decoded; check the encoder"
            )

    def _is_sane(self, frame: VideoFrame) -> bool:
        sane = frame.pts is not None and 0 < frame.width <= MAX_SIDE and 0 < frame.height <= MAX_SIDE
        if not sane:
            self._count_refusal()
        return sane


class AudioDecoder:
    """One audio track's decoder."""

    def __init__(self, track: AudioTrack) -> None:
        """Raises UnsupportedError."""
        self.track = track
        self.undecodable = 0
        context = av.CodecContext.create(DECODERS[track.codec], "r")
        assert isinstance(context, AudioCodecContext)
        context.thread_count = 1
        context.flags2 |= Flags2.skip_manual  # libavcodec would cut Opus's pre-skip and leave the stamp as it was
        if track.config:
            context.extradata = track.config
        self._context = context
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UnsupportedError(f"The {track.codec} configuration is not understood: {error}") from error

    def decode(self, unit: AccessUnit) -> list[AudioFrame]:
        """The sound of an access unit, with `pts` in ticks of the track. What cannot be decoded is counted: silence."""
        packet: av.Packet[av.stream.Stream] = av.Packet(unit.data)
        packet.pts = packet.dts = unit.pts
        packet.time_base = Fraction(1, self.track.timescale)
        try:
            frames = self._context.decode(packet)
        except (av.FFmpegError, ValueError):
            self.undecodable += 1
            return []
        return [frame for frame in frames if frame.samples and frame.sample_rate]
