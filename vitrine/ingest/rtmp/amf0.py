"""AMF 0: the values in commands and metadata (Adobe "Action Message Format -- AMF 0", December 2007)."""

from collections.abc import Callable
from struct import pack, unpack

from vitrine.ingest.rtmp.amf3 import Amf3Reader
from vitrine.ingest.rtmp.amf_values import UNDEFINED, Budget, Date, EcmaArray, Object, Value
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError

NUMBER, BOOLEAN, STRING, OBJECT = 0x00, 0x01, 0x02, 0x03
NULL, UNDEFINED_MARKER, REFERENCE, ECMA_ARRAY = 0x05, 0x06, 0x07, 0x08
OBJECT_END, STRICT_ARRAY, DATE, LONG_STRING = 0x09, 0x0A, 0x0B, 0x0C
UNSUPPORTED, XML_DOCUMENT, TYPED_OBJECT, AVMPLUS = 0x0D, 0x0F, 0x10, 0x11

LONGEST_STRING = 0xFFFF


def decode(data: bytes) -> tuple[Value, ...]:
    """All values of a message body. Raises MalformedError, UnsupportedError or RefusedError."""
    reader = Amf0Reader(ByteReader(data, "AMF message"))
    return tuple(reader.values())


def encode(*values: Value) -> bytes:
    """Values one after another, each in its shortest form."""
    return b"".join(map(_encode, values))


class Amf0Reader:
    """Values front to back."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._budget = Budget()
        self._by_marker: dict[int, Callable[[], Value]] = {
            NUMBER: self._number,
            BOOLEAN: lambda: bool(reader.u8()),
            STRING: self._string,
            OBJECT: self._object,
            NULL: lambda: None,
            UNDEFINED_MARKER: lambda: UNDEFINED,
            ECMA_ARRAY: self._ecma_array,
            STRICT_ARRAY: self._strict_array,
            DATE: self._date,
            LONG_STRING: self._long_string,
            UNSUPPORTED: lambda: UNDEFINED,
            XML_DOCUMENT: self._long_string,
            TYPED_OBJECT: self._typed_object,
            AVMPLUS: lambda: Amf3Reader(reader, self._budget).value(),
        }

    def values(self) -> list[Value]:
        values = []
        while self._reader.remaining:
            values.append(self._value(self._reader.u8()))
        return values

    def _value(self, marker: int) -> Value:
        if marker == REFERENCE:
            raise UnsupportedError("AMF 0 references are not taken")
        if marker not in self._by_marker:
            raise MalformedError(f"AMF 0 knows no values of type {marker}")
        with self._budget:
            return self._by_marker[marker]()

    def _number(self) -> float:
        return float(unpack(">d", self._reader.take(8))[0])

    def _string(self) -> str:
        return self._reader.take(self._reader.u16()).decode("utf-8", "replace")

    def _long_string(self) -> str:
        return self._reader.take(self._reader.u32()).decode("utf-8", "replace")

    def _object(self) -> Object:
        """Section 2.5: until an empty name and the end marker."""
        members: Object = {}
        while True:
            name = self._string()
            marker = self._reader.u8()
            if marker == OBJECT_END and not name:
                return members
            members[name] = self._value(marker)

    def _ecma_array(self) -> EcmaArray:
        """Section 2.10. The count is a hint that encoders get wrong; the end marker decides."""
        self._reader.u32()
        return EcmaArray(self._object())

    def _strict_array(self) -> list[Value]:
        return [self._value(self._reader.u8()) for _ in range(self._reader.u32())]

    def _date(self) -> Date:
        milliseconds = self._number()
        self._reader.take(2)  # the zone, reserved
        return Date(milliseconds)

    def _typed_object(self) -> Object:
        self._string()  # the class name
        return self._object()


def _encode(value: Value) -> bytes:
    if isinstance(value, bool):
        return bytes([BOOLEAN, value])
    if isinstance(value, int | float):
        return pack(">Bd", NUMBER, value)
    if isinstance(value, str):
        return _encode_string(value)
    if value is None:
        return bytes([NULL])
    if value is UNDEFINED:
        return bytes([UNDEFINED_MARKER])
    if isinstance(value, Date):
        return pack(">Bdh", DATE, value.milliseconds, 0)
    if isinstance(value, list):
        return pack(">BI", STRICT_ARRAY, len(value)) + encode(*value)
    if isinstance(value, EcmaArray):
        return pack(">BI", ECMA_ARRAY, len(value)) + _encode_members(value)
    if isinstance(value, dict):
        return bytes([OBJECT]) + _encode_members(value)
    raise MisuseError(f"AMF 0 has no form for {type(value).__name__}")


def _encode_string(text: str) -> bytes:
    data = text.encode()
    if len(data) > LONGEST_STRING:
        return pack(">BI", LONG_STRING, len(data)) + data
    return pack(">BH", STRING, len(data)) + data


def _encode_members(members: Object) -> bytes:
    names = b"".join(_encode_string(name)[1:] + _encode(value) for name, value in members.items())
    return names + bytes([0, 0, OBJECT_END])
