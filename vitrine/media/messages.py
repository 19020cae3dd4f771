"""Messages between our own processes, over one byte stream each way.

A message is its length (4 bytes, big-endian, of what follows), one byte of kind, and a body. What the kinds mean is
for those who talk; only an access unit's body is the same everywhere.
"""

import struct
from collections.abc import Callable
from typing import Generic, TypeVar

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, RefusedError

MAX_MESSAGE = 8 << 20
"""Bytes. A keyframe of 4:2:2 at 200 Mbit/s and one a second stays below 8 MB in its largest pictures."""

MAX_STAMP = 1 << 62
"""Ticks. What is left of 64 bits after any sum of two stamps."""

_PREFIX = struct.Struct(">IB")
_UNIT = struct.Struct(">Iqq?")


def encode_message(kind: int, body: bytes) -> bytes:
    """Raises RefusedError if the message would exceed MAX_MESSAGE."""
    if len(body) >= MAX_MESSAGE:
        raise RefusedError(f"A message of {len(body)} bytes is over the limit of {MAX_MESSAGE}; lower the bitrate")
    return _PREFIX.pack(len(body) + 1, kind) + body


def encode_unit(unit: AccessUnit) -> bytes:
    """The body of a message that is an access unit: a fixed header and its bytes."""
    return _UNIT.pack(unit.track_id, unit.dts, unit.pts, unit.keyframe) + unit.data


def decode_unit(body: memoryview) -> AccessUnit:
    """Raises MalformedError."""
    if len(body) < _UNIT.size:
        raise MalformedError("An access unit is cut short")
    track_id, dts, pts, keyframe = _UNIT.unpack_from(body)
    if not (-MAX_STAMP < dts < MAX_STAMP and -MAX_STAMP < pts < MAX_STAMP):
        raise MalformedError("An access unit's stamp is out of range")
    return AccessUnit(track_id, dts, pts, keyframe, bytes(body[_UNIT.size :]))


M = TypeVar("M")


class MessageSplitter(Generic[M]):
    """Messages out of a byte stream that arrives in pieces. `decode` makes one of its kind and body."""

    def __init__(self, decode: Callable[[int, bytes], M]) -> None:
        self._decode = decode
        self._buffer = bytearray()

    def receive_data(self, data: bytes) -> None:
        """Take bytes; call `events_received` next."""
        self._buffer += data

    def receive_eof(self) -> None:
        """The stream is over. Raises MalformedError in the middle of a message."""
        if self._buffer:
            raise MalformedError("The message stream ended in the middle of a message")

    def events_received(self) -> list[M]:
        """Every message that is complete. Raises MalformedError."""
        return [self._decode(kind, body) for kind, body in self._split()]

    def _split(self) -> list[tuple[int, bytes]]:
        messages: list[tuple[int, bytes]] = []
        position = 0
        with memoryview(self._buffer) as view:
            while len(view) - position >= _PREFIX.size:
                length, kind = _PREFIX.unpack_from(view, position)
                if not 1 <= length <= MAX_MESSAGE:
                    raise MalformedError(f"A message states a length of {length} bytes")
                end = position + 4 + length
                if end > len(view):
                    break
                messages.append((kind, bytes(view[position + _PREFIX.size : end])))
                position = end
        del self._buffer[:position]
        return messages
