"""What viewers can see of one rendition at this moment: its playlist, and the bytes behind every name in it.

A window never waits. `answer` and `media` say WAIT, and the origin asks again when something has closed.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from fractions import Fraction

from vitrine.media.errors import MisuseError
from vitrine.media.grid import FIRST_SEGMENT, SEGMENT_SECONDS
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.part import Part, init_name, part_name
from vitrine.packager.playlist.media import Listed, LiveState, listed, render_live, render_reports
from vitrine.packager.segment import Segment, SegmentEntry
from vitrine.packager.store import SegmentStore, Stored

MEMORY_SECONDS = 60
"""How far back from the live edge segments are kept in memory where there is a store for the older ones."""

MIN_SEGMENTS_LISTED = 6
"""Apple's HLS Authoring Specification 8.11."""

SEGMENTS_AHEAD = 2
"""How far past the last segment a request may ask before it is refused (section 6.2.5.2)."""

ADVANCE_PART_SECONDS = 3
"""The Advance Part Limit is this many seconds of parts, if a part is shorter than 1 s (section 6.2.5.2)."""

ADVANCE_PARTS_LEAST = 3
"""The Advance Part Limit for parts of 1 s or longer."""


class Answer(Enum):
    """What a window says to a request: serve now, hold it, it is not there (404), it is wrong (400)."""

    READY = "ready"
    WAIT = "wait"
    GONE = "gone"
    BAD_REQUEST = "bad request"


class Skip(Enum):
    """The `_HLS_skip` directive: the value in the address, or absent. `v2` asks to leave out date ranges too."""

    NO = ""
    YES = "YES"
    V2 = "v2"


Seen = tuple[str, str, str]
"""Of the date ranges, by which a text is known to be of now."""

Position = tuple[int, int | None]
"""Media sequence number and index of a part; the index is None in a rendition without parts."""


