"""AMF 3, reading only: a publisher may switch single values to it (Adobe "AMF 3", January 2013)."""

from collections.abc import Callable
from struct import unpack

from vitrine.ingest.rtmp.amf_values import UNDEFINED, Budget, Date, Object, Value
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, UnsupportedError

INTEGER_SIGN = 1 << 28
"""Integers have 29 bits, the highest of them the sign (section 3.6)."""


class Amf3Reader:
    """One value and what it refers to. The tables of references live as long as the value (section 4.1 of AMF 0)."""

    def __init__(self, reader: ByteReader, budget: Budget) -> None:
        self._reader = reader
        self._budget = budget
        self._strings: list[str] = []
        self._objects: list[Value] = []
        self._traits: list[tuple[tuple[str, ...], bool]] = []
        self._by_marker: dict[int, Callable[[], Value]] = {
            0x00: lambda: UNDEFINED,
            0x01: lambda: None,
            0x02: lambda: False,
            0x03: lambda: True,
            0x04: self._integer,
            0x05: self._double,
            0x06: self._string,
            0x07: self._xml,
            0x08: self._date,
            0x09: self._array,
            0x0A: self._object,
            0x0B: self._xml,
            0x0C: self._bytes,
        }

    def value(self) -> Value:
        """Raises MalformedError, UnsupportedError or RefusedError."""
        marker = self._reader.u8()
        if marker not in self._by_marker:
            raise UnsupportedError(f"AMF 3 values of type {marker} are not taken")
        with self._budget:
            return self._by_marker[marker]()

    def _u29(self) -> int:
        """Section 1.3.1: seven bits a byte, eight in the fourth."""
        number = 0
        for _ in range(3):
            byte = self._reader.u8()
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                return number
        return number << 8 | self._reader.u8()

    def _integer(self) -> float:
        number = self._u29()
        return float(number - 2 * INTEGER_SIGN if number & INTEGER_SIGN else number)

    def _double(self) -> float:
        return float(unpack(">d", self._reader.take(8))[0])

    def _string(self) -> str:
        header = self._u29()
        if not header & 1:
            return self._strings[self._check(header >> 1, len(self._strings))]
        text = self._reader.take(header >> 1).decode("utf-8", "replace")
        if text:
            self._strings.append(text)
        return text

    def _known(self, header: int) -> Value:
        return self._objects[self._check(header >> 1, len(self._objects))]

    def _check(self, index: int, count: int) -> int:
        if index >= count:
            raise MalformedError("An AMF 3 value refers to another that is not there")
        return index

    def _xml(self) -> Value:
        header = self._u29()
        if not header & 1:
            return self._known(header)
        text = self._reader.take(header >> 1).decode("utf-8", "replace")
        self._objects.append(text)
        return text

    def _bytes(self) -> Value:
        header = self._u29()
        if not header & 1:
            return self._known(header)
        data = self._reader.take(header >> 1)
        self._objects.append(data)
        return data

    def _date(self) -> Value:
        header = self._u29()
        if not header & 1:
            return self._known(header)
        date = Date(self._double())
        self._objects.append(date)
        return date

    def _array(self) -> Value:
        """Section 3.11. With names it becomes an object that holds the dense part by number."""
        header = self._u29()
        if not header & 1:
            return self._finished(self._known(header))
        place = len(self._objects)
        self._objects.append(UNDEFINED)
        named = self._named_values()
        dense = [self.value() for _ in range(header >> 1)]
        array: Value = {**named, **{str(index): each for index, each in enumerate(dense)}} if named else dense
        self._objects[place] = array
        return array

    def _object(self) -> Value:
        """Section 3.12."""
        header = self._u29()
        if not header & 1:
            return self._finished(self._known(header))
        names, dynamic = self._read_traits(header)
        place = len(self._objects)
        self._objects.append(UNDEFINED)
        members: Object = {name: self.value() for name in names}
        if dynamic:
            members |= self._named_values()
        self._objects[place] = members
        return members

    def _finished(self, value: Value) -> Value:
        """An object that is referred to from within itself has no value yet: AMF 3 knows cycles, we do not."""
        if value is UNDEFINED:
            raise UnsupportedError("AMF 3 objects that hold themselves are not taken")
        return value

    def _read_traits(self, header: int) -> tuple[tuple[str, ...], bool]:
        if not header & 2:
            return self._traits[self._check(header >> 2, len(self._traits))]
        if header & 4:
            raise UnsupportedError("AMF 3 objects with a form of their own are not taken")
        self._string()  # the class name
        traits = tuple(self._counted_string() for _ in range(header >> 4)), bool(header & 8)
        self._traits.append(traits)
        return traits

    def _counted_string(self) -> str:
        with self._budget:
            return self._string()

    def _named_values(self) -> Object:
        named: Object = {}
        while name := self._string():
            named[name] = self.value()
        return named
