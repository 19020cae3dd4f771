"""From libavformat's idea of a stream to a Track, with its configuration as MP4 stores it."""

from __future__ import annotations  # av.Packet is generic for type checkers only

from dataclasses import replace
from fractions import Fraction
from io import BytesIO

import av
from av.bitstream import BitStreamFilterContext
from av.stream import Stream

from vitrine.media.aac import AudioSpecificConfig
from vitrine.media.errors import UnsupportedError
from vitrine.media.h264 import NAL_PPS, NAL_SPS, AvcConfig, Sps, nal_type, split_annexb
from vitrine.media.track import AudioTrack, Codec, VideoTrack

START_CODES = (b"\x00\x00\x01", b"\x00\x00\x00\x01")
ADTS_SYNC = 0xFFF0
"""The first 12 bits of an ADTS header and the layer, always 0 (ISO/IEC 14496-3 table 1.A.6)."""

VIDEO_CODECS = {
    "h264": Codec.H264,
    "hevc": Codec.HEVC,
    "av1": Codec.AV1,
    "vp8": Codec.VP8,
    "vp9": Codec.VP9,
}
AUDIO_CODECS = {"aac": Codec.AAC, "opus": Codec.OPUS}
"""By libavcodec's name of the codec."""

RAW_AV1_CONFIG = 0x81
"""First byte of an av1C body: marker and version 1. Anything else in its place is a bare sequence header,
which the stream carries as well."""


def is_annexb(data: bytes) -> bool:
    """Whether NAL units stand behind start codes, as in MPEG-TS, instead of behind lengths."""
    return data.startswith(START_CODES)


def is_adts(data: bytes) -> bool:
    """Whether an AAC frame has an ADTS header, as in MPEG-TS."""
    return int.from_bytes(data[:2], "big") & 0xFFF6 == ADTS_SYNC


def timescale_of(stream: av.VideoStream | av.AudioStream) -> int:
    """Ticks a second; the stream's stamps count `time_base.numerator` of them each."""
    return stream.time_base.denominator if stream.time_base else 1


def describe_video(stream: av.VideoStream, keyframe: av.Packet[Stream], track_id: int) -> VideoTrack:
    """`keyframe` is the stream's first. Raises UnsupportedError for a codec outside of Codec."""
    codec = _codec(stream, VIDEO_CODECS)
    extradata = stream.codec_context.extradata or b""
    width, height = stream.codec_context.width, stream.codec_context.height
    track = VideoTrack(track_id, codec, timescale_of(stream), b"", width, height, rate=stream.average_rate)
    if codec is Codec.H264:
        return _describe_h264(track, extradata if extradata else bytes(keyframe))
    if codec is Codec.HEVC:
        config = _config_from_muxer(stream, keyframe, b"hvcC") if is_annexb(bytes(keyframe)) else extradata
    else:
        config = extradata if codec is Codec.AV1 and extradata[:1] == bytes([RAW_AV1_CONFIG]) else b""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return replace(track, config=config, pixel_aspect=(aspect.numerator, aspect.denominator))


def _describe_h264(track: VideoTrack, parameters: bytes) -> VideoTrack:
    """`parameters` are an avcC body, or parameter sets behind start codes."""
    if is_annexb(parameters):
        nals = list(dict.fromkeys(split_annexb(parameters)))
        sps = tuple(nal for nal in nals if nal_type(nal) == NAL_SPS)
        pps = tuple(nal for nal in nals if nal_type(nal) == NAL_PPS)
        if not sps or not pps:
            return track
        record = AvcConfig(sps, pps)
        config = record.encode()
    else:
        record, config = AvcConfig.decode(parameters), parameters
    if not record.sps:
        return replace(track, config=config)
    facts = Sps.decode(record.sps[0])
    return replace(
        track,
        config=config,
        width=facts.width,
        height=facts.height,
        pixel_aspect=facts.pixel_aspect,
        rate=track.rate or facts.rate,
        colour=facts.colour,
    )


def _config_from_muxer(stream: av.VideoStream, keyframe: av.Packet[Stream], box: bytes) -> bytes:
    """The body of a configuration box, as libavformat's MP4 writer makes it from one keyframe.

    libavcodec has no filter that makes an hvcC.
    """
    stamps = keyframe.pts, keyframe.dts
    written = BytesIO()
    with av.open(written, "w", format="mp4") as output:
        keyframe.stream = output.add_stream_from_template(stream)
        keyframe.pts = keyframe.dts = 0
        output.mux(keyframe)
    keyframe.pts, keyframe.dts = stamps
    keyframe.stream = stream
    data = written.getvalue()
    at = data.index(box)
    return data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")]


def describe_audio(stream: av.AudioStream, first: av.Packet[Stream], track_id: int) -> AudioTrack:
    """`first` is any packet of the stream. Raises UnsupportedError for a codec outside of Codec."""
    codec = _codec(stream, AUDIO_CODECS)
    config = stream.codec_context.extradata or b""
    if codec is Codec.AAC and is_adts(bytes(first)):
        config = _config_from_adts(stream, first)
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if codec is Codec.AAC and not rate:
        facts = AudioSpecificConfig.decode(config)
        rate, channels = facts.sample_rate, facts.channels
    return AudioTrack(track_id, codec, timescale_of(stream), config, rate, channels)


def _config_from_adts(stream: av.AudioStream, packet: av.Packet[Stream]) -> bytes:
    for filtered in BitStreamFilterContext("aac_adtstoasc", stream).filter(packet):
        if filtered.has_sidedata("new_extradata"):
            return bytes(filtered.get_sidedata("new_extradata"))
    return b""


def _codec(stream: av.VideoStream | av.AudioStream, known: dict[str, Codec]) -> Codec:
    name = stream.codec.canonical_name
    if name not in known:
        kind = "picture" if isinstance(stream, av.VideoStream) else "sound"
        raise UnsupportedError(f"its {kind} is coded as {name}, which is not taken")
    return known[name]
