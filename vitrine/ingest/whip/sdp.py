"""SDP (RFC 8866) as WebRTC uses it: lines in sections, and the candidates of ICE. offer.py judges what is in it."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vitrine.media.errors import MalformedError

MAX_LINES = 2_000
"""Chrome's offer of two tracks with all of its codecs has 150 lines, and one more for each candidate."""

MAX_SECTIONS = 8
"""Media sections read at all: enough to say what is wrong with an offer of too many tracks."""

MAX_CANDIDATES = 32
"""Candidates taken of one publisher: each is checked against each of ours. A laptop with three networks sends 12."""

LINE = re.compile(r"([a-z])=([^\0\r]*)")
"""RFC 8866 section 9, byte-string: a line end within a line would be another line to the next reader."""

MEDIA = re.compile(r"(\S+) (\d{1,5})(?:/\d+)? (\S+)((?: \S+)+)")
WORD = r"[!#-'*+.0-9A-Z^-~-]+"
"""RFC 8866 section 9."""

ATTRIBUTE = re.compile(rf"({WORD})(?::(.*))?")
CANDIDATE = re.compile(
    r"(?P<foundation>[\w+/]{1,32}) (?P<component>\d{1,3}) (?P<transport>\S{1,16}) (?P<priority>\d{1,10}) "
    r"(?P<address>\S{1,255}) (?P<port>\d{1,5}) typ (?P<type>host|srflx|prflx|relay)\b",
    re.ASCII,
)
"""RFC 8839 section 5.1, as far as a check needs it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A media section, or what stands before the first. `attributes` are names and values, '' where there is none."""

    media: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.attributes if each == name]

    def value(self, name: str) -> str | None:
        """The first of that name."""
        return next(iter(self.values(name)), None)


@dataclass(frozen=True, slots=True)
class Description:
    """A session description: what counts for all of it, and its media sections."""

    session: Section
    media: tuple[Section, ...]


def split_lines(body: bytes) -> list[tuple[str, str]]:
    """Type and value of each line. Raises MalformedError."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("The body is not SDP: it is not text") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) > MAX_LINES:
        raise MalformedError(f"The SDP has {len(lines)} lines; the most that is read is {MAX_LINES}")
    found = [LINE.fullmatch(line) for line in lines]
    if not lines or not all(found):
        wrong = found.index(None) + 1 if None in found else 1
        raise MalformedError(f"The body is not SDP: line {wrong} does not begin with a letter and an equals sign")
    return [(match[1], match[2]) for match in found if match]


def read_sections(lines: Iterable[tuple[str, str]]) -> Description:
    """Lines put into sections. Raises MalformedError."""
    heads: list[tuple[str, int, str, tuple[str, ...]]] = [("", 0, "", ())]
    attributes: list[list[tuple[str, str]]] = [[]]
    for kind, value in lines:
        if kind == "m":
            heads.append(_read_media(value))
            attributes.append([])
            if len(heads) > MAX_SECTIONS + 1:
                raise MalformedError(f"The SDP has more than {MAX_SECTIONS} media sections")
        elif kind == "a":
            match = ATTRIBUTE.fullmatch(value)
            if not match:
                raise MalformedError(f"The SDP has an attribute without a name: a={value[:40]}")
            attributes[-1].append((match[1], match[2] or ""))
    sections = tuple(Section(*head, tuple(each)) for head, each in zip(heads, attributes, strict=True))
    return Description(sections[0], sections[1:])


def _read_media(value: str) -> tuple[str, int, str, tuple[str, ...]]:
    match = MEDIA.fullmatch(value)
    if not match:
        raise MalformedError(f"The SDP has a media line that cannot be read: m={value[:40]}")
    return match[1], int(match[2]), match[3], tuple(match[4].split())


def read_description(body: bytes) -> Description:
    """A whole session description. Raises MalformedError."""
    lines = split_lines(body)
    if lines[0] != ("v", "0"):
        raise MalformedError("The body is not SDP: it does not begin with v=0")
    return read_sections(lines)


def usable_candidates(sections: Iterable[Section]) -> tuple[str, ...]:
    """The values of `a=candidate` lines that a check can be sent to, MAX_CANDIDATES at most, in one form.

    The others are left out without a word (RFC 9725 section 4.3.2): TCP, a second component, names. A name, such as
    browsers make to hide an address (mDNS), is not needed: the publisher's own check tells where it is.
    """
    found = dict.fromkeys(candidate for section in sections for candidate in _usable(section.values("candidate")))
    return tuple(found)[:MAX_CANDIDATES]


def _usable(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        match = CANDIDATE.match(value)
        if not match or match["component"] != "1" or match["transport"].lower() != "udp":
            continue
        try:
            address = ipaddress.ip_address(match["address"])
        except ValueError:
            continue
        if 0 < int(match["port"]) < 1 << 16 and int(match["priority"]) < 1 << 32:
            yield (f"{match['foundation']} 1 udp {match['priority']} {address} {match['port']} typ {match['type']}")
