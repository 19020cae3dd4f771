"""The window of video or audio: with an initialisation section, and with parts at the live edge."""

from collections.abc import Mapping
from fractions import Fraction

from vitrine.media.errors import MisuseError
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.playlist.media import LiveState
from vitrine.packager.run import FIRST_MSN
from vitrine.packager.segment import Segment
from vitrine.packager.store import SegmentStore
from vitrine.packager.window import SEGMENTS_AHEAD, Answer, Position, Window

ADVANCE_PART_SECONDS = 3
"""The Advance Part Limit is this many seconds of parts, if a part is shorter than 1 s (section 6.2.5.2)."""

ADVANCE_PARTS_LEAST = 3
"""The Advance Part Limit for parts of 1 s or longer."""


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
        if init:
            self._add_init(init)

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
        if msn < FIRST_MSN:
            msn, part = FIRST_MSN, None if part is None else 0
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
        first = self._first_msn
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
            first_msn=self._first_msn,
            ended=self.ended,
            init_name=self._init_of(self._first_msn),
            open_parts=self._open_parts,
            hint=None if self.ended or self._in_gap else self._hint,
            discontinuities=self._discontinuities,
            opening=self._opening(self._open_msn),
        )

    @property
    def _hint(self) -> str | None:
        begins = not self._open_parts and self._opening(self._open_msn)
        if self._complete or self._resting or begins:
            return None  # before a run's first part nobody knows that a discontinuity comes
        return part_name(self._run.stem(self._broadcast), self._open_msn, len(self._open_parts))

    def add_part(self, part: Part) -> None:
        """The open segment has one more part."""
        if self.ended or (part.msn, part.index) != (self._open_msn, len(self._open_parts)):
            raise MisuseError(f"Window {self.name} was given part {part.name} out of its turn")
        self._open_parts.append(part)
        if not part.gap:
            self._media[part.name] = (part.data,)
        if self._store is not None:
            self._store.add_part(self.name, segment_name(self._run.stem(self._broadcast), part.msn), part)
        self._changed()

    def close_segment(self, segment: Segment) -> None:
        """The open segment is complete; it holds the parts added before."""
        if list(segment.parts) != self._open_parts:
            raise MisuseError(f"Window {self.name} was given segment {segment.entry.name} out of its turn")
        super().close_segment(segment)
