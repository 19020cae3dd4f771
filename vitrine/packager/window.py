"""What viewers can see of one rendition at this moment: its playlist, and the bytes behind every name in it.

A window never waits. `answer` and `media` say WAIT, and the origin asks again when something has closed.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from fractions import Fraction

from vitrine.media.errors import MisuseError
from vitrine.media.grid import SEGMENT_SECONDS
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.part import Part, init_name
from vitrine.packager.playlist.media import (
    Listed,
    LiveState,
    discontinuity,
    listed,
    render_live,
    render_reports,
)
from vitrine.packager.run import FIRST_MSN, FIRST_RUN, Run, run_of
from vitrine.packager.segment import Segment, SegmentEntry
from vitrine.packager.store import SegmentStore, Stored

MEMORY_SECONDS = 60
"""How far back from the live edge segments are kept in memory where there is a store for the older ones."""

MIN_SEGMENTS_LISTED = 6
"""Apple's HLS Authoring Specification 8.11."""

SEGMENTS_AHEAD = 2
"""How far past the last segment a request may ask before it is refused (section 6.2.5.2)."""


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

    With a store, everything is written there as well; where the playlist is longer than MEMORY_SECONDS, only the newest
    segments are kept in memory. An older one that the store does not have ends the playlist's past: only what can be
    fetched is listed.
    """

    has_media = True
    """With an initialisation section, and parts."""

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
        self._leaves_memory = store is not None and window_seconds > MEMORY_SECONDS
        self._runs: list[Run] = [FIRST_RUN]
        self._resting = False
        self._open_msn = FIRST_MSN
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

    def restore(
        self, runs: Sequence[Run], segments: Sequence[Segment | SegmentEntry], inits: Mapping[str, bytes]
    ) -> None:
        """Go on from what another server left: segments without a hole, the oldest first, the newest with their bytes.

        Nothing is added before `begin`.
        """
        self._runs, self._resting = list(runs), True
        self._media |= {name: (init,) for name, init in inits.items()}
        for each in segments:
            entry = each.entry if isinstance(each, Segment) else each
            self._open_msn = entry.msn + 1
            self._listed.append(listed(each, self._opening(entry.msn)))
            if isinstance(each, Segment):
                self._in_memory.append(each)
                if not entry.gap:
                    self._media[entry.name] = each.data
                self._media |= {part.name: (part.data,) for part in each.parts if not part.gap}
        self._unlist(len(self._listed) - self._max_listed)
        self._drop_old()
        self._changed()

    def begin(self, run: Run, init: bytes = b"") -> None:
        """A run goes on from here, after a discontinuity."""
        self._runs.append(run)
        self._resting = False
        if init:
            self._add_init(init)

    @property
    def _run(self) -> Run:
        return self._runs[-1]

    def _add_init(self, init: bytes) -> None:
        name = init_name(self._run.stem(self._broadcast))
        self._media[name] = (init,)
        if self._store is not None:
            self._store.begin(self.name, name, init)

    def _init_of(self, msn: int) -> str | None:
        return init_name(run_of(self._runs, msn).stem(self._broadcast)) if self.has_media else None

    def _opening(self, msn: int) -> str:
        """The lines of a discontinuity, where a segment begins a run that is not the first."""
        begins = any(run.first_msn == msn for run in self._runs[1:])
        return discontinuity(self._init_of(msn)) if begins else ""

    @property
    def _first_msn(self) -> int:
        return self._open_msn - len(self._listed)

    @property
    def _discontinuities(self) -> int:
        """That have left the playlist."""
        return sum(run.first_msn < self._first_msn for run in self._runs[1:])

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
        self._listed.append(listed(segment, self._opening(segment.entry.msn)))
        self._in_memory.append(segment)
        self._open_msn += 1
        self._open_parts = []
        if self._store is not None:
            if not segment.entry.gap:
                self._store.keep(self.name, segment)
            if self._leaves_memory and len(self._in_memory) > MEMORY_SECONDS // SEGMENT_SECONDS:
                self._leave_to(self._store, self._in_memory.popleft())
        self._unlist(len(self._listed) - self._max_listed)
        self._drop_old()
        self._changed()

    def _drop_old(self) -> None:
        # One more than the playlist's length for the open segment, and one for the removed segment's own duration.
        while len(self._removed) > self._max_listed + 2:
            self._drop(self._removed.popleft())

    def _leave_to(self, store: SegmentStore, segment: Segment) -> None:
        """From here on the store has it, or nobody."""
        self._forget(segment)
        index = segment.entry.msn - self._first_msn
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
