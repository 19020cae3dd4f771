"""An elementary stream's description: what a decoder or a packager must know before its access units."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Codec(StrEnum):
    """Codecs we can name. The value is the word used in messages, logs and the API."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"
    VP8 = "vp8"
    VP9 = "vp9"
    AAC = "aac"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class Colour:
    """Code points of ITU-T H.273, as in an SPS and in a `colr` box."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """A video elementary stream.

    `config` is the codec's configuration record as MP4 stores it (avcC, hvcC, av1C, vpcC body, without
    the box header), empty if the parameters travel in-band. Width and height are of the coded picture
    after cropping, in pixels, 0 where only decoding can tell. NAL units of its access units are
    length-prefixed with the size that `config` states.
    """

    id: int
    codec: Codec
    timescale: int
    config: bytes
    width: int = 0
    height: int = 0
    pixel_aspect: tuple[int, int] = (1, 1)
    rate: Fraction | None = None
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """An audio elementary stream.

    `config` is the AudioSpecificConfig (ISO 14496-3) for AAC, the ID header (RFC 7845 section 5.1) for Opus.
    """

    id: int
    codec: Codec
    timescale: int
    config: bytes
    sample_rate: int
    channels: int


Track = VideoTrack | AudioTrack


@dataclass(frozen=True, slots=True)
class TrackAnnounced:
    """Tells of a track, or of the changed description of one that was told of, before its access units."""

    track: Track


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded version of the broadcast: its name in addresses, its track, its rate in bits a second."""

    name: str
    track: Track
    bitrate: int
    peak_bitrate: int
