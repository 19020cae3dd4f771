"""What was seen of a stream. Rules read it; only `vitrine/check/peer.py` fetches.

Times are seconds of one monotonic clock that only this run knows.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from itertools import zip_longest
from urllib.parse import urljoin, urlsplit

from vitrine.check.media.fragment import Media
from vitrine.check.media.init import Init
from vitrine.check.media.measured import Measured, measure
from vitrine.check.playlist.model import MediaPlaylist, Part, Report, Resource, Segment
from vitrine.check.playlist.multivariant import Multivariant

ANSWERS_KEPT = 5000
"""Of one playlist: 25 minutes at three parts a second."""

SEGMENTS_KEPT = 2000
"""Of one rendition: more than an hour at 2 s."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer by HTTP. `status` is 0 where there was none; `trouble` says why. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: float
    began: float
    done: float
    redirects: int = 0
    trouble: str = ""

    @property
    def ok(self) -> bool:
        return self.status in (200, 206)

    @property
    def told(self) -> str:
        """For a reader: the status, or why there is none."""
        return f"status {self.status}" if self.status else self.trouble


class Kind(Enum):
    """What an answer is of, by which caches should treat it."""

    MULTIVARIANT = "multivariant playlist"
    PLAYLIST = "playlist"
    BLOCKED = "playlist, blocking"
    INIT = "initialisation section"
    MEDIA = "media"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answer, and what was asked for. `target` is the target duration in seconds; `live` whether it goes on."""

    kind: Kind
    response: Response
    target: int
    live: bool

    def gave(self, *kinds: Kind) -> bool:
        """Whether it is no error, and of one of these kinds."""
        return self.response.ok and self.kind in kinds


@dataclass(frozen=True, slots=True)
class Reload:
    """Two versions of one playlist, both whole, one after the other."""

    before: MediaPlaylist
    after: MediaPlaylist


@dataclass(frozen=True, slots=True)
class Update:
    """A delta update as it came, what it was made whole with, what that gave, and the full playlist asked for then.

    `full` is None where it was not asked for; `earlier` is a full one that came just before, if any. `known` tells
    what date ranges said before this update, and since when.
    """

    delta: MediaPlaylist
    whole: MediaPlaylist
    full: MediaPlaylist | None
    earlier: MediaPlaylist | None
    asked: float
    known: Mapping[str, tuple[Mapping[str, str], float]]
    v2: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One version of a playlist, in short.

    `blocked` says whether it was asked for before it was there, `in_gap` whether its newest part is a gap.
    """

    asked: float
    done: float
    blocked: bool
    next_msn: int
    last: tuple[int, int | None]
    reports: tuple[Report, ...]
    in_gap: bool = False


@dataclass(slots=True)
class MediaSeen:
    """A segment or part that was fetched. `told` is the answer where it was not given."""

    listed: Segment | Part
    map: Resource | None
    media: Media | None = None
    told: str = ""
    differs: str = ""
    """How the segment's bytes differ from those of its parts; empty where they are the same or were not compared."""


PartKey = tuple[int, int]
"""Media sequence number and index."""


@dataclass(slots=True)
class Rendition:
    """What was seen of one media playlist and its media. `role` is video, audio or subtitles."""

    name: str
    url: str
    role: str
    playlist: MediaPlaylist | None = None
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))
    inits: dict[Resource, Init] = field(default_factory=dict)
    segments: dict[int, MediaSeen] = field(default_factory=dict)
    parts: dict[PartKey, MediaSeen] = field(default_factory=dict)
    ranges: dict[str, tuple[Mapping[str, str], float]] = field(default_factory=dict)
    """Date ranges ever seen: the attributes as they are now, and since when they are so."""

    def answered(self, playlist: MediaPlaylist, asked: float, done: float, *, blocked: bool) -> None:
        """A whole playlist has come."""
        self.playlist = playlist
        self.answers.append(
            Answer(asked, done, blocked, playlist.next_msn, playlist.last, playlist.reports, playlist.in_gap)
        )
        for name, found in playlist.date_ranges.items():
            known = self.ranges.get(name)
            if known is None or known[0] != found.raw:
                self.ranges[name] = (found.raw, done)
        while len(self.segments) > SEGMENTS_KEPT:
            oldest = next(iter(self.segments))
            del self.segments[oldest]
            for key in [key for key in self.parts if key[0] <= oldest]:
                del self.parts[key]

    def init(self, seen: MediaSeen) -> Init | None:
        return self.inits.get(seen.map) if seen.map else None

    def measured(self, seen: MediaSeen) -> Measured | None:
        return measure(seen.media, self.init(seen)) if seen.media else None

    def timeline(self) -> list[tuple[Segment, Measured]]:
        """The segments whose media could be measured, in order."""
        found = []
        for msn in sorted(self.segments):
            seen = self.segments[msn]
            measured = self.measured(seen)
            if measured is not None and isinstance(seen.listed, Segment):
                found.append((seen.listed, measured))
        return found


@dataclass(slots=True)
class Stream:
    """All that was seen. `multivariant` is None where the address is a media playlist's."""

    url: str
    multivariant: Multivariant | None = None
    renditions: list[Rendition] = field(default_factory=list)

    def at(self, base: str, uri: str) -> Rendition | None:
        """The rendition that an address in a playlist means; its query does not matter."""
        wanted = _place(absolute(base, uri))
        return next((each for each in self.renditions if _place(each.url) == wanted), None)


NOWHERE = "about:blank"


def absolute(base: str, uri: str) -> str:
    """Where an address in a playlist leads: NOWHERE, which cannot be fetched, if it makes no sense."""
    try:
        url = urljoin(base, uri)
        urlsplit(url)
    except ValueError:
        return NOWHERE
    return url


def _place(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    return split.netloc, split.path


def difference(parts: list[bytes], segment: bytes) -> str:
    """How a segment differs from its parts joined; empty if it does not."""
    position = 0
    for index, part in enumerate(parts):
        piece = segment[position : position + len(part)]
        if piece != part:
            at = next(i for i, (one, other) in enumerate(zip_longest(part, piece)) if one != other)
            return f"part {index} differs from the segment from its byte {at} on"
        position += len(part)
    return "" if position == len(segment) else f"the parts have {position} bytes, the segment {len(segment)}"


def seconds_text(seconds: Fraction | float) -> str:
    """For a reader: seconds to the nearest millisecond at most."""
    return f"{float(seconds):.3f}".rstrip("0").rstrip(".") + " s"
