"""Reading a media playlist (draft-22 section 4.4): one method for each tag."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from vitrine.check.playlist.attributes import Attributes, date, decimal, integer, lines_of, substituted
from vitrine.check.playlist.date_ranges import read_date_range
from vitrine.check.playlist.model import (
    ByteRange,
    DateRange,
    Fault,
    Hint,
    MediaPlaylist,
    OpenSegment,
    Part,
    Report,
    Resource,
    Segment,
    ServerControl,
    Skip,
)

MOST_FAULTS = 50
"""Of one playlist. A text of another format would have one a line."""

ONCE = {
    "EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-ENDLIST",
    "EXT-X-PLAYLIST-TYPE", "EXT-X-I-FRAMES-ONLY", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL", "EXT-X-SKIP",
    "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START",
}  # fmt: skip
"""Tags that may not stand twice (sections 4.4.1 to 4.4.3)."""

BEFORE_PARTS = {"EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME"}
"""Tags of a segment that stand before its first part (section 4.4.4.9)."""

OF_MULTIVARIANT = {
    "EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY",
}  # fmt: skip


@dataclass
class _Pending:
    """What stands before the next segment's address."""

    duration: Fraction | None = None
    byte_range: str | None = None
    date: int | None = None
    discontinuity: bool = False
    gap: bool = False
    parts: list[Part] = field(default_factory=list)


