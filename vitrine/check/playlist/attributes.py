"""Attribute lists and the values in them (draft-22 section 4.2), with a fault noted for everything that is wrong."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from vitrine.media.errors import MalformedError

Note = Callable[[str], None]
"""Takes what is wrong, in words."""

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",\s][^",]*)(?:,|$)')
DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
INTEGER = re.compile(r"[0-9]{1,20}")
VARIABLE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Attributes:
    """One attribute list. Every value is a str as it stands in the playlist, quotation marks included."""

    def __init__(self, text: str, note: Note, variables: Mapping[str, str]) -> None:
        self._note = note
        self.raw: dict[str, str] = {}
        position = 0
        while position < len(text):
            match = ATTRIBUTE.match(text, position)
            if match is None:
                note(f"an attribute list is not NAME=value,NAME=value: {text[position : position + 60]!r}")
                break
            name, value = match.groups()
            if name in self.raw:
                note(f"{name} stands twice in one attribute list")
            self.raw.setdefault(name, substituted(value, variables, note))
            position = match.end()

    def quoted(self, name: str) -> str | None:
        """A quoted-string without its marks."""
        value = self.raw.get(name)
        if value is None:
            return None
        if not value.startswith('"'):
            self._note(f"{name}={value} lacks its quotation marks")
            return value
        return value[1:-1]

    def required(self, name: str) -> str:
        """A quoted-string that has to be there; the empty string where it is not."""
        value = self.quoted(name)
        if value is None:
            self._note(f"{name} is missing")
        return value or ""

    def word(self, name: str) -> str | None:
        """An enumerated-string."""
        value = self.raw.get(name)
        if value is not None and value.startswith('"'):
            self._note(f"{name}={value} has quotation marks that do not belong there")
            return value[1:-1]
        return value

    def flag(self, name: str) -> bool:
        """YES, or NO where it is absent."""
        value = self.word(name)
        if value not in (None, "YES", "NO"):
            self._note(f"{name}={value} is neither YES nor NO")
        return value == "YES"

    def integer(self, name: str) -> int | None:
        value = self.word(name)
        return None if value is None else integer(value, name, self._note)

    def decimal(self, name: str) -> Fraction | None:
        value = self.word(name)
        return None if value is None else decimal(value, name, self._note)

    def date(self, name: str) -> int | None:
        value = self.quoted(name)
        return None if value is None else date(value, name, self._note)

    def resolution(self, name: str) -> tuple[int, int] | None:
        value = self.word(name)
        if value is None:
            return None
        width, _, height = value.partition("x")
        if not (INTEGER.fullmatch(width) and INTEGER.fullmatch(height)):
            self._note(f"{name}={value} is not WIDTHxHEIGHT")
            return None
        return int(width), int(height)


def integer(text: str, name: str, note: Note) -> int | None:
    """A decimal-integer."""
    if not INTEGER.fullmatch(text):
        note(f"{name} is {text[:40]!r}, which is no whole number")
        return None
    return int(text)


def decimal(text: str, name: str, note: Note) -> Fraction | None:
    """A decimal-floating-point, exactly as it is written; no sign but a minus, no exponent."""
    if not DECIMAL.fullmatch(text):
        note(f"{name} is {text[:40]!r}, which is no decimal number")
        return None
    return Fraction(text)


def date(text: str, name: str, note: Note) -> int | None:
    """An ISO 8601 date as nanoseconds since 1970 in UTC; one without a zone is taken as UTC, and noted."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        note(f"{name} is {text[:40]!r}, which is no date of ISO 8601")
        return None
    if found.tzinfo is None:
        note(f"{name} is {text!r}, which names no time zone")
        found = found.replace(tzinfo=UTC)
    return (found - EPOCH) // timedelta(microseconds=1) * 1000


def substituted(text: str, variables: Mapping[str, str], note: Note) -> str:
    """Section 4.3: `{$name}` stands for what EXT-X-DEFINE gave that name."""

    def value(match: re.Match[str]) -> str:
        found = variables.get(match[1])
        if found is None:
            note(f"the variable {match[1]} is used, but EXT-X-DEFINE does not define it")
        return found or ""

    return VARIABLE.sub(value, text) if "{$" in text else text


MOST_LINES = 400_000
"""A day of segments of two seconds, each with a date, takes 130,000."""


def lines_of(text: str) -> list[str]:
    """The lines of a playlist. Raises MalformedError for what is not one."""
    if not text.removeprefix("\ufeff").startswith("#EXTM3U"):
        beginning = text[:40].partition("\n")[0]
        raise MalformedError(f"This is no HLS playlist: it begins with {beginning!r}, not with #EXTM3U")
    if text.count("\n") > MOST_LINES:
        raise MalformedError(f"The playlist has more than {MOST_LINES} lines; that many are not read")
    return [line.rstrip("\r") for line in text.split("\n")]
