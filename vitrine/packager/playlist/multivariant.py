"""The multivariant playlist (draft-22 section 4.4.6), as Apple's authoring rules want it."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from vitrine.media import aac, h264
from vitrine.media.track import AudioTrack, Rendition, VideoTrack
from vitrine.packager.cmaf.init import display_size
from vitrine.packager.part import PRODUCTS
from vitrine.packager.playlist import tags
from vitrine.packager.playlist.media import TARGET_DURATION
from vitrine.packager.segment import SegmentEntry

VERSION = 6
AUDIO_GROUP = "audio"
PRODUCTS_NAME = "Products"
"""As players list it. CODECS does not name plain WebVTT: `wvtt` is WebVTT in MP4 (ISO/IEC 14496-30)."""

FIRST_VARIANT_BITRATE = 2_000_000
"""Bits a second. Players start with the first variant listed, and Apple's rules want it near this."""

VIDEO_RANGES = {16: "PQ", 18: "HLG"}
"""By transfer characteristics of ITU-T H.273; every other is SDR."""


def render_multivariant(renditions: Sequence[Rendition], rate: Fraction) -> str:
    """The playlist's text. `rate` is the frame rate of every video rendition.

    `peak_bitrate` and `bitrate` are written as they are, summed with the audio's: give them with the container's
    share (see `measured`).
    """
    audio = [(rendition, rendition.track) for rendition in renditions if isinstance(rendition.track, AudioTrack)]
    video = [(rendition, rendition.track) for rendition in renditions if isinstance(rendition.track, VideoTrack)]
    lines = [tags.EXTM3U, tags.version(VERSION), tags.INDEPENDENT_SEGMENTS]
    for index, (rendition, sound) in enumerate(audio):
        address = _address(rendition)
        lines.append(tags.media(AUDIO_GROUP, rendition.name, address, channels=sound.channels, default=index == 0))
    lines.append(tags.subtitles(PRODUCTS, PRODUCTS_NAME, f"{PRODUCTS}/index.m3u8"))
    for rendition, picture in _in_order(video):
        lines += [_video_variant(rendition, picture, [other for other, _ in audio], rate), _address(rendition)]
    # A variant of at most 192 kbit/s has to be there for cellular networks (Authoring Specification 9.21).
    for rendition, _ in audio:
        lines += [_audio_variant(rendition), _address(rendition)]
    return "\n".join(lines) + "\n"


def measured(rendition: Rendition, entries: Sequence[SegmentEntry]) -> Rendition:
    """The rendition with the rates that its segments really have, the container's bytes included."""
    if not entries:
        return rendition
    average = _rate_of(entries)
    # Section 4.1: the peak is that of any neighbouring segments which together last 0.5 to 1.5 target durations.
    runs = (entries[start:end] for end in range(1, len(entries) + 1) for start in (end - 1, end - 2) if start >= 0)
    shortest, longest = Fraction(TARGET_DURATION, 2), Fraction(3 * TARGET_DURATION, 2)
    fitting = [run for run in runs if shortest <= sum(entry.duration for entry in run) <= longest]
    peak = max(map(_rate_of, fitting), default=average)
    return replace(rendition, bitrate=round(average), peak_bitrate=round(peak))


def _rate_of(entries: Sequence[SegmentEntry]) -> Fraction:
    """Bits a second."""
    return sum(entry.size for entry in entries) * 8 / sum((entry.duration for entry in entries), Fraction(0))


def _address(rendition: Rendition) -> str:
    return f"{rendition.name}/index.m3u8"


Video = tuple[Rendition, VideoTrack]


def _in_order(video: list[Video]) -> list[Video]:
    """Best first, but led by the one to start with."""
    ordered = sorted(video, key=lambda pair: abs(pair[0].bitrate - FIRST_VARIANT_BITRATE))
    return ordered[:1] + sorted(ordered[1:], key=lambda pair: pair[0].bitrate, reverse=True)


def _video_variant(rendition: Rendition, track: VideoTrack, audio: Sequence[Rendition], rate: Fraction) -> str:
    width, height = display_size(track)
    attributes = _rates(rendition, audio)
    attributes["CODECS"] = _codecs([rendition, *audio])
    attributes["RESOLUTION"] = f"{width}x{height}"
    attributes["FRAME-RATE"] = f"{float(rate):.3f}"
    attributes["VIDEO-RANGE"] = VIDEO_RANGES.get(track.colour.transfer, "SDR") if track.colour else "SDR"
    if audio:
        attributes["AUDIO"] = tags.quoted(AUDIO_GROUP)
    attributes["SUBTITLES"] = tags.quoted(PRODUCTS)
    attributes["CLOSED-CAPTIONS"] = "NONE"
    return tags.stream_inf(attributes)


def _audio_variant(rendition: Rendition) -> str:
    attributes = _rates(rendition, ())
    attributes["CODECS"] = _codecs([rendition])
    attributes["AUDIO"] = tags.quoted(AUDIO_GROUP)
    attributes["SUBTITLES"] = tags.quoted(PRODUCTS)
    return tags.stream_inf(attributes)


def _rates(rendition: Rendition, audio: Sequence[Rendition]) -> dict[str, str]:
    """A variant's rates are those of the most costly combination it offers (section 4.4.6.2)."""
    peak = rendition.peak_bitrate + max((other.peak_bitrate for other in audio), default=0)
    average = rendition.bitrate + max((other.bitrate for other in audio), default=0)
    return {"BANDWIDTH": str(peak), "AVERAGE-BANDWIDTH": str(average)}


def _codecs(renditions: Sequence[Rendition]) -> str:
    """Every format of a variant, each once."""
    names = [
        h264.codec_string(rendition.track.config)
        if isinstance(rendition.track, VideoTrack)
        else aac.codec_string(rendition.track.config)
        for rendition in renditions
    ]
    return tags.quoted(",".join(dict.fromkeys(names)))
