"""Which address of a playlist a client asks next, and the probes that hold a server to its promises (section 6.2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vitrine.check.playlist.model import MediaPlaylist

FAR_MSN = 10
"""Segments past the end: far more than the two that section 6.2.5.2 lets a client ask for."""

FAR_PARTS = 30
"""Parts past the Advance Part Limit, so that those that come while the question is on its way do not matter."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What a playlist is asked for with; all None is a plain request."""

    msn: int | None = None
    part: int | None = None
    skip: str | None = None

    @property
    def blocking(self) -> bool:
        """Whether it is a request for a blocking reload, a wrong one too."""
        return self.msn is not None or self.part is not None

    def address(self, url: str) -> str:
        """`url` with the directives in its query, the names in UTF-8 order, as section 6.2.5 has it for caches."""
        values = {"_HLS_msn": self.msn, "_HLS_part": self.part, "_HLS_skip": self.skip}
        split = urlsplit(url)
        query = parse_qsl(split.query, keep_blank_values=True)
        query += [(name, str(value)) for name, value in values.items() if value is not None]
        return urlunsplit(split._replace(query=urlencode(sorted(query)), fragment=""))


@dataclass(frozen=True, slots=True)
class NextReload:
    """What to ask, and how many seconds to wait before."""

    directives: Directives
    wait: float


def next_reload(playlist: MediaPlaylist, *, changed: bool, deltas: bool = True) -> NextReload:
    """What a player asks after `playlist` (sections 6.3.4 and 6.3.7). `changed` says whether it was news."""
    control = playlist.server_control
    skip = None
    if deltas and control is not None and control.can_skip_until is not None:
        skip = "v2" if control.can_skip_dateranges else "YES"
    if control is not None and control.can_block_reload:
        part = len(playlist.open.parts) if playlist.has_parts else None
        return NextReload(Directives(playlist.next_msn, part, skip), 0.0)
    wait = float(playlist.segments[-1].duration) if playlist.segments and changed else playlist.target / 2
    return NextReload(Directives(skip=skip), min(wait, float(playlist.target)))


class Form(Enum):
    """A form of the blocking reload, by what the draft wants of it."""

    NEXT_PART = "the next part"
    NEXT_SEGMENT = "the next segment"
    LISTED = "a listed segment"
    GONE = "a segment that has left the list"
    PAST_ITS_LAST_PART = "a part past the last of its segment"
    PART_ALONE = "_HLS_part without _HLS_msn"
    FAR_SEGMENT = f"{FAR_MSN} segments past the end"
    FAR_PART = "a part past the Advance Part Limit"
    ENDED = "a segment after EXT-X-ENDLIST"


def probe(form: Form, playlist: MediaPlaylist) -> Directives | None:
    """The directives of a form, for a playlist as it is now; None where the form has no sense for it."""
    control, target = playlist.server_control, playlist.part_target
    if control is None or not control.can_block_reload or not playlist.segments:
        return None
    if (form is Form.ENDED) != playlist.ended:
        return None
    following = playlist.next_msn
    past = advance_part_limit(target) + len(playlist.open.parts) + FAR_PARTS if target and playlist.has_parts else None
    parts = len(playlist.segments[-1].parts)
    table: Mapping[Form, Directives | None] = {
        Form.NEXT_PART: None,
        Form.NEXT_SEGMENT: Directives(following),
        Form.LISTED: Directives(playlist.segments[-1].msn),
        Form.GONE: Directives(playlist.first_msn - 1) if playlist.first_msn else None,
        Form.PAST_ITS_LAST_PART: Directives(following - 1, parts + 5) if parts else None,
        Form.PART_ALONE: Directives(part=0),
        Form.FAR_SEGMENT: Directives(following + FAR_MSN),
        Form.FAR_PART: Directives(following, past) if past is not None else None,
        Form.ENDED: Directives(following),
    }
    return table[form]


def advance_part_limit(part_target: Fraction) -> int:
    """Section 6.2.5.2, rounded up."""
    return int(-(-3 // part_target)) if part_target < 1 else 3


def holds(playlist: MediaPlaylist, directives: Directives) -> bool:
    """Whether a playlist has what was asked for, or something later."""
    if directives.msn is None:
        return True
    if directives.part is None or directives.msn < playlist.next_msn - 1:
        return playlist.next_msn > directives.msn
    if directives.msn < playlist.next_msn:
        segment = playlist.segment(directives.msn)
        past = segment is not None and directives.part >= len(segment.parts) > 0
        return not past or bool(playlist.open.parts)
    return directives.msn == playlist.next_msn and len(playlist.open.parts) > directives.part