class _Reader:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._imported = variables
        self._variables: dict[str, str] = {}
        self._line = 0
        self._faults: list[Fault] = []
        self._tags: set[str] = set()
        self._header: dict[str, Any] = {}
        self._segments: list[Segment] = []
        self._ranges: dict[str, DateRange] = {}
        self._hints: list[Hint] = []
        self._reports: list[Report] = []
        self._pending = _Pending()
        self._skip: Skip | None = None
        self._number = 0
        self._map: Resource | None = None
        self._key: str | None = None
        self._ends: dict[str, int] = {}
        self._table: dict[str, Callable[[str], None]] = {
            "EXT-X-VERSION": self._whole("version"),
            "EXT-X-TARGETDURATION": self._whole("target_duration"),
            "EXT-X-MEDIA-SEQUENCE": self._whole("media_sequence"),
            "EXT-X-DISCONTINUITY-SEQUENCE": self._discontinuity_sequence,
            "EXT-X-PLAYLIST-TYPE": self._playlist_type,
            "EXT-X-PART-INF": self._part_inf,
            "EXT-X-SERVER-CONTROL": self._server_control,
            "EXT-X-START": self._start,
            "EXT-X-DEFINE": self._define,
            "EXT-X-SKIP": self._read_skip,
            "EXTINF": self._extinf,
            "EXT-X-BYTERANGE": lambda value: setattr(self._pending, "byte_range", value),
            "EXT-X-DISCONTINUITY": self._discontinuity,
            "EXT-X-GAP": lambda _: setattr(self._pending, "gap", True),
            "EXT-X-KEY": lambda value: setattr(self, "_key", value),
            "EXT-X-MAP": self._read_map,
            "EXT-X-PROGRAM-DATE-TIME": self._date,
            "EXT-X-PART": self._part,
            "EXT-X-DATERANGE": self._date_range,
            "EXT-X-PRELOAD-HINT": self._hint,
            "EXT-X-RENDITION-REPORT": self._report,
        }

    def read(self, text: str) -> MediaPlaylist:
        if text.startswith("\ufeff"):
            self._note("the playlist begins with a byte order mark (section 4.1)")
        for line in lines_of(text.removeprefix("\ufeff")):
            self._line += 1
            if line.startswith("#EXT"):
                name, _, value = line[1:].partition(":")
                self._tag(name, value)
            elif line and not line.startswith("#"):
                self._address(substituted(line, self._variables, self._note))
        return self._playlist()

    def _playlist(self) -> MediaPlaylist:
        pending = self._pending
        if pending.duration is not None:
            self._note("the last EXTINF has no address after it")
        first = (self._header.get("media_sequence") or 0) + (self._skip.segments if self._skip else 0)
        return MediaPlaylist(
            faults=tuple(self._faults),
            segments=tuple(replace(segment, msn=first + segment.msn) for segment in self._segments),
            open=OpenSegment(tuple(pending.parts), pending.date, pending.discontinuity, self._map),
            date_ranges=self._ranges,
            hints=tuple(self._hints),
            reports=tuple(self._reports),
            skip=self._skip,
            ended="EXT-X-ENDLIST" in self._tags,
            i_frames_only="EXT-X-I-FRAMES-ONLY" in self._tags,
            independent_segments="EXT-X-INDEPENDENT-SEGMENTS" in self._tags,
            tags=frozenset(self._tags),
            **self._header,
        )

    def _note(self, says: str) -> None:
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(Fault(self._line, says))

    def _tag(self, name: str, value: str) -> None:
        if name in ONCE and name in self._tags:
            self._note(f"{name} stands twice")
        if name in OF_MULTIVARIANT:
            self._note(f"{name} belongs in a multivariant playlist, not in a media playlist (section 4.1)")
        if name in BEFORE_PARTS and self._pending.parts:
            self._note(f"{name} stands after a part of the segment that it belongs to (section 4.4.4.9)")
        self._tags.add(name)
        handler = self._table.get(name)
        if handler is not None:
            handler(value)

    def _attributes(self, text: str) -> Attributes:
        return Attributes(text, self._note, self._variables)

    def _whole(self, name: str) -> Callable[[str], None]:
        def read(value: str) -> None:
            if name == "media_sequence" and (self._segments or self._skip):
                self._note("EXT-X-MEDIA-SEQUENCE stands after the first segment (section 4.4.3.2)")
            self._header[name] = integer(value, name.upper().replace("_", " "), self._note)

        return read

    def _discontinuity_sequence(self, value: str) -> None:
        if self._segments or self._pending.discontinuity:
            self._note("EXT-X-DISCONTINUITY-SEQUENCE stands after a segment or discontinuity (section 4.4.3.3)")
        found = integer(value, "EXT-X-DISCONTINUITY-SEQUENCE", self._note)
        self._header["discontinuity_sequence"] = found
        self._number = found or 0

    def _playlist_type(self, value: str) -> None:
        if value not in ("VOD", "EVENT"):
            self._note(f"EXT-X-PLAYLIST-TYPE is {value[:40]!r}, neither VOD nor EVENT (section 4.4.3.5)")
        self._header["playlist_type"] = value

    def _part_inf(self, value: str) -> None:
        target = self._attributes(value).decimal("PART-TARGET")
        if not target:
            self._note("EXT-X-PART-INF has no PART-TARGET above 0 (section 4.4.3.7)")
        self._header["part_target"] = target or None

    def _server_control(self, value: str) -> None:
        attributes = self._attributes(value)
        self._header["server_control"] = ServerControl(
            can_block_reload=attributes.flag("CAN-BLOCK-RELOAD"),
            can_skip_until=attributes.decimal("CAN-SKIP-UNTIL"),
            can_skip_dateranges=attributes.flag("CAN-SKIP-DATERANGES"),
            hold_back=attributes.decimal("HOLD-BACK"),
            part_hold_back=attributes.decimal("PART-HOLD-BACK"),
        )

    def _start(self, value: str) -> None:
        self._header["start_offset"] = self._attributes(value).decimal("TIME-OFFSET")

    def _define(self, value: str) -> None:
        """Section 4.4.2.3; what comes from the address of the playlist itself is left to the caller."""
        attributes = self._attributes(value)
        name = attributes.quoted("NAME")
        if name is not None:
            self._variables[name] = attributes.quoted("VALUE") or ""
        for source in ("IMPORT", "QUERYPARAM"):
            imported = attributes.quoted(source)
            if imported is not None and imported in self._imported:
                self._variables[imported] = self._imported[imported]
            elif imported is not None:
                self._note(f"EXT-X-DEFINE takes {imported} from elsewhere ({source}), where there is none")

    def _read_skip(self, value: str) -> None:
        if self._segments:
            self._note("EXT-X-SKIP stands after a segment (section 4.4.5.2)")
        attributes = self._attributes(value)
        count = attributes.integer("SKIPPED-SEGMENTS")
        if count is None:
            self._note("EXT-X-SKIP has no SKIPPED-SEGMENTS (section 4.4.5.2)")
        removed = attributes.quoted("RECENTLY-REMOVED-DATERANGES")
        ids = None if removed is None else tuple(each for each in removed.split("\t") if each)
        self._skip = Skip(count or 0, ids)

    def _extinf(self, value: str) -> None:
        number, comma, _ = value.partition(",")
        if not comma:
            self._note("EXTINF lacks the comma after the duration (section 4.4.4.1)")
        if self._pending.duration is not None:
            self._note("an EXTINF has no address after it")
        self._pending.duration = decimal(number.strip(), "EXTINF", self._note)

    def _discontinuity(self, _value: str) -> None:
        self._pending.discontinuity = True
        self._number += 1

    def _date(self, value: str) -> None:
        self._pending.date = date(value, "EXT-X-PROGRAM-DATE-TIME", self._note)

    def _read_map(self, value: str) -> None:
        attributes = self._attributes(value)
        self._map = self._resource(attributes.required("URI"), attributes.quoted("BYTERANGE"))

    def _part(self, value: str) -> None:
        attributes = self._attributes(value)
        duration = attributes.decimal("DURATION")
        if duration is None:
            self._note("EXT-X-PART has no DURATION (section 4.4.4.9)")
        resource = self._resource(attributes.required("URI"), attributes.quoted("BYTERANGE"))
        independent, gap = attributes.flag("INDEPENDENT"), attributes.flag("GAP")
        self._pending.parts.append(Part(resource, duration or Fraction(0), independent, gap))

    def _date_range(self, value: str) -> None:
        found = read_date_range(self._attributes(value), self._ranges, self._note)
        if found is not None:
            self._ranges[found.id] = found

    def _hint(self, value: str) -> None:
        attributes = self._attributes(value)
        kind = attributes.word("TYPE") or ""
        if kind not in ("PART", "MAP"):
            self._note(f"EXT-X-PRELOAD-HINT has the type {kind!r}, neither PART nor MAP (section 4.4.5.3)")
        start, length = attributes.integer("BYTERANGE-START"), attributes.integer("BYTERANGE-LENGTH")
        ranged = start is not None or length is not None
        byte_range = ByteRange(start or 0, length) if ranged else None
        self._hints.append(Hint(kind, Resource(attributes.required("URI"), byte_range)))

    def _report(self, value: str) -> None:
        attributes = self._attributes(value)
        last_msn, last_part = attributes.integer("LAST-MSN"), attributes.integer("LAST-PART")
        self._reports.append(Report(attributes.required("URI"), last_msn, last_part))

    def _resource(self, uri: str, byte_range: str | None) -> Resource:
        """`LENGTH@START`; without a start it follows the range before it (sections 4.4.4.2 and 4.4.4.9)."""
        if byte_range is None:
            return Resource(uri)
        length, _, start = byte_range.partition("@")
        size = integer(length, "BYTERANGE", self._note) or 0
        first = integer(start, "BYTERANGE", self._note) if start else self._ends.get(uri)
        if first is None:
            self._note(f"the byte range {byte_range[:40]!r} has no start, and no range of {uri[:80]!r} came before it")
        self._ends[uri] = (first or 0) + size
        return Resource(uri, ByteRange(first or 0, size))

    def _address(self, uri: str) -> None:
        pending, self._pending = self._pending, _Pending()
        if pending.duration is None:
            self._note(f"the address {uri[:80]!r} has no EXTINF before it (section 4.4.4.1)")
        self._segments.append(
            Segment(
                msn=len(self._segments),
                resource=self._resource(uri, pending.byte_range),
                duration=pending.duration or Fraction(0),
                parts=tuple(pending.parts),
                date=pending.date,
                discontinuity=pending.discontinuity,
                number=self._number,
                gap=pending.gap,
                map=self._map,
                key=self._key,
            )
        )


NO_VARIABLES: Mapping[str, str] = {}


def parse_media(text: str, variables: Mapping[str, str] = NO_VARIABLES) -> MediaPlaylist:
    """Read a media playlist. Raises MalformedError only for what is no playlist at all.

    `variables` are those that it may import: of the multivariant playlist and of its own address.
    """
    return _Reader(variables).read(text)
