"""An ID3v2.4 tag that holds one text of the user's own (id3v2.4.0-structure, id3v2.4.0-frames section 4.2.6)."""

from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError

IDENTIFIER = b"ID3"
VERSION = b"\x04\x00"
USER_TEXT = b"TXXX"
UTF_8 = 3
HEADER_SIZE = 10
"""Of a tag, and of each frame in it."""

LARGEST = (1 << 28) - 1
"""What four bytes of seven bits each can say."""


def syncsafe(number: int) -> bytes:
    """A number in four bytes whose upper bits are 0, so that no decoder of MPEG audio takes them for its own."""
    if not 0 <= number <= LARGEST:
        raise MisuseError(f"An ID3 tag cannot state the size {number}")
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _size(reader: ByteReader) -> int:
    """Raises MalformedError."""
    number = 0
    for byte in reader.take(4):
        if byte & 0x80:
            raise MalformedError("ID3 tag states a size that is not syncsafe")
        number = number << 7 | byte
    return number


@dataclass(frozen=True, slots=True)
class UserText:
    """A TXXX frame, in UTF-8. `description` says which of many texts this is."""

    description: str
    value: str

    def encode(self) -> bytes:
        """A whole tag. Raises MisuseError for a description that would end early."""
        if "\0" in self.description:
            raise MisuseError(f"An ID3 description cannot hold {self.description!r}")
        body = b"".join((bytes([UTF_8]), self.description.encode(), b"\0", self.value.encode()))
        frame = b"".join((USER_TEXT, syncsafe(len(body)), bytes(2), body))
        return b"".join((IDENTIFIER, VERSION, bytes(1), syncsafe(len(frame)), frame))

    @classmethod
    def decode(cls, tag: bytes) -> "UserText":
        """The first TXXX frame of a tag, whatever stands around it. Raises MalformedError, UnsupportedError."""
        reader = ByteReader(tag, "ID3 tag")
        if reader.take(3) != IDENTIFIER:
            raise MalformedError("ID3 tag does not start with ID3")
        if reader.take(2) != VERSION or reader.u8():
            raise UnsupportedError("ID3 tag is not of version 2.4, or uses one of its options; neither is read")
        frames = ByteReader(reader.take(_size(reader)), "ID3 tag")
        while frames.remaining >= HEADER_SIZE:
            kind = frames.take(4)
            size, options = _size(frames), frames.u16()
            body = frames.take(size)
            if kind == USER_TEXT:
                return cls._read(body, options)
        raise MalformedError("ID3 tag holds no TXXX frame")

    @classmethod
    def _read(cls, body: bytes, options: int) -> "UserText":
        if options or body[:1] != bytes([UTF_8]):
            raise UnsupportedError("ID3 text is not plain UTF-8, which alone is read")
        description, ending, value = body[1:].partition(b"\0")
        if not ending:
            raise MalformedError("ID3 text has no value")
        try:
            return cls(description.decode(), value.decode())
        except UnicodeDecodeError as error:
            raise MalformedError("ID3 text is not UTF-8, though it says so") from error
