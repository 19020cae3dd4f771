"""A fragment: one `moof` and its `mdat` (ISO/IEC 14496-12 section 8.8), as CMAF's brands cmfc and cmf2 want it.

One traf, one trun; positions relative to the moof; defaults repeated in the tfhd, so that nothing depends on the
trex; signed composition offsets instead of an edit list.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import FULL_HEADER_SIZE, HEADER_SIZE, Box, box, find_box, full_box, read_boxes

TRACK_ID = 1
"""Every file of ours holds one track."""

SYNC = 0x02000000
"""Sample flags: depends on no other sample."""

NON_SYNC = 0x01010000
"""Sample flags: depends on others, is not a sync sample."""

IS_NON_SYNC = 0x00010000

TFHD_BASE_DATA_OFFSET = 0x1
TFHD_DESCRIPTION_INDEX = 0x2
TFHD_DURATION = 0x8
TFHD_SIZE = 0x10
TFHD_FLAGS = 0x20
TFHD_BASE_IS_MOOF = 0x20000

TRUN_DATA_OFFSET = 0x1
TRUN_FIRST_FLAGS = 0x4
TRUN_DURATION = 0x100
TRUN_SIZE = 0x200
TRUN_FLAGS = 0x400
TRUN_OFFSET = 0x800

MFHD_SIZE = FULL_HEADER_SIZE + 4
TFHD_SIZE_WRITTEN = FULL_HEADER_SIZE + 12
TFDT_SIZE = FULL_HEADER_SIZE + 8

MAX_SAMPLES = 10_000
"""In one fragment read. Ours hold some tens; a trun without columns can state 2^32 in 20 bytes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One access unit in a fragment. `duration` and `offset` (pts - dts) in ticks."""

    data: bytes
    duration: int
    offset: int
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """`sequence` grows with each fragment of a track; `first_tick` is the decode time of the first sample."""

    sequence: int
    first_tick: int
    samples: Sequence[Sample]

    def encode(self, before: Sequence[bytes] = ()) -> bytes:
        """The bytes, after the boxes `before` (prft, emsg). The samples' data are copied this once."""
        last = self.samples[-1]
        default_flags = _flags(last)
        columns, first_flags = self._columns(default_flags)
        rows = self._rows(columns)
        trun_size = FULL_HEADER_SIZE + 8 + (4 if columns & TRUN_FIRST_FLAGS else 0) + len(rows)
        moof_size = 2 * HEADER_SIZE + MFHD_SIZE + TFHD_SIZE_WRITTEN + TFDT_SIZE + trun_size
        trun_head = struct.pack(">Ii", len(self.samples), moof_size + HEADER_SIZE) + first_flags
        tfhd_fields = struct.pack(">III", TRACK_ID, self.samples[0].duration, default_flags)
        moof = box(
            b"moof",
            full_box(b"mfhd", 0, 0, self.sequence.to_bytes(4, "big")),
            box(
                b"traf",
                full_box(b"tfhd", 0, TFHD_BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS, tfhd_fields),
                full_box(b"tfdt", 1, 0, self.first_tick.to_bytes(8, "big")),
                full_box(b"trun", 1, columns, trun_head, rows),
            ),
        )
        mdat_size = HEADER_SIZE + sum(len(sample.data) for sample in self.samples)
        mdat_header = mdat_size.to_bytes(4, "big") + b"mdat"
        return b"".join((*before, moof, mdat_header, *(sample.data for sample in self.samples)))

    def _columns(self, default_flags: int) -> tuple[int, bytes]:
        """The trun's flags, and its first sample's flags where these alone differ from the rest."""
        columns = TRUN_DATA_OFFSET | TRUN_SIZE
        first = self.samples[0]
        if any(sample.duration != first.duration for sample in self.samples):
            columns |= TRUN_DURATION
        if any(sample.offset for sample in self.samples):
            columns |= TRUN_OFFSET
        if any(_flags(sample) != default_flags for sample in self.samples[1:]):
            return columns | TRUN_FLAGS, b""
        if _flags(first) != default_flags:
            return columns | TRUN_FIRST_FLAGS, _flags(first).to_bytes(4, "big")
        return columns, b""

    def _rows(self, columns: int) -> bytes:
        values: list[int] = []
        for sample in self.samples:
            if columns & TRUN_DURATION:
                values.append(sample.duration)
            values.append(len(sample.data))
            if columns & TRUN_FLAGS:
                values.append(_flags(sample))
            if columns & TRUN_OFFSET:
                values.append(sample.offset & 0xFFFFFFFF)
        return struct.pack(f">{len(values)}I", *values)

    @classmethod
    def decode(cls, data: bytes) -> "Fragment":
        """Read the first moof of `data`, whatever stands around it. Raises MalformedError.

        What only a trex states is not there: a fragment that leans on one is refused.
        """
        moof = find_box(list(read_boxes(data)), b"moof")
        sequence = _full(moof.find(b"mfhd"))[2].u32()
        defaults = _read_tfhd(moof.find(b"traf", b"tfhd"))
        version, _, reader = _full(moof.find(b"traf", b"tfdt"))
        first_tick = reader.u64() if version else reader.u32()
        position, rows = _read_trun(moof.find(b"traf", b"trun"), defaults)
        source = ByteReader(data, "MP4 fragment")
        if moof.offset + position < 0:
            raise MalformedError("MP4 fragment states data before its own start")
        source.take(moof.offset + position)
        samples = tuple(Sample(source.take(row[1]), row[0], row[3], not row[2] & IS_NON_SYNC) for row in rows)
        return cls(sequence, first_tick, samples)


