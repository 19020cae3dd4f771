"""The producer reference time: which wall clock time a moment of the media had (ISO/IEC 14496-12 section 8.16.5).

Contained in: the file, before the `moof` that it speaks of.
"""

from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import Box, full_box

CAPTURED = 24
"""Flags: the NTP time is that of the moment shown, not of a step in encoding or writing."""

NTP_EPOCH_SECONDS = 2_208_988_800
"""From 1900-01-01, where NTP counts from, to 1970-01-01."""

NANOSECONDS = 1_000_000_000


def ntp_time(utc_ns: int) -> int:
    """NTP's 32.32 fixed point, modulo its era of 2^32 s (RFC 5905 section 6)."""
    seconds, rest = divmod(utc_ns, NANOSECONDS)
    return (((seconds + NTP_EPOCH_SECONDS) & 0xFFFFFFFF) << 32) | ((rest << 32) // NANOSECONDS)


@dataclass(frozen=True, slots=True)
class Prft:
    """`media_time` is presentation time in ticks of the track; `ntp` the wall clock then, as ntp_time gives it."""

    track_id: int
    ntp: int
    media_time: int
    flags: int = CAPTURED

    @classmethod
    def decode(cls, box: Box) -> "Prft":
        """Raises MalformedError."""
        reader = ByteReader(box.body, "prft box")
        version, flags = reader.u8(), reader.u24()
        if version > 1:
            raise MalformedError(f"prft box has an unknown version {version}")
        return cls(reader.u32(), reader.u64(), reader.u64() if version else reader.u32(), flags)

    def encode(self) -> bytes:
        fields = (
            self.track_id.to_bytes(4, "big"),
            self.ntp.to_bytes(8, "big"),
            self.media_time.to_bytes(8, "big"),
        )
        return full_box(b"prft", 1, self.flags, *fields)
