"""The event message: something that happens at a moment of the media (ISO/IEC 23009-1 section 5.10.3.3).

Contained in: the file, before the `moof` in whose time the moment lies. ID3 in it: aomediacodec.github.io/id3-emsg.
"""

from dataclasses import dataclass

from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.packager.cmaf.box import Box, full_box

ID3_SCHEME = "https://aomedia.org/emsg/ID3"

UNKNOWN_DURATION = 0xFFFFFFFF
"""What ID3 has: it holds until something else is said."""


@dataclass(frozen=True, slots=True)
class Emsg:
    """Version 1. `presentation_time` counts `timescale` ticks a second; events of one `id` say the same."""

    timescale: int
    presentation_time: int
    id: int
    data: bytes
    duration: int = UNKNOWN_DURATION
    scheme: str = ID3_SCHEME
    value: str = ""

    def encode(self) -> bytes:
        fields = (
            self.timescale.to_bytes(4, "big"),
            self.presentation_time.to_bytes(8, "big"),
            self.duration.to_bytes(4, "big"),
            self.id.to_bytes(4, "big"),
            _terminated(self.scheme),
            _terminated(self.value),
            self.data,
        )
        return full_box(b"emsg", 1, 0, *fields)

    @classmethod
    def decode(cls, box: Box) -> "Emsg":
        """Raises MalformedError, and UnsupportedError for version 0, which ID3 may not use."""
        reader = ByteReader(box.body, "emsg box")
        version = reader.u8()
        reader.u24()
        if version != 1:
            raise UnsupportedError(f"emsg box has version {version}; only 1 is read")
        timescale, time, duration, number = reader.u32(), reader.u64(), reader.u32(), reader.u32()
        scheme, rest = _text(reader.rest())
        value, data = _text(rest)
        return cls(timescale, time, number, data, duration, scheme, value)


def _terminated(text: str) -> bytes:
    if "\0" in text:
        raise MisuseError(f"An event message cannot hold {text!r}")
    return text.encode() + b"\0"


def _text(data: bytes) -> tuple[str, bytes]:
    """A text up to its zero, and what follows."""
    text, ending, rest = data.partition(b"\0")
    if not ending:
        raise MalformedError("emsg box is cut short: a text in it has no end")
    try:
        return text.decode(), rest
    except UnicodeDecodeError as error:
        raise MalformedError("emsg box holds a text that is not UTF-8") from error
