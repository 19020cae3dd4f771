"""The initialisation segment: `ftyp` and `moov` of one track (ISO/IEC 14496-12, 14496-14, 14496-15; 23000-19)."""

import struct
from fractions import Fraction

from vitrine.media.errors import MisuseError, UnsupportedError
from vitrine.media.track import AudioTrack, Codec, Colour, Track, VideoTrack
from vitrine.packager.cmaf.box import box, full_box
from vitrine.packager.cmaf.fragment import TRACK_ID

ENABLED_IN_MOVIE = 0x3
"""tkhd flags."""

MEDIA_IN_SAME_FILE = 0x1
"""Flags of the `url ` box."""

UNDETERMINED_LANGUAGE = 0x55C4
"""`und`, three letters of five bits each (section 8.4.2)."""

UNITY = 0x00010000
MATRIX = struct.pack(">9I", UNITY, 0, 0, 0, UNITY, 0, 0, 0, 0x40000000)
RESOLUTION_72_DPI = 72 << 16

ES_DESCRIPTOR = 0x03
DECODER_CONFIG_DESCRIPTOR = 0x04
DECODER_SPECIFIC_INFO = 0x05
SL_CONFIG_DESCRIPTOR = 0x06
"""Descriptor tags of ISO/IEC 14496-1 table 1."""

OBJECT_TYPE_AAC = 0x40
AUDIO_STREAM = 0x15
"""streamType 5, upStream 0, reserved 1 (ISO/IEC 14496-1 section 7.2.6.6)."""

SL_PREDEFINED_MP4 = 0x02


def init_segment(track: Track) -> bytes:
    """The header that every fragment of a track needs. Raises UnsupportedError for a codec we do not package."""
    return _ftyp(track) + _moov(track)


def _ftyp(track: Track) -> bytes:
    """cmfc: CMAF. cmf2: no edit list, signed offsets, and defaults in each tfhd. aid3: ID3 in emsg boxes."""
    brands = b"iso6cmfccmf2aid3" if isinstance(track, VideoTrack) else b"iso6cmfc"
    return box(b"ftyp", b"iso6", bytes(4), brands)


def _moov(track: Track) -> bytes:
    mvhd = full_box(
        b"mvhd", 0, 0,
        struct.pack(">IIIIIH10x", 0, 0, track.timescale, 0, UNITY, 0x0100), MATRIX, bytes(24),
        (TRACK_ID + 1).to_bytes(4, "big"),
    )  # fmt: skip
    trex = full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK_ID, 1, 0, 0, 0))
    return box(b"moov", mvhd, _trak(track), box(b"mvex", trex))


def _trak(track: Track) -> bytes:
    width, height = display_size(track) if isinstance(track, VideoTrack) else (0, 0)
    volume = 0x0100 if isinstance(track, AudioTrack) else 0
    tkhd = full_box(
        b"tkhd", 0, ENABLED_IN_MOVIE,
        struct.pack(">IIIII8xHHHH", 0, 0, TRACK_ID, 0, 0, 0, 0, volume, 0), MATRIX,
        struct.pack(">II", width << 16, height << 16),
    )  # fmt: skip
    mdhd = full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, track.timescale, 0, UNDETERMINED_LANGUAGE, 0))
    return box(b"trak", tkhd, box(b"mdia", mdhd, _hdlr(track), _minf(track)))


def _hdlr(track: Track) -> bytes:
    handler, name = (b"vide", b"Video\0") if isinstance(track, VideoTrack) else (b"soun", b"Audio\0")
    return full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), name)


def _minf(track: Track) -> bytes:
    header = full_box(b"vmhd", 0, 1, bytes(8)) if isinstance(track, VideoTrack) else full_box(b"smhd", 0, 0, bytes(4))
    one = (1).to_bytes(4, "big")
    dinf = box(b"dinf", full_box(b"dref", 0, 0, one, full_box(b"url ", 0, MEDIA_IN_SAME_FILE)))
    stbl = box(
        b"stbl",
        full_box(b"stsd", 0, 0, one, _sample_entry(track)),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    return box(b"minf", header, dinf, stbl)


def _sample_entry(track: Track) -> bytes:
    if isinstance(track, VideoTrack) and track.codec is Codec.H264:
        return _avc1(track)
    if isinstance(track, AudioTrack) and track.codec is Codec.AAC:
        return _mp4a(track)
    raise UnsupportedError(f"The packager takes H.264 and AAC; {track.codec} must be transcoded first")


def _avc1(track: VideoTrack) -> bytes:
    if not track.width or not track.height:
        raise MisuseError("A video rendition reached the packager without its picture size")
    entry = struct.pack(
        ">6xH16xHHIIIH32xHH",
        1, track.width, track.height, RESOLUTION_72_DPI, RESOLUTION_72_DPI, 0, 1, 0x0018, 0xFFFF,
    )  # fmt: skip
    pasp = box(b"pasp", struct.pack(">II", *track.pixel_aspect))
    return box(b"avc1", entry, box(b"avcC", track.config), _colr(track.colour), pasp)


def _colr(colour: Colour | None) -> bytes:
    """Nothing where the encoder states no colour: a guess here would override the player's own."""
    if colour is None:
        return b""
    points = struct.pack(">HHHB", colour.primaries, colour.transfer, colour.matrix, 0x80 if colour.full_range else 0)
    return box(b"colr", b"nclx", points)


def _mp4a(track: AudioTrack) -> bytes:
    entry = struct.pack(">6xH8xHHHHI", 1, track.channels, 16, 0, 0, track.sample_rate << 16)
    return box(b"mp4a", entry, _esds(track.config))


def _esds(config: bytes) -> bytes:
    """ISO/IEC 14496-14 section 5.6. Buffer size and rates are left at 0: the stream is of variable rate."""
    decoder = bytes([OBJECT_TYPE_AAC, AUDIO_STREAM]) + bytes(11) + _descriptor(DECODER_SPECIFIC_INFO, config)
    body = bytes(3) + _descriptor(DECODER_CONFIG_DESCRIPTOR, decoder)
    body += _descriptor(SL_CONFIG_DESCRIPTOR, bytes([SL_PREDEFINED_MP4]))
    return full_box(b"esds", 0, 0, _descriptor(ES_DESCRIPTOR, body))


MAX_DESCRIPTOR = 0x7F
"""Bytes of a descriptor whose size fits one byte. AudioSpecificConfigs take 2 to 20."""


def _descriptor(tag: int, body: bytes) -> bytes:
    if len(body) > MAX_DESCRIPTOR:
        raise UnsupportedError(f"An AAC configuration of {len(body)} bytes is not one that an encoder writes")
    return bytes([tag, len(body)]) + body


def display_size(track: VideoTrack) -> tuple[int, int]:
    """Width and height in square pixels; the height is kept."""
    return round(track.width * Fraction(*track.pixel_aspect)), track.height
