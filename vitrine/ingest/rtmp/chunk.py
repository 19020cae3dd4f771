"""The chunk stream: messages cut into chunks and interleaved (RTMP 1.0 section 5.3)."""

from dataclasses import dataclass
from struct import Struct

from vitrine.media.errors import MalformedError, RefusedError

DEFAULT_CHUNK_SIZE = 128
MAX_CHUNK_SIZE = 0xFFFFFF
"""Larger ones are equal to it: a message is never longer (section 5.4.1)."""

EXTENDED = 0xFFFFFF
"""In the three bytes of a time: four more follow the header (section 5.3.1.3)."""

MAX_MESSAGE = 8 << 20
"""Bytes. A keyframe of 8 MiB in one frame would be 2 Gbit/s at 30 fps; other servers stop at 10 MiB."""

MAX_COMMAND = 64 << 10
"""Bytes, as long as only commands may come: what a stranger without a stream key can make us keep."""

MAX_PARTIAL = 2
"""Unfinished messages of the largest size, counted in bytes over all chunk streams: one of audio, one of video."""

MAX_CHUNK_STREAMS = 64
"""Publishers use three to six; some count odd ids up (DJI's start at 33)."""

SET_CHUNK_SIZE = 1
ABORT = 2

HEADER_SIZES = (11, 7, 3, 0)
"""Bytes of a message header by chunk type (section 5.3.1.2)."""

