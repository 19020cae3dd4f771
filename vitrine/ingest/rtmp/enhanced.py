"""Enhanced RTMP payloads (veovera/enhanced-rtmp, enhanced-rtmp-v2, sections "Enhanced Audio" and "Enhanced Video")."""

from collections.abc import Mapping
from enum import IntEnum

from vitrine.ingest.rtmp.flv import (
    COMMAND,
    ENHANCED_AUDIO,
    ENHANCED_VIDEO,
    GENERATED_KEY,
    INTER,
    KEY,
    TAKEN_AUDIO,
    TAKEN_VIDEO,
    Body,
    Kind,
)
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.track import Codec

VIDEO_FOURCCS = {
    b"avc1": Codec.H264,
    b"hvc1": Codec.HEVC,
    b"av01": Codec.AV1,
    b"vp09": Codec.VP9,
    b"vp08": Codec.VP8,
}
AUDIO_FOURCCS = {b"mp4a": Codec.AAC, b"Opus": Codec.OPUS}
FOURCCS = {codec: fourcc for fourcc, codec in (*VIDEO_FOURCCS.items(), *AUDIO_FOURCCS.items())}

COMPOSED_CODECS = (Codec.H264, Codec.HEVC)
"""Their CodedFrames carry a composition time."""

MAX_TRACKS = 32
"""In one message; nobody is known to send more than eight."""

FIRST_TRACK = 0
"""The number of a message without one, and of the first of many (section "Multitrack")."""


class VideoPacket(IntEnum):
    SEQUENCE_START = 0
    CODED_FRAMES = 1
    SEQUENCE_END = 2
    CODED_FRAMES_X = 3
    METADATA = 4
    MPEG2TS_SEQUENCE_START = 5
    MULTITRACK = 6
    MODIFIER = 7


class AudioPacket(IntEnum):
    SEQUENCE_START = 0
    CODED_FRAMES = 1
    SEQUENCE_END = 2
    MULTICHANNEL_CONFIG = 4
    MULTITRACK = 5
    MODIFIER = 7


class Multitrack(IntEnum):
    """AvMultitrackType."""

    ONE_TRACK = 0
    MANY_TRACKS = 1
    MANY_TRACKS_MANY_CODECS = 2


VIDEO_KINDS: Mapping[int, Kind] = {
    VideoPacket.SEQUENCE_START: Kind.CONFIG,
    VideoPacket.CODED_FRAMES: Kind.FRAME,
    VideoPacket.CODED_FRAMES_X: Kind.FRAME,
    VideoPacket.SEQUENCE_END: Kind.END,
}
AUDIO_KINDS: Mapping[int, Kind] = {
    AudioPacket.SEQUENCE_START: Kind.CONFIG,
    AudioPacket.CODED_FRAMES: Kind.FRAME,
    AudioPacket.SEQUENCE_END: Kind.END,
}


def decode_video(payload: bytes) -> tuple[Body, ...]:
    """An enhanced video message: a body for each of its tracks, none for commands and metadata.

    Raises MalformedError, and UnsupportedError if the first track is in a codec that is not taken. Further tracks are
    only counted, so theirs may be any.
    """
    reader = ByteReader(payload, "Enhanced RTMP video message")
    first = reader.u8()
    frame = first >> 4 & 0x07
    packet = _skip_modifiers(reader, first & 0x0F, VideoPacket.MODIFIER)
    if frame == COMMAND and packet != VideoPacket.METADATA:
        return ()
    tracks, packet = _split(reader, packet, VideoPacket.MULTITRACK)
    if packet == VideoPacket.MPEG2TS_SEQUENCE_START:
        raise UnsupportedError(f"The video is carried as MPEG-2 TS, which is not taken. {TAKEN_VIDEO}")
    kind = VIDEO_KINDS.get(packet)
    if kind is None:
        return ()
    bodies = []
    for fourcc, track, data in tracks:
        text = f"The video is coded as {{}}, which is not taken. {TAKEN_VIDEO}"
        codec = _codec(fourcc, VIDEO_FOURCCS, text) if track == FIRST_TRACK else VIDEO_FOURCCS.get(fourcc)
        composition = 0
        if packet == VideoPacket.CODED_FRAMES and codec in COMPOSED_CODECS:
            composition = ByteReader(data, "Enhanced RTMP coded frame").signed(3)
            data = data[3:]  # noqa: PLW2901
        bodies.append(Body(codec, kind, data, frame in (KEY, GENERATED_KEY), composition, track))
    return tuple(bodies)


