"""H.264 facts: parameter sets, the avcC record, and the two ways NAL units are joined.

ITU-T H.264 (08/2021) sections 7.3.2.1 and E.1; ISO/IEC 14496-15 section 5.3.3 (avcC).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from vitrine.media.bits import BitReader, ByteReader
from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.media.track import Colour

NAL_SLICE = 1
NAL_IDR = 5
NAL_SEI = 6
NAL_SPS = 7
NAL_PPS = 8
NAL_DELIMITER = 9

NAL_LENGTH_SIZE = 4
"""Bytes of the length before each NAL unit that we write."""

MAX_SIDE = 8192
"""Pixels. Level 6.2 allows 139264 macroblocks, at most 8444 pixels a side for any sane shape; larger is an attack."""

CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles whose SPS carries chroma format and bit depth (section 7.3.2.1.1)."""

EXTENDED_SAR = 255
PIXEL_ASPECTS = (
    (1, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip
"""Table E-1, by aspect_ratio_idc; 0 is unspecified, taken as square."""


def nal_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def split_annexb(data: bytes) -> list[bytes]:
    """The NAL units between start codes (Annex B), without their trailing zero bytes."""
    nals = []
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        start += 3
        following = data.find(b"\x00\x00\x01", start)
        nal = data[start : following if following >= 0 else len(data)].rstrip(b"\x00")
        if nal:
            nals.append(nal)
        start = following
    return nals


def join_annexb(nals: Iterable[bytes]) -> bytes:
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)


def split_lengths(data: bytes, length_size: int = NAL_LENGTH_SIZE) -> Iterator[bytes]:
    """The NAL units of a length-prefixed access unit. Raises MalformedError where a length overruns."""
    reader = ByteReader(data, "H.264 access unit")
    while reader.remaining:
        nal = reader.take(reader.unsigned(length_size))
        if nal:
            yield nal


def join_lengths(nals: Iterable[bytes]) -> bytes:
    """Each NAL unit after its length in NAL_LENGTH_SIZE bytes."""
    return b"".join(len(nal).to_bytes(NAL_LENGTH_SIZE, "big") + nal for nal in nals)


@dataclass(frozen=True, slots=True)
class AvcConfig:
    """The avcC record: parameter sets and the size of NAL unit lengths."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    length_size: int = NAL_LENGTH_SIZE

    @classmethod
    def decode(cls, data: bytes) -> "AvcConfig":
        """Parse a record body. Raises MalformedError; trailing extension bytes are allowed and dropped."""
        reader = ByteReader(data, "avcC record")
        if reader.u8() != 1:
            raise MalformedError("avcC record has an unknown version")
        reader.take(3)
        length_size = (reader.u8() & 0x03) + 1
        if length_size == 3:
            raise MalformedError("avcC record states NAL lengths of 3 bytes, which no profile allows")
        sps = tuple(reader.take(reader.u16()) for _ in range(reader.u8() & 0x1F))
        pps = tuple(reader.take(reader.u16()) for _ in range(reader.u8()))
        if not all(sps) or not all(pps) or any(len(unit) < 4 for unit in sps):
            raise MalformedError("avcC record holds an empty parameter set")
        return cls(sps, pps, length_size)

    def encode(self) -> bytes:
        """The record body. With high profiles the chroma fields are appended as section 5.3.3.1.2 demands.

        Raises MalformedError where the first SPS of a high profile cannot be read, and MisuseError without any SPS.
        """
        if not self.sps:
            raise MisuseError("An avcC record is written from at least one SPS")
        first = self.sps[0]
        body = bytes([1, first[1], first[2], first[3], 0xFC | (self.length_size - 1), 0xE0 | len(self.sps)])
        body += b"".join(len(unit).to_bytes(2, "big") + unit for unit in self.sps)
        body += bytes([len(self.pps)]) + b"".join(len(unit).to_bytes(2, "big") + unit for unit in self.pps)
        if first[1] in (100, 110, 122, 144):
            facts = Sps.decode(first)
            body += bytes([0xFC | facts.chroma_format, 0xF8 | (facts.bit_depth - 8), 0xF8 | (facts.bit_depth - 8), 0])
        return body


def codec_string(config: bytes) -> str:
    """RFC 6381 name for a CODECS attribute, from an avcC body: `avc1.64001F`."""
    if len(config) < 4:
        raise MalformedError("avcC record is cut short")
    return f"avc1.{config[1]:02X}{config[2]:02X}{config[3]:02X}"


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says of the picture. Sizes in pixels after cropping."""

    profile: int
    level: int
    width: int
    height: int
    chroma_format: int = 1
    bit_depth: int = 8
    pixel_aspect: tuple[int, int] = (1, 1)
    colour: Colour | None = None
    rate: Fraction | None = None

    @classmethod
    def decode(cls, nal: bytes) -> "Sps":
        """Parse an SPS NAL unit, header byte included. Raises MalformedError or UnsupportedError."""
        if not nal or nal_type(nal) != NAL_SPS:
            raise MalformedError("H.264 SPS has a wrong NAL unit type")
        bits = BitReader(nal[1:].replace(b"\x00\x00\x03", b"\x00\x00"), "H.264 SPS")
        profile = bits.bits(8)
        bits.bits(8)
        level = bits.bits(8)
        bits.ue()
        chroma_format, bit_depth = _read_chroma(bits) if profile in CHROMA_PROFILES else (1, 8)
        _skip_order_counts(bits)
        width, height = _read_size(bits, chroma_format)
        pixel_aspect, colour, rate = _read_vui(bits) if bits.flag() else ((1, 1), None, None)
        return cls(profile, level, width, height, chroma_format, bit_depth, pixel_aspect, colour, rate)


def _read_chroma(bits: BitReader) -> tuple[int, int]:
    chroma_format = bits.ue()
    if chroma_format > 3:
        raise MalformedError("H.264 SPS has an unknown chroma format")
    if chroma_format == 3:
        bits.flag()  # separate_colour_plane_flag
    bit_depth = 8 + bits.ue()
    bits.ue()
    if bit_depth > 14:
        raise MalformedError("H.264 SPS has an impossible bit depth")
    bits.flag()  # qpprime_y_zero_transform_bypass_flag
    if bits.flag():
        for index in range(8 if chroma_format != 3 else 12):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma_format, bit_depth


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


MAX_REFERENCES_IN_CYCLE = 255
"""H.264 section 7.4.2.1.1, num_ref_frames_in_pic_order_cnt_cycle."""


def _skip_order_counts(bits: BitReader) -> None:
    bits.ue()  # log2_max_frame_num_minus4
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.flag()
        bits.se()
        bits.se()
        count = bits.ue()
        if count > MAX_REFERENCES_IN_CYCLE:
            raise MalformedError("H.264 SPS has too many references in its order count cycle")
        for _ in range(count):
            bits.se()
    bits.ue()  # max_num_ref_frames
    bits.flag()  # gaps_in_frame_num_value_allowed_flag


def _read_size(bits: BitReader, chroma_format: int) -> tuple[int, int]:
    width = 16 * (bits.ue() + 1)
    map_units = bits.ue() + 1
    progressive = bits.flag()
    height = 16 * map_units * (1 if progressive else 2)
    if not progressive:
        bits.flag()  # mb_adaptive_frame_field_flag
    bits.flag()  # direct_8x8_inference_flag
    if bits.flag():
        unit_x = 1 if chroma_format in (0, 3) else 2
        unit_y = (2 if chroma_format == 1 else 1) * (1 if progressive else 2)
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise MalformedError("H.264 SPS crops the whole picture away")
    if width > MAX_SIDE or height > MAX_SIDE:
        raise UnsupportedError(f"The picture is {width}x{height}; the largest side taken is {MAX_SIDE} pixels")
    return width, height


def _read_vui(bits: BitReader) -> tuple[tuple[int, int], Colour | None, Fraction | None]:
    """Section E.1.1, as far as the timing fields."""
    pixel_aspect = _read_pixel_aspect(bits) if bits.flag() else (1, 1)
    if bits.flag():
        bits.flag()  # overscan_appropriate_flag
    colour = None
    if bits.flag():
        bits.bits(3)  # video_format
        full_range = bits.flag()
        primaries, transfer, matrix = (bits.bits(8), bits.bits(8), bits.bits(8)) if bits.flag() else (2, 2, 2)
        colour = Colour(primaries, transfer, matrix, full_range)
    if bits.flag():
        bits.ue()  # chroma_sample_loc_type
        bits.ue()
    rate = None
    if bits.flag():
        units, scale = bits.bits(32), bits.bits(32)
        if units and scale:
            rate = Fraction(scale, 2 * units)  # two ticks, one a field, for a frame
    return pixel_aspect, colour, rate


def _read_pixel_aspect(bits: BitReader) -> tuple[int, int]:
    index = bits.bits(8)
    if index == EXTENDED_SAR:
        width, height = bits.bits(16), bits.bits(16)
        return (width, height) if width and height else (1, 1)
    return PIXEL_ASPECTS[index] if index < len(PIXEL_ASPECTS) else (1, 1)