U32 = Struct(">I")
STREAM_ID = Struct("<I")  # the only little-endian field of RTMP


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `timestamp` is 32 bits of milliseconds, `chunk_stream` the id it came or goes by."""

    type: int
    payload: bytes
    timestamp: int = 0
    stream: int = 0
    chunk_stream: int = 3


class _ChunkStream:
    """What later headers of the same chunk stream leave out."""

    __slots__ = ("delta", "extended", "length", "missing", "pieces", "stream", "timestamp", "type")

    def __init__(self) -> None:
        self.type = self.length = self.stream = 0
        self.timestamp = self.delta = 0
        self.extended: int | None = None  # the extended field as it stood in the last full header
        self.missing = 0  # bytes until the message that has begun is whole
        self.pieces = bytearray()  # not a list: chunks of a byte would take fifty each


class TooLongError(RefusedError):
    """A message is over a limit."""


class ChunkReader:
    """Chunks in, messages out. Set Chunk Size and Abort act here, because they change how the next bytes are read.

    `max_message` is in bytes and may be changed at any time. A message may be what raises it, so a limit counts only
    when the messages before have been taken: until then reading has `stopped`, and is to be tried again.
    """

    def __init__(self, max_message: int = MAX_MESSAGE) -> None:
        self.max_message = max_message
        self.stopped = False
        self.chunk_size = DEFAULT_CHUNK_SIZE
        self._buffer = bytearray()
        self._streams: dict[int, _ChunkStream] = {}
        self._partial = 0
        self._messages: list[Message] = []

    def receive_data(self, data: bytes) -> None:
        """Raises MalformedError or RefusedError; messages before the fault are kept. Not to be called again after."""
        self._buffer += data
        self.stopped = False
        position = 0
        try:
            with memoryview(self._buffer) as view:
                while (end := self._read_chunk(view, position)) is not None:
                    position = end
        except TooLongError:
            if not self._messages:
                raise
            self.stopped = True
        finally:
            del self._buffer[:position]

    def events_received(self) -> list[Message]:
        messages, self._messages = self._messages, []
        return messages

    def _read_chunk(self, view: memoryview, start: int) -> int | None:
        """Read one chunk; its end, or None if it has not come whole."""
        available = len(view)
        if start >= available:
            return None
        kind, number = view[start] >> 6, view[start] & 0x3F
        position = start + 1
        if number < 2:
            position += 1 + number
            if position > available:
                return None
            number = 64 + int.from_bytes(view[start + 1 : position], "little")
        body = position + HEADER_SIZES[kind]
        if body > available:
            return None
        stream = self._streams.get(number) or self._new_stream(number, kind)
        extended = stream.extended
        if kind < 3:
            field = int.from_bytes(view[position : position + 3], "big")
            extended = field if field == EXTENDED else None
        if extended is not None:
            if body + 4 > available:
                return None
            (extended,) = U32.unpack_from(view, body)
            if kind < 3 or not stream.missing or extended in (stream.extended, stream.timestamp):
                body += 4
            # else: rtmpdump and OBS before 30.1 leave the field out of the later chunks of a message
        if kind == 3 and stream.missing:
            length = stream.missing
        else:
            length = int.from_bytes(view[position + 3 : position + 6], "big") if kind < 2 else stream.length
        end = body + min(length, self.chunk_size)
        self._check_length(length)
        if end > available:
            return None
        if kind < 3 or not stream.missing:
            self._begin(stream, kind, view[position : position + HEADER_SIZES[kind]], extended)
        self._take(number, stream, bytes(view[body:end]))
        return end

    def _new_stream(self, number: int, kind: int) -> _ChunkStream:
        # librtmp's first ping has no full header: type 1, without a message stream id
        if kind > 1:
            raise MalformedError(f"RTMP chunk stream {number} starts without a message length")
        if len(self._streams) >= MAX_CHUNK_STREAMS:
            raise RefusedError(f"The publisher uses more than {MAX_CHUNK_STREAMS} RTMP chunk streams")
        stream = self._streams[number] = _ChunkStream()
        return stream

    def _check_length(self, length: int) -> None:
        if length > self.max_message:
            raise TooLongError(f"An RTMP message of {length} bytes is over the limit of {self.max_message}")
        if self._partial + length > MAX_PARTIAL * self.max_message:
            limit = MAX_PARTIAL * self.max_message
            raise TooLongError(f"The publisher has more than {limit} bytes of unfinished RTMP messages")

    def _begin(self, stream: _ChunkStream, kind: int, header: memoryview, extended: int | None) -> None:
        """Start a message. A full header in the middle of one drops it, as Abort does."""
        self._drop(stream)
        if kind < 3:
            stream.extended = extended
            stream.delta = int.from_bytes(header[:3], "big")
        if extended is not None:
            stream.delta = extended
        # With a type 3 chunk after a type 0 chunk the delta is that chunk's timestamp (section 5.3.1.2.4)
        stream.timestamp = stream.delta if kind == 0 else (stream.timestamp + stream.delta) & 0xFFFFFFFF
        if kind < 2:
            stream.length = int.from_bytes(header[3:6], "big")
            stream.type = header[6]
        if kind == 0:
            (stream.stream,) = STREAM_ID.unpack(header[7:])
        stream.missing = stream.length

    def _take(self, number: int, stream: _ChunkStream, piece: bytes) -> None:
        stream.missing -= len(piece)
        if stream.missing:
            stream.pieces += piece
            self._partial += len(piece)
            return
        payload = piece
        if stream.pieces:
            payload = bytes(stream.pieces) + payload
            self._drop(stream)
        message = Message(stream.type, payload, stream.timestamp, stream.stream, number)
        if stream.type in (SET_CHUNK_SIZE, ABORT):
            self._control(message)
        else:
            self._messages.append(message)

    def _control(self, message: Message) -> None:
        if len(message.payload) < 4:
            raise MalformedError("RTMP control message is cut short")
        (value,) = U32.unpack_from(message.payload)
        if message.type == ABORT:
            if stream := self._streams.get(value):
                self._drop(stream)
        elif not 0 < value <= 0x7FFFFFFF:
            raise MalformedError(f"RTMP chunk size {value} is not allowed")
        else:
            self.chunk_size = min(value, MAX_CHUNK_SIZE)

    def _drop(self, stream: _ChunkStream) -> None:
        self._partial -= len(stream.pieces)
        stream.pieces = bytearray()
        stream.missing = 0


class ChunkWriter:
    """Messages in, chunks out. Every message gets a full header: the few bytes buy independence from the last."""

    def __init__(self) -> None:
        self.chunk_size = DEFAULT_CHUNK_SIZE

    def write(self, message: Message) -> bytes:
        """The chunks of one message, with the extended time in every one (section 5.3.1.3)."""
        extended = U32.pack(message.timestamp) if message.timestamp >= EXTENDED else b""
        out = bytearray(_basic_header(0, message.chunk_stream))
        out += min(message.timestamp, EXTENDED).to_bytes(3, "big")
        out += len(message.payload).to_bytes(3, "big")
        out.append(message.type)
        out += STREAM_ID.pack(message.stream) + extended
        out += message.payload[: self.chunk_size]
        following = _basic_header(3, message.chunk_stream) + extended
        for start in range(self.chunk_size, len(message.payload), self.chunk_size):
            out += following
            out += message.payload[start : start + self.chunk_size]
        return bytes(out)


def _basic_header(kind: int, number: int) -> bytes:
    """Section 5.3.1.1: ids up to 63 in one byte, up to 319 in two, up to 65599 in three."""
    if number < 64:
        return bytes([kind << 6 | number])
    if number < 320:
        return bytes([kind << 6, number - 64])
    return bytes([kind << 6 | 1]) + (number - 64).to_bytes(2, "little")