def decode_audio(payload: bytes) -> tuple[Body, ...]:
    """An enhanced audio message: a body for each of its tracks. Raises as decode_video does."""
    reader = ByteReader(payload, "Enhanced RTMP audio message")
    packet = _skip_modifiers(reader, reader.u8() & 0x0F, AudioPacket.MODIFIER)
    tracks, packet = _split(reader, packet, AudioPacket.MULTITRACK)
    kind = AUDIO_KINDS.get(packet)
    if kind is None:
        return ()
    text = f"The audio is coded as {{}}, which is not taken. {TAKEN_AUDIO}"
    return tuple(
        Body(
            _codec(fourcc, AUDIO_FOURCCS, text) if track == FIRST_TRACK else AUDIO_FOURCCS.get(fourcc),
            kind,
            data,
            track=track,
        )
        for fourcc, track, data in tracks
    )


def _skip_modifiers(reader: ByteReader, packet: int, modifier: int) -> int:
    """The packet type behind all modifiers. The one that is defined adds nanoseconds, which milliseconds drown."""
    while packet == modifier:
        size = reader.u8() + 1
        if size == 256:
            size = reader.u16() + 1
        reader.take(size)
        packet = reader.u8() & 0x0F
    return packet


def _split(reader: ByteReader, packet: int, multitrack: int) -> tuple[list[tuple[bytes, int, bytes]], int]:
    """FourCC, track number and data of each track; and the packet type that holds for all."""
    if packet != multitrack:
        return [(reader.take(4), 0, reader.rest())], packet
    second = reader.u8()
    shape, packet = second >> 4, second & 0x0F
    if shape not in list(Multitrack) or packet == multitrack:
        raise MalformedError("Enhanced RTMP multitrack message has an unknown form")
    fourcc = reader.take(4) if shape != Multitrack.MANY_TRACKS_MANY_CODECS else b""
    if shape == Multitrack.ONE_TRACK:
        return [(fourcc, reader.u8(), reader.rest())], packet
    tracks: list[tuple[bytes, int, bytes]] = []
    while reader.remaining:
        if len(tracks) == MAX_TRACKS:
            raise MalformedError(f"Enhanced RTMP multitrack message has more than {MAX_TRACKS} tracks")
        own = fourcc or reader.take(4)
        track = reader.u8()
        tracks.append((own, track, reader.take(reader.u24())))
    return tracks, packet


def _codec(fourcc: bytes, known: Mapping[bytes, Codec], text: str) -> Codec:
    if fourcc not in known:
        raise UnsupportedError(text.format(ascii(fourcc.decode("latin-1"))))
    return known[fourcc]


def encode_video(body: Body) -> bytes:
    """A message of one track, number 0."""
    assert body.codec is not None
    composition = b""
    if body.kind is Kind.FRAME:
        if body.codec in COMPOSED_CODECS and body.composition:
            packet = VideoPacket.CODED_FRAMES
            composition = body.composition.to_bytes(3, "big", signed=True)
        else:
            packet = VideoPacket.CODED_FRAMES_X
    else:
        packet = VideoPacket.SEQUENCE_START if body.kind is Kind.CONFIG else VideoPacket.SEQUENCE_END
    first = ENHANCED_VIDEO | (KEY if body.keyframe else INTER) << 4 | packet
    return bytes([first]) + FOURCCS[body.codec] + composition + body.data


def encode_audio(body: Body) -> bytes:
    """A message of one track, number 0."""
    assert body.codec is not None
    packet = next(packet for packet, kind in AUDIO_KINDS.items() if kind is body.kind)
    return bytes([ENHANCED_AUDIO << 4 | packet]) + FOURCCS[body.codec] + body.data
