"""Initialisation sections: which tracks there are, and what they hold (ISO/IEC 14496-12 section 8)."""

from dataclasses import dataclass

from vitrine.check.media.boxes import Box, boxes_of, first
from vitrine.media import aac
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, VitrineError
from vitrine.media.h264 import AvcConfig, Sps

VISUAL_ENTRY = 78
"""Bytes of a visual sample entry before its boxes (section 12.1.3)."""

AUDIO_ENTRY = 28
"""Bytes of an audio sample entry before its boxes (section 12.2.3)."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Of trex: what a sample's duration, size and flags are where a fragment does not say."""

    duration: int = 0
    size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """`codec` is its name by RFC 6381, or only the four letters where the rest is not read.

    `size` is the picture's in square pixels; None where there is none.
    """

    id: int
    handler: str
    timescale: int
    codec: str
    size: tuple[int, int] | None = None
    defaults: Defaults = Defaults()


@dataclass(frozen=True, slots=True)
class Init:
    """An initialisation section. `brands` are the major and the compatible ones."""

    brands: tuple[str, ...]
    tracks: tuple[Track, ...]

    def track(self, identifier: int) -> Track | None:
        return next((track for track in self.tracks if track.id == identifier), None)


def read_init(data: bytes) -> Init:
    """Raises MalformedError where it has no tracks that can be read."""
    boxes = boxes_of(data)
    moov = first(boxes, "moov")
    if moov is None:
        raise MalformedError("the initialisation section has no moov box (section 3.1.2)")
    defaults = _defaults(moov)
    tracks = tuple(_track(box, defaults) for box in moov.children() if box.kind == "trak")
    ftyp = first(boxes, "ftyp")
    body = ftyp.body if ftyp else b""
    brands = [body[:4], *(body[index : index + 4] for index in range(8, len(body), 4))]
    return Init(tuple(brand.decode("latin-1") for brand in brands if brand), tracks)


def _defaults(moov: Box) -> dict[int, Defaults]:
    found = {}
    mvex = moov.child("mvex")
    for box in mvex.children() if mvex else []:
        if box.kind == "trex":
            _, _, reader = box.full()
            track = reader.u32()
            reader.u32()  # sample description
            found[track] = Defaults(reader.u32(), reader.u32(), reader.u32())
    return found


def _track(trak: Box, defaults: dict[int, Defaults]) -> Track:
    tkhd, mdhd = trak.child("tkhd"), trak.child("mdia", "mdhd")
    hdlr, stsd = trak.child("mdia", "hdlr"), trak.child("mdia", "minf", "stbl", "stsd")
    if tkhd is None or mdhd is None or hdlr is None or stsd is None:
        raise MalformedError("the initialisation section has a track without tkhd, mdhd, hdlr or stsd")
    version, _, reader = tkhd.full()
    reader.take(16 if version else 8)
    identifier = reader.u32()
    version, _, reader = mdhd.full()
    reader.take(16 if version else 8)
    timescale = reader.u32()
    if not timescale:
        raise MalformedError("the initialisation section has a track with a timescale of 0")
    handler = hdlr.body[8:12].decode("latin-1")
    entries = stsd.children(8)
    codec, size = _entry(entries[0], handler) if entries else ("", None)
    return Track(identifier, handler, timescale, codec, size, defaults.get(identifier, Defaults()))


def _entry(entry: Box, handler: str) -> tuple[str, tuple[int, int] | None]:
    """The codec's name, and the size of the picture."""
    if handler == "vide":
        boxes = entry.children(VISUAL_ENTRY)
        return _video_codec(entry.kind, boxes), _picture_size(entry, boxes)
    if handler == "soun":
        boxes = entry.children(AUDIO_ENTRY)
        esds = first(boxes, "esds")
        return (_mp4a(esds) if entry.kind == "mp4a" and esds else _unprotected(entry.kind, boxes)), None
    return entry.kind, None


def _video_codec(kind: str, boxes: list[Box]) -> str:
    config = first(boxes, "avcC")
    kind = _unprotected(kind, boxes)
    if config is None or len(config.body) < 4:
        return kind
    return f"{kind}.{config.body[1:4].hex()}"


def _unprotected(kind: str, boxes: list[Box]) -> str:
    """Of an encrypted entry the kind it had before (ISO/IEC 14496-12 section 8.12)."""
    sinf = first(boxes, "sinf") if kind in ("encv", "enca") else None
    original = sinf.child("frma") if sinf else None
    return original.body[:4].decode("latin-1") if original else kind


def _picture_size(entry: Box, boxes: list[Box]) -> tuple[int, int]:
    """In square pixels, the height kept: by the SPS where it can be read, else by the entry and its pasp."""
    reader = ByteReader(entry.body, "a visual sample entry")
    reader.take(24)
    width, height = reader.u16(), reader.u16()
    aspect = (1, 1)
    pasp, config = first(boxes, "pasp"), first(boxes, "avcC")
    if config is not None:
        try:
            sps = Sps.decode(AvcConfig.decode(config.body).sps[0])
            width, height, aspect = sps.width, sps.height, sps.pixel_aspect
        except (VitrineError, IndexError):
            pass
    if pasp is not None and len(pasp.body) >= 8:
        across, down = int.from_bytes(pasp.body[:4], "big"), int.from_bytes(pasp.body[4:8], "big")
        aspect = (across, down) if across and down else aspect
    return round(width * aspect[0] / aspect[1]), height


DECODER_CONFIG = 0x04
DECODER_SPECIFIC = 0x05
ES = 0x03
AAC_OBJECT = 0x40


def _mp4a(esds: Box) -> str:
    """`mp4a.OO.A`: the object type indication, and for AAC the audio object type (ISO/IEC 14496-1 section 7.2.6)."""
    _, _, reader = esds.full()
    descriptor = _descriptor(reader, ES)
    descriptor.u16()
    flags = descriptor.u8()
    descriptor.take((2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0))
    if flags & 0x40:
        descriptor.take(descriptor.u8())
    config = _descriptor(descriptor, DECODER_CONFIG)
    kind = config.u8()
    if kind != AAC_OBJECT:
        return f"mp4a.{kind:02x}"
    config.take(12)
    specific = _descriptor(config, DECODER_SPECIFIC).rest()
    try:
        return aac.codec_string(specific)
    except VitrineError:
        return "mp4a.40"


def _descriptor(reader: ByteReader, tag: int) -> ByteReader:
    """The body of the descriptor that comes next; its size has seven bits a byte."""
    if reader.u8() != tag:
        raise MalformedError("the esds box has its descriptors in another order than the specification's")
    size = 0
    for _ in range(4):
        byte = reader.u8()
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return ByteReader(reader.take(size), "the esds box")
