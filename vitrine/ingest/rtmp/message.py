"""What messages mean, by their type (RTMP 1.0 sections 5.4 and 7.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from vitrine.ingest.rtmp import amf0
from vitrine.ingest.rtmp.amf_values import Value
from vitrine.ingest.rtmp.chunk import Message
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError

CONTROL_CHUNK_STREAM = 2
"""Section 5.3.1.1: protocol control goes here, on message stream 0."""

COMMAND_CHUNK_STREAM = 3
STATUS_CHUNK_STREAM = 5

MAX_AGGREGATED = 256
"""Messages in one aggregate. They are made to save headers of small ones; each costs as much as one that comes alone,
and nothing else has its turn until the last."""

SHUTDOWN_CODE = "NetConnection.Connect.AppShutdown"
"""Of a status: the server ends, and a publisher may come back. Those of other refusals mean the publisher itself."""


class MessageType(IntEnum):
    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA_AMF0 = 18
    COMMAND_AMF0 = 20
    AGGREGATE = 22


class UserControlType(IntEnum):
    """Section 7.1.7."""

    STREAM_BEGIN = 0
    PING_REQUEST = 6
    PING_RESPONSE = 7


class BandwidthLimit(IntEnum):
    """Section 5.4.5."""

    HARD = 0
    SOFT = 1
    DYNAMIC = 2


def control(kind: MessageType, value: int) -> Message:
    """Set Chunk Size, Abort, Acknowledgement and Window Acknowledgement Size hold one 32-bit number."""
    return Message(kind, value.to_bytes(4, "big"), chunk_stream=CONTROL_CHUNK_STREAM)


def control_value(message: Message) -> int:
    """The number in such a message. Raises MalformedError."""
    return ByteReader(message.payload, "RTMP control message").u32()


def peer_bandwidth(window: int, limit: BandwidthLimit) -> Message:
    payload = window.to_bytes(4, "big") + bytes([limit])
    return Message(MessageType.PEER_BANDWIDTH, payload, chunk_stream=CONTROL_CHUNK_STREAM)


@dataclass(frozen=True, slots=True)
class UserControl:
    """Section 7.1.7. `kind` may be outside of UserControlType: unknown ones are to be ignored."""

    kind: int
    data: bytes

    @classmethod
    def decode(cls, payload: bytes) -> "UserControl":
        reader = ByteReader(payload, "RTMP user control message")
        return cls(reader.u16(), reader.rest())

    def message(self) -> Message:
        payload = self.kind.to_bytes(2, "big") + self.data
        return Message(MessageType.USER_CONTROL, payload, chunk_stream=CONTROL_CHUNK_STREAM)


@dataclass(frozen=True, slots=True)
class Command:
    """Section 7.1.1: name, transaction, and arguments of which the first is the command object or null."""

    name: str
    transaction: float
    arguments: tuple[Value, ...] = ()

    @classmethod
    def decode(cls, message: Message) -> "Command":
        """Raises MalformedError, UnsupportedError or RefusedError."""
        values = _amf_values(message, MessageType.COMMAND_AMF3)
        if not values or not isinstance(values[0], str):
            raise MalformedError("RTMP command has no name")
        transaction = values[1] if len(values) > 1 else 0.0
        return cls(values[0], transaction if isinstance(transaction, float) else 0.0, values[2:])

    def message(self, stream: int = 0, chunk_stream: int = COMMAND_CHUNK_STREAM) -> Message:
        payload = amf0.encode(self.name, self.transaction, *self.arguments)
        return Message(MessageType.COMMAND_AMF0, payload, stream=stream, chunk_stream=chunk_stream)

    def text(self, position: int) -> str:
        """A string argument, empty if there is none."""
        value = self.arguments[position] if position < len(self.arguments) else ""
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Data:
    """Section 7.1.2: a named event and its values. `@setDataFrame`, which asks a server to keep it, is taken off."""

    name: str
    values: tuple[Value, ...]

    @classmethod
    def decode(cls, message: Message) -> "Data":
        """Raises MalformedError, UnsupportedError or RefusedError."""
        values = _amf_values(message, MessageType.DATA_AMF3)
        if values and values[0] == "@setDataFrame":
            values = values[1:]
        if not values or not isinstance(values[0], str):
            raise MalformedError("RTMP data message has no name")
        return cls(values[0], values[1:])

    def message(self, stream: int, chunk_stream: int, timestamp: int = 0, *, keep: bool = True) -> Message:
        """`keep` asks the server to give it to those who join later too."""
        prefix = ("@setDataFrame",) if keep else ()
        payload = amf0.encode(*prefix, self.name, *self.values)
        return Message(MessageType.DATA_AMF0, payload, timestamp, stream, chunk_stream)


def _amf_values(message: Message, amf3_type: MessageType) -> tuple[Value, ...]:
    payload = message.payload
    if message.type == amf3_type and payload[:1] == b"\x00":
        payload = payload[1:]  # the format: AMF 0, in which single values may switch to AMF 3
    return amf0.decode(payload)


def split_aggregate(message: Message) -> Iterator[Message]:
    """The messages in an aggregate (section 7.1.6): FLV tags, whose times keep their distance to the first's.

    Raises MalformedError.
    """
    reader = ByteReader(message.payload, "RTMP aggregate message")
    offset: int | None = None
    for _ in range(MAX_AGGREGATED):
        if not reader.remaining:
            return
        kind, size = reader.u8(), reader.u24()
        timestamp = reader.u24() | reader.u8() << 24
        reader.take(3)  # message stream id, to be ignored
        payload = reader.take(size)
        reader.take(4)  # back pointer
        if offset is None:
            offset = message.timestamp - timestamp
        yield Message(kind, payload, (timestamp + offset) & 0xFFFFFFFF, message.stream, message.chunk_stream)
    if reader.remaining:
        raise MalformedError(f"RTMP aggregate message has more than {MAX_AGGREGATED} messages")
