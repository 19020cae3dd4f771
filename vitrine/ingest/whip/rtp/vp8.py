"""VP8 out of RTP (RFC 7741): the payload descriptor comes off, the frame header tells keyframe and size (RFC 6386)."""

from collections.abc import Sequence

from vitrine.ingest.whip.rtp.picture import Picture
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.track import Codec, VideoTrack

EXTENDED = 0x80
STARTS_PARTITION = 0x10
PICTURE_ID, LEVEL_ZERO, LAYER, KEY_INDEX = 0x80, 0x40, 0x20, 0x10
LONG_PICTURE_ID = 0x80
START_CODE = b"\x9d\x01\x2a"
KEYFRAME_HEADER = 10
"""Bytes: the frame tag, the start code, width and height."""


class Vp8Depacketizer:
    def __init__(self, track_id: int) -> None:
        self._track_id = track_id

    def push(self, payloads: Sequence[bytes]) -> Picture | None:
        """A picture's payloads, in order; None if there is no picture in them. Raises MalformedError."""
        parts = [_strip(payload) for payload in payloads if payload]
        data = b"".join(part for _, part in parts)
        if not data:
            return None
        begins = parts[0][0]
        keyframe = begins and not data[0] & 0x01
        return Picture(data, keyframe, begins, self._describe(data) if keyframe else None)

    def _describe(self, data: bytes) -> VideoTrack:
        """RFC 6386 section 9.1. The two high bits of each side are a scaling that no decoder applies."""
        if len(data) < KEYFRAME_HEADER or data[3:6] != START_CODE:
            raise MalformedError("A VP8 keyframe has no start code")
        width = int.from_bytes(data[6:8], "little") & 0x3FFF
        height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return VideoTrack(self._track_id, Codec.VP8, VIDEO_TIMESCALE, b"", width, height)


def _strip(payload: bytes) -> tuple[bool, bytes]:
    """Whether a picture begins here, and the payload without its descriptor."""
    reader = ByteReader(payload, "VP8 payload")
    first = reader.u8()
    if first & EXTENDED:
        extensions = reader.u8()
        if extensions & PICTURE_ID and reader.u8() & LONG_PICTURE_ID:
            reader.u8()
        if extensions & LEVEL_ZERO:
            reader.u8()
        if extensions & (LAYER | KEY_INDEX):
            reader.u8()
    return bool(first & STARTS_PARTITION) and not first & 0x07, reader.rest()
