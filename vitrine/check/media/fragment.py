"""Segments and parts of MP4: fragments, events and clocks (ISO/IEC 14496-12 section 8.8; 23009-1 section 5.10.3.3)."""

from dataclasses import dataclass
from hashlib import sha256

from vitrine.check.media.boxes import Box, boxes_of
from vitrine.check.media.init import Defaults, Init
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError

MOST_SAMPLES = 20_000
"""In one run. A run without columns can state 2^32 samples in 20 bytes."""

IS_NON_SYNC = 0x00010000
SIGNED_32 = 1 << 31


@dataclass(frozen=True, slots=True)
class Fragment:
    """One track's samples in one moof, in ticks of the track. `first_pts` is that of the earliest frame shown."""

    sequence: int
    track: int
    decode_time: int
    duration: int
    samples: int
    first_pts: int
    starts_sync: bool
    has_sync: bool
    longest: int
    """Ticks of the longest sample."""

    @property
    def end(self) -> int:
        return self.decode_time + self.duration


@dataclass(frozen=True, slots=True)
class Event:
    """An emsg. `time` is on the media's clock; None in version 0, which counts from the segment's start."""

    scheme: str
    version: int
    timescale: int
    time: int | None
    id: int
    digest: bytes

    @property
    def name(self) -> str:
        return f"{self.scheme} {self.id} at {self.time}/{self.timescale}"


@dataclass(frozen=True, slots=True)
class Media:
    """What a segment or part holds. `kind` is mp4, ts, text, sound or unknown; only mp4 is looked into."""

    kind: str
    size: int
    fragments: tuple[Fragment, ...] = ()
    events: tuple[Event, ...] = ()
    events_after: int = 0
    """How many events have no moof behind them."""


def kind_of(data: bytes) -> str:
    """By the first bytes."""
    if data[:1] == b"\x47" and data[188:189] in (b"\x47", b""):
        return "ts"
    if data.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return "text"
    if data.startswith(b"ID3") or data[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "sound"
    return "mp4" if data[4:8].isalnum() else "unknown"


def read_media(data: bytes, init: Init | None) -> Media:
    """What is in a segment or part. Raises MalformedError for an MP4 that cannot be read."""
    kind = kind_of(data)
    if kind != "mp4":
        return Media(kind, len(data))
    fragments: list[Fragment] = []
    events: list[Event] = []
    trailing = 0
    for box in boxes_of(data):
        if box.kind == "moof":
            fragments += _fragments(box, init)
            trailing = 0
        elif box.kind == "emsg":
            events.append(_event(box))
            trailing += 1
    return Media(kind, len(data), tuple(fragments), tuple(events), trailing)


def _fragments(moof: Box, init: Init | None) -> list[Fragment]:
    mfhd = moof.child("mfhd")
    sequence = mfhd.full()[2].u32() if mfhd else 0
    return [_fragment(box, sequence, init) for box in moof.children() if box.kind == "traf"]


def _fragment(traf: Box, sequence: int, init: Init | None) -> Fragment:
    tfhd, tfdt = traf.child("tfhd"), traf.child("tfdt")
    if tfhd is None:
        raise MalformedError("a traf has no tfhd box")
    if tfdt is None:
        raise MalformedError("a traf has no tfdt box (section 3.1.2)")
    number, defaults = _tfhd(tfhd, init)
    version, _, reader = tfdt.full()
    start = reader.u64() if version else reader.u32()
    rows = [row for box in traf.children() if box.kind == "trun" for row in _trun(box, defaults)]
    time, earliest = start, None
    for duration, _, offset in rows:
        earliest = time + offset if earliest is None else min(earliest, time + offset)
        time += duration
    return Fragment(
        sequence=sequence,
        track=number,
        decode_time=start,
        duration=time - start,
        samples=len(rows),
        first_pts=start if earliest is None else earliest,
        starts_sync=bool(rows) and not rows[0][1] & IS_NON_SYNC,
        has_sync=any(not flags & IS_NON_SYNC for _, flags, _ in rows),
        longest=max((duration for duration, _, _ in rows), default=0),
    )


def _tfhd(tfhd: Box, init: Init | None) -> tuple[int, Defaults]:
    """The track, and what its samples have where the runs do not say."""
    _, flags, reader = tfhd.full()
    number = reader.u32()
    track = init.track(number) if init else None
    defaults = track.defaults if track else Defaults()
    if flags & 0x1:
        reader.u64()  # base data offset
    if flags & 0x2:
        reader.u32()  # sample description
    duration = reader.u32() if flags & 0x8 else defaults.duration
    size = reader.u32() if flags & 0x10 else defaults.size
    return number, Defaults(duration, size, reader.u32() if flags & 0x20 else defaults.flags)


Row = tuple[int, int, int]
"""Duration, flags and composition offset of one sample."""


def _trun(trun: Box, defaults: Defaults) -> list[Row]:
    version, columns, reader = trun.full()
    count = reader.u32()
    if count > MOST_SAMPLES:
        raise MalformedError(f"a run states {count} samples; at most {MOST_SAMPLES} are read")
    if columns & 0x1:
        reader.u32()  # data offset
    first_flags = reader.u32() if columns & 0x4 else None
    rows = []
    for index in range(count):
        duration = reader.u32() if columns & 0x100 else defaults.duration
        if columns & 0x200:
            reader.u32()  # size
        flags = reader.u32() if columns & 0x400 else defaults.flags
        offset = reader.u32() if columns & 0x800 else 0
        if version and offset >= SIGNED_32:
            offset -= 2 * SIGNED_32
        rows.append((duration, first_flags if index == 0 and first_flags is not None else flags, offset))
    return rows


def _event(emsg: Box) -> Event:
    version, _, reader = emsg.full()
    digest = sha256(emsg.body).digest()
    if version == 0:
        scheme, _ = _text(reader), _text(reader)
        timescale, _, _, identifier = reader.u32(), reader.u32(), reader.u32(), reader.u32()
        return Event(scheme, version, timescale, None, identifier, digest)
    timescale, time, _, identifier = reader.u32(), reader.u64(), reader.u32(), reader.u32()
    return Event(_text(reader), version, timescale, time, identifier, digest)


MOST_SCHEME = 512
"""Bytes of a scheme or value. They are short addresses."""


def _text(reader: ByteReader) -> str:
    """A text that ends with a zero."""
    found = bytearray()
    while (byte := reader.u8()) and len(found) < MOST_SCHEME:
        found.append(byte)
    return found.decode("utf-8", "replace")
