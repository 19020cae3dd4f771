"""One RTP packet (RFC 3550 section 5.1), with header extensions (RFC 8285), and one that comes again (RFC 4588)."""

import struct
from dataclasses import dataclass

from vitrine.media.errors import MalformedError

_HEADER = struct.Struct(">BBHII")
_SEQUENCE = struct.Struct(">H")
VERSION = 2
PADDING, EXTENSION = 0x20, 0x10
MARKER = 0x80
SHORT_EXTENSIONS, LONG_EXTENSIONS = 0xBEDE, 0x1000
"""Profiles of header extensions with one byte before each, and with two; the last four bits of the second are free."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`extensions` are the header extensions with their profile, unread. Contributing sources are read over."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> "RtpPacket":
        """Raises MalformedError."""
        if len(data) < _HEADER.size:
            raise MalformedError("An RTP packet is shorter than its header")
        flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if flags >> 6 != VERSION:
            raise MalformedError("An RTP packet has another version than 2")
        begin = start = _HEADER.size + 4 * (flags & 0x0F)
        if flags & EXTENSION:
            if len(data) < start + 4:
                raise MalformedError("An RTP packet is cut short in its header extension")
            start += 4 + 4 * _SEQUENCE.unpack_from(data, start + 2)[0]
        end = len(data) - data[-1] if flags & PADDING else len(data)
        if start > end or (flags & PADDING and not data[-1]):
            raise MalformedError("An RTP packet is shorter than its header and padding say")
        return cls(bool(kind & MARKER), kind & 0x7F, sequence, timestamp, ssrc, data[start:end], data[begin:start])

    def extension(self, number: int) -> bytes | None:
        """The header extension that was agreed on under this number; None where there is none, or nothing sensible."""
        data = self.extensions
        profile = int.from_bytes(data[:2], "big")
        long = profile & 0xFFF0 == LONG_EXTENSIONS
        if not long and profile != SHORT_EXTENSIONS:
            return None
        position = 4
        while position < len(data):
            head = data[position]
            if not head:  # padding
                position += 1
                continue
            if long and position + 1 == len(data):
                return None
            found, size = (head, data[position + 1]) if long else (head >> 4, (head & 0x0F) + 1)
            begin = position + (2 if long else 1)
            position = begin + size
            if found == number:
                return data[begin:position] if position <= len(data) else None
        return None

    def encode(self) -> bytes:
        kind = self.payload_type | (MARKER if self.marker else 0)
        flags = VERSION << 6 | (EXTENSION if self.extensions else 0)
        return _HEADER.pack(flags, kind, self.sequence, self.timestamp, self.ssrc) + self.extensions + self.payload

    def unwrapped(self, payload_type: int, ssrc: int) -> "RtpPacket | None":
        """The packet that this retransmission holds: its sequence number is the payload's first two bytes.

        None for one without content: such are sent to probe the bandwidth.
        """
        if len(self.payload) <= _SEQUENCE.size:
            return None
        (sequence,) = _SEQUENCE.unpack_from(self.payload)
        payload = self.payload[_SEQUENCE.size :]
        return RtpPacket(self.marker, payload_type, sequence, self.timestamp, ssrc, payload)
