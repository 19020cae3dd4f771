"""What a media playlist says. Durations are exact seconds, dates nanoseconds since 1970 in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not written as it has to be. `line` counts from 1."""

    line: int
    says: str


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes of a resource; `length` is None for a hint whose end is not known yet."""

    start: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be fetched: an address as written, and perhaps only a range of it."""

    uri: str
    byte_range: ByteRange | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """EXT-X-PART."""

    resource: Resource
    duration: Fraction
    independent: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment with all that applies to it. `date` is only what is written for it, not what follows from others.

    `discontinuity` says whether the tag stands before it; `number` is its discontinuity sequence number.
    """

    msn: int
    resource: Resource
    duration: Fraction
    parts: tuple[Part, ...] = ()
    date: int | None = None
    discontinuity: bool = False
    number: int = 0
    gap: bool = False
    map: Resource | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ServerControl:
    """EXT-X-SERVER-CONTROL; None is an attribute that is not there."""

    can_block_reload: bool = False
    can_skip_until: Fraction | None = None
    can_skip_dateranges: bool = False
    hold_back: Fraction | None = None
    part_hold_back: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """EXT-X-PRELOAD-HINT; `kind` is PART or MAP."""

    kind: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Report:
    """EXT-X-RENDITION-REPORT."""

    uri: str
    last_msn: int | None
    last_part: int | None


@dataclass(frozen=True, slots=True)
class DateRange:
    """EXT-X-DATERANGE. `raw` has every attribute as written; tags of one ID are joined in one."""

    id: str
    kind: str | None
    start: int | None
    end: int | None
    duration: Fraction | None
    end_on_next: bool
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Skip:
    """EXT-X-SKIP. `removed` is None where the attribute is not there."""

    segments: int
    removed: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """What stands after the last whole segment: the parts of the one that is not complete, and its tags."""

    parts: tuple[Part, ...] = ()
    date: int | None = None
    discontinuity: bool = False
    map: Resource | None = None


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A media playlist as read. With `skip` it is a delta update; `vitrine.check.playlist.delta` makes it whole."""

    faults: tuple[Fault, ...] = ()
    version: int | None = None
    target_duration: int | None = None
    media_sequence: int | None = None
    discontinuity_sequence: int | None = None
    playlist_type: str | None = None
    i_frames_only: bool = False
    independent_segments: bool = False
    part_target: Fraction | None = None
    server_control: ServerControl | None = None
    start_offset: Fraction | None = None
    segments: tuple[Segment, ...] = ()
    open: OpenSegment = field(default_factory=OpenSegment)
    date_ranges: Mapping[str, DateRange] = field(default_factory=dict)
    hints: tuple[Hint, ...] = ()
    reports: tuple[Report, ...] = ()
    skip: Skip | None = None
    ended: bool = False
    tags: frozenset[str] = frozenset()

    @property
    def first_msn(self) -> int:
        return self.media_sequence or 0

    @property
    def next_msn(self) -> int:
        """Of the segment that is not complete."""
        return self.first_msn + (self.skip.segments if self.skip else 0) + len(self.segments)

    @property
    def last(self) -> tuple[int, int | None]:
        """The newest part: media sequence number and index, None for a whole segment without parts."""
        if self.open.parts:
            return self.next_msn, len(self.open.parts) - 1
        parts = self.segments[-1].parts if self.segments else ()
        return self.next_msn - 1, (len(parts) - 1 if parts else None)

    @property
    def in_gap(self) -> bool:
        """Whether the newest part is a gap."""
        parts = self.open.parts or (self.segments[-1].parts if self.segments else ())
        return bool(parts) and parts[-1].gap

    @property
    def growing(self) -> bool:
        """Whether segments can still come."""
        return not self.ended and self.playlist_type != "VOD"

    @property
    def live(self) -> bool:
        """Whether segments can still come, and leave."""
        return not self.ended and self.playlist_type is None

    @property
    def has_parts(self) -> bool:
        return bool(self.open.parts) or any(segment.parts for segment in self.segments)

    @property
    def seconds(self) -> Fraction:
        """From the first listed frame to the last, parts of the open segment included."""
        whole = sum((segment.duration for segment in self.segments), Fraction(0))
        return whole + sum((part.duration for part in self.open.parts), Fraction(0))

    @property
    def target(self) -> int:
        """The target duration; where it is missing, the longest segment's."""
        if self.target_duration:
            return self.target_duration
        return max((round(segment.duration) for segment in self.segments), default=1) or 1

    def segment(self, msn: int) -> Segment | None:
        index = msn - self.next_msn + len(self.segments)
        return self.segments[index] if 0 <= index < len(self.segments) else None

    def recent(self, count: int) -> "MediaPlaylist":
        """The same with only its newest `count` segments."""
        if len(self.segments) <= count:
            return self
        kept = self.segments[-count:]
        first = kept[0]
        number = first.number - first.discontinuity
        sequence = None if self.discontinuity_sequence is None else number
        return replace(self, segments=kept, media_sequence=first.msn, discontinuity_sequence=sequence)
