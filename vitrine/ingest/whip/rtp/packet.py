"""One RTP packet (RFC 3550 section 5.1), and one that comes again on a stream of its own (RFC 4588)."""

import struct
from dataclasses import dataclass

from vitrine.media.errors import MalformedError

_HEADER = struct.Struct(">BBHII")
_SEQUENCE = struct.Struct(">H")
VERSION = 2
PADDING, EXTENSION = 0x20, 0x10
MARKER = 0x80


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """Header extensions and contributing sources are read over: nothing here needs them."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @classmethod
    def decode(cls, data: bytes) -> "RtpPacket":
        """Raises MalformedError."""
        if len(data) < _HEADER.size:
            raise MalformedError("An RTP packet is shorter than its header")
        flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if flags >> 6 != VERSION:
            raise MalformedError("An RTP packet has another version than 2")
        start = _HEADER.size + 4 * (flags & 0x0F)
        if flags & EXTENSION:
            if len(data) < start + 4:
                raise MalformedError("An RTP packet is cut short in its header extension")
            start += 4 + 4 * _SEQUENCE.unpack_from(data, start + 2)[0]
        end = len(data) - data[-1] if flags & PADDING else len(data)
        if start > end or (flags & PADDING and not data[-1]):
            raise MalformedError("An RTP packet is shorter than its header and padding say")
        return cls(bool(kind & MARKER), kind & 0x7F, sequence, timestamp, ssrc, data[start:end])

    def encode(self) -> bytes:
        kind = self.payload_type | (MARKER if self.marker else 0)
        return _HEADER.pack(VERSION << 6, kind, self.sequence, self.timestamp, self.ssrc) + self.payload

    def unwrapped(self, payload_type: int, ssrc: int) -> "RtpPacket | None":
        """The packet that this retransmission holds: its sequence number is the payload's first two bytes.

        None for one without content: such are sent to probe the bandwidth.
        """
        if len(self.payload) <= _SEQUENCE.size:
            return None
        (sequence,) = _SEQUENCE.unpack_from(self.payload)
        payload = self.payload[_SEQUENCE.size :]
        return RtpPacket(self.marker, payload_type, sequence, self.timestamp, ssrc, payload)