class Window(ABC):
    """The rolling window of one rendition. `version` grows with each change of what it would answer itself.

    A segment that leaves the playlist can still be fetched for its own duration and the longest playlist's
    (section 6.2.2), the open segment included; then its bytes are dropped. Segments are counted, not timed: all but
    the last are one grid segment long, so every rendition's playlist rolls at the same media sequence number.

    With a store, only the newest segments are kept in memory. An older one that the store does not have ends the
    playlist's past: only what can be fetched is listed.
    """

    def __init__(
        self,
        name: str,
        broadcast: str,
        *,
        part_target: Fraction,
        window_seconds: int,
        others: Mapping[str, "Window"],
        ranges: DateRanges,
        store: SegmentStore | None = None,
    ) -> None:
        """`others` are the windows to report on; it may hold this one, and may be filled later."""
        self.name = name
        self.version = 0
        self.ended = False
        self._complete = False
        self._broadcast = broadcast
        self._part_target = part_target
        self._others = others
        self._ranges = ranges
        self._max_listed = max(MIN_SEGMENTS_LISTED, -(-window_seconds // SEGMENT_SECONDS))
        self._listed: deque[Listed] = deque()
        self._removed: deque[SegmentEntry] = deque()
        self._in_memory: deque[Segment] = deque()
        self._store = store
        self._open_msn = FIRST_SEGMENT
        self._open_parts: list[Part] = []
        self._media: dict[str, tuple[bytes, ...]] = {}
        self._bodies: dict[Skip, tuple[Seen, str]] = {}
        self._texts: dict[Skip, tuple[Seen, str, str]] = {}

    @property
    @abstractmethod
    def position(self) -> Position | None:
        """The newest part that is listed, or segment where there are no parts; None before the first."""

    @abstractmethod
    def answer(self, msn: int | None, part: int | None) -> Answer:
        """What to do with a request for the playlist with `_HLS_msn` and `_HLS_part` (section 6.2.5.2).

        READY, WAIT or BAD_REQUEST.
        """

    @abstractmethod
    def _state(self) -> LiveState:
        """All but the date ranges."""

    @property
    def _hint(self) -> str | None:
        """The name of the part that can be asked for before it is there."""
        return None

    @property
    def oldest_utc_ns(self) -> int | None:
        """The wall clock of the first frame listed, None before there is one."""
        if self._listed:
            return self._listed[0].entry.utc_ns
        return self._open_parts[0].utc_ns if self._open_parts else None

    def playlist(self, skip: Skip = Skip.NO) -> str:
        """The playlist as of now. The same text object as long as nothing in it has changed."""
        skip = Skip.NO if self.ended else skip
        ranges = (self._ranges.text, self._ranges.recent, self._ranges.removed)
        reports = "" if self.ended else render_reports(self._reports())
        cached = self._texts.get(skip)
        if cached is None or cached[:2] != (ranges, reports):
            cached = self._texts[skip] = (ranges, reports, self._body(ranges, skip) + reports)
        return cached[2]

    def _reports(self) -> list[tuple[str, int, int | None]]:
        return [
            (name, *window.position) for name, window in self._others.items() if name != self.name and window.position
        ]

    def _body(self, ranges: Seen, skip: Skip) -> str:
        cached = self._bodies.get(skip)
        if cached is None or cached[0] != ranges:
            text, recent, removed = ranges
            news = (recent, removed) if skip is Skip.V2 else None
            state = replace(self._state(), date_ranges=text, news=news)
            cached = self._bodies[skip] = (ranges, render_live(state, delta=skip is not Skip.NO))
        return cached[1]

    def media(self, name: str) -> tuple[bytes, ...] | Stored | Answer:
        """The bytes behind a name of the playlist, in pieces to send one after another, or the file they lie in.

        WAIT for the hinted part, which is the next to close; GONE for what was dropped and what never was.
        """
        found = self._media.get(name)
        if found is not None:
            return found
        stored = None if self._store is None else self._store.find(self.name, name)
        if stored is not None:
            return stored
        return Answer.WAIT if not self.ended and name == self._hint else Answer.GONE

    def close_segment(self, segment: Segment) -> None:
        """The open segment is complete."""
        if self.ended or segment.entry.msn != self._open_msn:
            raise MisuseError(f"Window {self.name} was given segment {segment.entry.name} out of its turn")
        if not segment.entry.gap:
            self._media[segment.entry.name] = segment.data
        self._listed.append(listed(segment))
        self._in_memory.append(segment)
        self._open_msn += 1
        self._open_parts = []
        if self._store is not None:
            if not segment.entry.gap:
                self._store.keep(self.name, segment)
            if len(self._in_memory) > MEMORY_SECONDS // SEGMENT_SECONDS:
                self._leave_to(self._store, self._in_memory.popleft())
        self._unlist(len(self._listed) - self._max_listed)
        # One more than the playlist's length for the open segment, and one for the removed segment's own duration.
        if len(self._removed) > self._max_listed + 2:
            self._drop(self._removed.popleft())
        self._changed()

    def _leave_to(self, store: SegmentStore, segment: Segment) -> None:
        """From here on the store has it, or nobody."""
        self._forget(segment)
        index = segment.entry.msn - (self._open_msn - len(self._listed))
        if not segment.entry.gap and store.find(self.name, segment.entry.name) is None:
            self._unlist(index + 1)
        elif index >= 0:
            self._listed[index] = replace(self._listed[index], parts=())

    def _unlist(self, count: int) -> None:
        """Take the oldest off the playlist."""
        for _ in range(count):
            self._removed.append(self._listed.popleft().entry)

    def _forget(self, segment: Segment) -> None:
        for name in {segment.entry.name, *(part.name for part in segment.parts)}:
            self._media.pop(name, None)

    def _drop(self, entry: SegmentEntry) -> None:
        if self._in_memory and self._in_memory[0].entry is entry:
            self._forget(self._in_memory.popleft())
        if self._store is not None:
            self._store.drop(self.name, entry.name)

    def complete(self) -> None:
        """Nothing is added any more, so that nothing is hinted at; the playlist does not say so yet."""
        self._complete = True
        self._changed()

    def end(self) -> None:
        """The broadcast is over: nothing is added any more, and the playlist says so."""
        self.ended = True
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._bodies.clear()
        self._texts.clear()


class MediaWindow(Window):
    """Of video or audio: with parts at the live edge."""

    def __init__(
        self,
        name: str,
        broadcast: str,
        init: bytes,
        *,
        part_target: Fraction,
        window_seconds: int,
        others: Mapping[str, Window],
        ranges: DateRanges,
        store: SegmentStore | None = None,
    ) -> None:
        super().__init__(
            name,
            broadcast,
            part_target=part_target,
            window_seconds=window_seconds,
            others=others,
            ranges=ranges,
            store=store,
        )
        self._media[init_name(broadcast)] = (init,)

    @property
    def position(self) -> Position | None:
        if self._open_parts:
            return self._open_msn, len(self._open_parts) - 1
        if self._listed:
            return self._open_msn - 1, len(self._listed[-1].parts) - 1
        return None

    def answer(self, msn: int | None, part: int | None) -> Answer:
        """A part past the end of its segment means the first of the next one.

        Who names neither waits for the first segment to be whole: hls.js takes a playlist of parts alone for an empty
        one, and asks again a second later.
        """
        if self.ended:
            return Answer.READY
        if msn is None and part is None:
            return Answer.READY if self._listed else Answer.WAIT
        if msn is None:
            return Answer.BAD_REQUEST
        if msn < 0 or (part is not None and part < 0):
            return Answer.BAD_REQUEST
        if msn < FIRST_SEGMENT:
            msn, part = FIRST_SEGMENT, None if part is None else 0
        if part is not None and msn < self._open_msn and part >= self._parts_of(msn):
            msn, part = msn + 1, 0
        if msn < self._open_msn:
            return Answer.READY
        if msn > self._last_msn + SEGMENTS_AHEAD:
            return Answer.BAD_REQUEST
        here = len(self._open_parts) if msn == self._open_msn else 0
        if part is None or part < here:
            return Answer.WAIT if part is None else Answer.READY
        return Answer.BAD_REQUEST if part > here - 1 + self._advance_part_limit else Answer.WAIT

    @property
    def _last_msn(self) -> int:
        return self._open_msn if self._open_parts else self._open_msn - 1

    @property
    def _advance_part_limit(self) -> int:
        """Rounded up: a request is refused only when it is certainly too far ahead."""
        return -int(-ADVANCE_PART_SECONDS // self._part_target) if self._part_target < 1 else ADVANCE_PARTS_LEAST

    def _parts_of(self, msn: int) -> int:
        """How many parts a closed segment had; for one that is old or gone from the list it no longer matters."""
        first = self._open_msn - len(self._listed)
        return len(self._listed[msn - first].parts) if msn >= first else 0

    @property
    def _in_gap(self) -> bool:
        """Nothing is hinted at then: it would only be refused when its time has come."""
        parts = self._open_parts or (self._listed[-1].parts if self._listed else ())
        return bool(parts) and parts[-1].gap

    def _state(self) -> LiveState:
        return LiveState(
            part_target=self._part_target,
            segments=list(self._listed),
            first_msn=self._open_msn - len(self._listed),
            ended=self.ended,
            init_name=init_name(self._broadcast),
            open_parts=self._open_parts,
            hint=None if self.ended or self._in_gap else self._hint,
        )

    @property
    def _hint(self) -> str | None:
        if self._complete:
            return None
        return part_name(self._broadcast, self._open_msn, len(self._open_parts))

    def add_part(self, part: Part) -> None:
        """The open segment has one more part."""
        if self.ended or (part.msn, part.index) != (self._open_msn, len(self._open_parts)):
            raise MisuseError(f"Window {self.name} was given part {part.name} out of its turn")
        self._open_parts.append(part)
        if not part.gap:
            self._media[part.name] = (part.data,)
        self._changed()

    def close_segment(self, segment: Segment) -> None:
        """The open segment is complete; it holds the parts added before."""
        if list(segment.parts) != self._open_parts:
            raise MisuseError(f"Window {self.name} was given segment {segment.entry.name} out of its turn")
        super().close_segment(segment)
