"""Reading a multivariant playlist (draft-22 section 4.4.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from vitrine.check.playlist.attributes import Attributes, integer, lines_of, substituted
from vitrine.check.playlist.model import Fault

GROUPS = ("AUDIO", "VIDEO", "SUBTITLES")


@dataclass(frozen=True, slots=True)
class Variant:
    """EXT-X-STREAM-INF and its address. `groups` are the names of its groups by type."""

    uri: str
    bandwidth: int | None
    average_bandwidth: int | None
    codecs: tuple[str, ...] | None
    resolution: tuple[int, int] | None
    frame_rate: Fraction | None
    score: Fraction | None
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Alternative:
    """EXT-X-MEDIA; `uri` is None where the media are those of the variant."""

    kind: str
    group: str
    name: str
    uri: str | None
    default: bool
    autoselect: bool


@dataclass(frozen=True, slots=True)
class Multivariant:
    """A multivariant playlist as read. `variables` are those that media playlists may import."""

    faults: tuple[Fault, ...]
    version: int | None
    independent_segments: bool
    variants: tuple[Variant, ...]
    alternatives: tuple[Alternative, ...]
    variables: Mapping[str, str]

    def group(self, kind: str, name: str) -> list[Alternative]:
        return [each for each in self.alternatives if (each.kind, each.group) == (kind, name)]


def is_multivariant(text: str) -> bool:
    """Section 4.1: it is one if it has a tag of one."""
    return any(line.startswith(("#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:")) for line in text.split("\n"))


class _Reader:
    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self._line = 0
        self._faults: list[Fault] = []
        self._variables: dict[str, str] = {}
        self._variants: list[Variant] = []
        self._alternatives: list[Alternative] = []
        self._pending: Attributes | None = None

    def read(self, text: str) -> Multivariant:
        version, independent = None, False
        for line in lines_of(text.removeprefix("\ufeff")):
            self._line += 1
            name, _, value = line.partition(":")
            if name == "#EXT-X-VERSION":
                version = integer(value, "EXT-X-VERSION", self._note)
            elif name == "#EXT-X-INDEPENDENT-SEGMENTS":
                independent = True
            elif name == "#EXT-X-DEFINE":
                self._define(self._attributes(value))
            elif name == "#EXT-X-MEDIA":
                self._alternative(self._attributes(value))
            elif name == "#EXT-X-STREAM-INF":
                self._pending = self._attributes(value)
            elif line and not line.startswith("#"):
                self._variant(substituted(line, self._variables, self._note))
        faults, variants = tuple(self._faults), tuple(self._variants)
        return Multivariant(faults, version, independent, variants, tuple(self._alternatives), self._variables)

    def _note(self, says: str) -> None:
        self._faults.append(Fault(self._line, says))

    def _attributes(self, text: str) -> Attributes:
        return Attributes(text, self._note, self._variables)

    def _define(self, attributes: Attributes) -> None:
        name = attributes.quoted("NAME")
        if name is not None:
            self._variables[name] = attributes.quoted("VALUE") or ""
        parameter = attributes.quoted("QUERYPARAM")
        if parameter is not None:
            self._variables[parameter] = self._query.get(parameter, "")

    def _alternative(self, attributes: Attributes) -> None:
        kind = attributes.word("TYPE") or ""
        if kind not in (*GROUPS, "CLOSED-CAPTIONS"):
            self._note(f"EXT-X-MEDIA has the type {kind!r} (section 4.4.6.1)")
        group, name, uri = attributes.required("GROUP-ID"), attributes.required("NAME"), attributes.quoted("URI")
        if kind == "SUBTITLES" and uri is None:
            self._note(f"the subtitles {name!r} have no URI (section 4.4.6.1)")
        default, autoselect = attributes.flag("DEFAULT"), attributes.flag("AUTOSELECT")
        if default and attributes.raw.get("AUTOSELECT") == "NO":
            self._note(f"{name!r} is DEFAULT, so AUTOSELECT has to be YES (section 4.4.6.1)")
        if any((each.kind, each.group, each.name) == (kind, group, name) for each in self._alternatives):
            self._note(f"the group {group!r} has two members with the name {name!r} (section 4.4.6.1.1)")
        self._alternatives.append(Alternative(kind, group, name, uri, default, autoselect))

    def _variant(self, uri: str) -> None:
        attributes, self._pending = self._pending, None
        if attributes is None:
            self._note(f"the address {uri[:80]!r} has no EXT-X-STREAM-INF before it (section 4.4.6.2)")
            return
        codecs = attributes.quoted("CODECS")
        names = None if codecs is None else tuple(each.strip() for each in codecs.split(",") if each.strip())
        groups = {kind: attributes.quoted(kind) or "" for kind in GROUPS if kind in attributes.raw}
        self._variants.append(
            Variant(
                uri=uri,
                bandwidth=attributes.integer("BANDWIDTH"),
                average_bandwidth=attributes.integer("AVERAGE-BANDWIDTH"),
                codecs=names,
                resolution=attributes.resolution("RESOLUTION"),
                frame_rate=attributes.decimal("FRAME-RATE"),
                score=attributes.decimal("SCORE"),
                groups=groups,
            )
        )


NO_QUERY: Mapping[str, str] = {}


def parse_multivariant(text: str, query: Mapping[str, str] = NO_QUERY) -> Multivariant:
    """Read a multivariant playlist; `query` are the parameters of its own address. Raises MalformedError."""
    return _Reader(query).read(text)