def _flags(sample: Sample) -> int:
    return SYNC if sample.keyframe else NON_SYNC


def _full(found: Box) -> tuple[int, int, ByteReader]:
    """Version, flags, and a reader of the rest."""
    reader = ByteReader(found.body, f"{found.kind.decode('latin-1')} box")
    return reader.u8(), reader.u24(), reader


Defaults = tuple[int | None, int | None, int | None]
"""Of a sample's duration, size and flags; None where the tfhd leaves them to the trex."""


def _read_tfhd(tfhd: Box) -> Defaults:
    _, flags, reader = _full(tfhd)
    reader.u32()  # track_ID
    if flags & TFHD_BASE_DATA_OFFSET:
        raise MalformedError("MP4 fragment uses positions in the file, which a CMAF fragment may not")
    if flags & TFHD_DESCRIPTION_INDEX:
        reader.u32()
    duration = reader.u32() if flags & TFHD_DURATION else None
    size = reader.u32() if flags & TFHD_SIZE else None
    return duration, size, reader.u32() if flags & TFHD_FLAGS else None


Row = tuple[int, int, int, int]
"""Duration, size, flags, composition offset of one sample."""


def _read_trun(trun: Box, defaults: Defaults) -> tuple[int, list[Row]]:
    """The data's position after the moof's start, and the samples."""
    version, columns, reader = _full(trun)
    count = reader.u32()
    if count > MAX_SAMPLES:
        raise MalformedError(f"MP4 fragment states {count} samples; at most {MAX_SAMPLES} are read")
    position = reader.signed(4) if columns & TRUN_DATA_OFFSET else 0
    first_flags = reader.u32() if columns & TRUN_FIRST_FLAGS else None
    rows = []
    for index in range(count):
        duration = reader.u32() if columns & TRUN_DURATION else defaults[0]
        size = reader.u32() if columns & TRUN_SIZE else defaults[1]
        flags = reader.u32() if columns & TRUN_FLAGS else defaults[2]
        if index == 0 and first_flags is not None:
            flags = first_flags
        offset = (reader.signed(4) if version else reader.u32()) if columns & TRUN_OFFSET else 0
        if duration is None or size is None or flags is None:
            raise MalformedError("MP4 fragment leaves a sample's duration, size or flags to the init segment")
        rows.append((duration, size, flags, offset))
    return position, rows
