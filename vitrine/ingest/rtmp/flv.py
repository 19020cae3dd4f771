"""FLV payloads of audio and video messages (FLV 10.1 annexes E.4.2 and E.4.3), and the body both forms share.

The enhanced form is in enhanced.py.
"""

from dataclasses import dataclass
from enum import Enum

from vitrine.media.bits import ByteReader
from vitrine.media.errors import UnsupportedError
from vitrine.media.track import Codec

TIMESCALE = 1000
"""RTMP counts milliseconds."""

ENHANCED_VIDEO = 0x80
"""Bit of a video message's first byte that marks the enhanced form."""

ENHANCED_AUDIO = 9
"""Sound format, in the high bits of an audio message's first byte, that marks the enhanced form."""


class Kind(Enum):
    """What a body carries."""

    CONFIG = "configuration"
    FRAME = "frame"
    END = "end"


@dataclass(frozen=True, slots=True)
class Body:
    """One track's share of an audio or video message.

    `composition` is pts - dts in ms. `track` is the publisher's number, 0 outside of multitrack. `codec` is None where
    a further track is in one that is not taken.
    """

    codec: Codec | None
    kind: Kind
    data: bytes
    keyframe: bool = True
    composition: int = 0
    track: int = 0


KEY = 1
INTER = 2
COMMAND = 5
"""Frame types: the high bits of a video message's first byte."""

GENERATED_KEY = 4

VIDEO_CODECS = {7: Codec.H264, 12: Codec.HEVC}
"""12 is the extension of Chinese publishers and DJI's cameras, older than Enhanced RTMP."""

OLD_VIDEO_CODECS = {2: "Sorenson H.263", 3: "Screen video", 4: "On2 VP6", 5: "On2 VP6 with alpha", 6: "Screen video 2"}

AAC = 10
OLD_SOUND_FORMATS = {
    0: "raw PCM",
    1: "ADPCM",
    2: "MP3",
    3: "raw PCM",
    4: "Nellymoser",
    5: "Nellymoser",
    6: "Nellymoser",
    7: "G.711 A-law",
    8: "G.711 µ-law",
    11: "Speex",
    14: "MP3",
    15: "a device's own format",
}
TAKEN_VIDEO = "Send H.264, HEVC, AV1, VP9 or VP8."
TAKEN_AUDIO = "Send AAC or Opus."

AAC_HEADER = 0xAF
"""44 kHz, 16 bit, stereo: always so, whatever the sound (E.4.2.1)."""

KINDS = {0: Kind.CONFIG, 1: Kind.FRAME, 2: Kind.END}


def decode_video(payload: bytes) -> Body | None:
    """A legacy video message; None if it holds no picture. Raises MalformedError or UnsupportedError."""
    reader = ByteReader(payload, "FLV video message")
    first = reader.u8()
    frame, number = first >> 4, first & 0x0F
    if frame == COMMAND:
        return None
    if number not in VIDEO_CODECS:
        name = OLD_VIDEO_CODECS.get(number, f"FLV video codec {number}")
        raise UnsupportedError(f"The video is coded as {name}, which is not taken. {TAKEN_VIDEO}")
    kind = KINDS.get(reader.u8())
    if kind is None:
        return None
    composition = reader.signed(3)
    return Body(VIDEO_CODECS[number], kind, payload[5:], frame in (KEY, GENERATED_KEY), composition)


def decode_audio(payload: bytes) -> Body | None:
    """A legacy audio message; None if it holds no sound. Raises MalformedError or UnsupportedError."""
    reader = ByteReader(payload, "FLV audio message")
    number = reader.u8() >> 4
    if number != AAC:
        name = OLD_SOUND_FORMATS.get(number, f"FLV sound format {number}")
        raise UnsupportedError(f"The audio is coded as {name}, which is not taken. {TAKEN_AUDIO}")
    kind = KINDS.get(reader.u8())
    return None if kind is None else Body(Codec.AAC, kind, payload[2:])


def encode_video(body: Body) -> bytes:
    """The legacy form of an H.264 body."""
    first = (KEY if body.keyframe else INTER) << 4 | 7
    packet = next(number for number, kind in KINDS.items() if kind is body.kind)
    return bytes([first, packet]) + body.composition.to_bytes(3, "big", signed=True) + body.data


def encode_audio(body: Body) -> bytes:
    """The legacy form of an AAC body."""
    packet = next(number for number, kind in KINDS.items() if kind is body.kind)
    return bytes([AAC_HEADER, packet]) + body.data
