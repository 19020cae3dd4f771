"""The packager of one broadcast: access units of the whole ladder in, parts and segments out, windows kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import VIDEO_TIMESCALE, Grid
from vitrine.media.ticks import rescale
from vitrine.media.track import Rendition, VideoTrack
from vitrine.packager.cmaf.init import init_segment
from vitrine.packager.cmaf.prft import NANOSECONDS
from vitrine.packager.cues import Cues, NoCues
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.events import PackagerEvent, PartClosed, SegmentClosed
from vitrine.packager.media_window import MediaWindow
from vitrine.packager.part import PRODUCTS, Part
from vitrine.packager.past import Kept, Past, entry_of
from vitrine.packager.playlist.media import CAN_SKIP_UNTIL
from vitrine.packager.playlist.multivariant import render_multivariant
from vitrine.packager.products import ProductsSegmenter
from vitrine.packager.products_window import ProductsWindow
from vitrine.packager.programme import Programme
from vitrine.packager.run import FIRST_RUN, Run, run_of
from vitrine.packager.segment import Segment
from vitrine.packager.segmenter import Cut, Segmenter, cuts_for, no_stamps
from vitrine.packager.stamper import Stamper
from vitrine.packager.store import SegmentStore
from vitrine.packager.window import Window

CONTAINER_BITRATE = 10_000
"""Bits a second that fragments and stamps add to a rendition: at most 300 bytes around each part's samples, three
times a second, and a stamp with three products at each segment's start. BANDWIDTH counts them (draft-22 section
4.4.6.2)."""


class Packager:
    """Each rendition is cut by a segmenter of its own and seen through a window of its own.

    One more window, `products`, tells as text what is on show; it is there also where nothing ever is.
    What `push` returns is already in the windows: a part listed is a part that can be fetched.
    """

    def __init__(
        self,
        broadcast: str,
        renditions: Sequence[Rendition],
        grid: Grid,
        start_utc_ns: int,
        window_seconds: int,
        *,
        cues: Cues | None = None,
        store: SegmentStore | None = None,
        past: Past | None = None,
    ) -> None:
        """`start_utc_ns` is the wall clock of programme time 0; `store` is for segments too old for memory.

        With a `past` the playlists begin with that, and `begin` has to be called before anything is pushed.
        Raises MisuseError, UnsupportedError.
        """
        names = {rendition.track.id: rendition.name for rendition in renditions}
        taken = {PRODUCTS, *names.values()}
        if not renditions or len(names) < len(renditions) or len(taken) <= len(renditions):
            raise MisuseError(
                f"A packager needs renditions, each with a name and a track id of its own, and none named {PRODUCTS}"
            )
        cues = cues or NoCues()
        programme = Programme(grid, start_utc_ns)
        self.broadcast = broadcast
        self.renditions = tuple(renditions)
        self._names = names
        self._cues = cues
        note = {} if store is None else {"note": store.note}
        self._ranges = DateRanges(broadcast, cues, programme, CAN_SKIP_UNTIL, **note)
        self._programme = programme
        self._windows = self._open_windows(window_seconds, store, new=past is None)
        self.windows: Mapping[str, Window] = MappingProxyType(self._windows)
        self._multivariant = render_multivariant([_with_container(rendition) for rendition in renditions], grid.rate)
        self._closed = self._ended = self._holding = False
        self._held: dict[str, AccessUnit] = {}
        self._last: dict[str, Segment] = {}
        self._segmenters: dict[str, Segmenter] = {}
        if past is None:
            self._cut(FIRST_RUN)
        else:
            self._restore(past, store)

    def _cut(self, run: Run) -> None:
        stamper = Stamper(self._cues, self._programme, self._cues.version if run.number else -1)
        self._segmenters = {
            each.name: Segmenter(
                self.broadcast,
                each,
                self._programme,
                stamper.stamps if isinstance(each.track, VideoTrack) else no_stamps,
                run,
            )
            for each in self.renditions
        }
        self._products = ProductsSegmenter(self.broadcast, self._cues, self._programme, run)

    def _restore(self, past: Past, store: SegmentStore | None) -> None:
        for name, window in self._windows.items():
            segments = past.segments[name] if name != PRODUCTS else self._completed(past, store)
            window.restore(past.runs, segments, past.inits.get(name, {}))
        newest = max((past.segments[each.name][-1] for each in self.renditions), key=lambda each: entry_of(each).utc_ns)
        entry = entry_of(newest)
        edge = entry.utc_ns + entry.ticks * NANOSECONDS // entry.timescale
        self._ranges.restore(past.published, edge, self._oldest_utc_ns)

    def _completed(self, past: Past, store: SegmentStore | None) -> list[Kept]:
        """The products' segments. The newest was not written yet where pictures were cut off in the middle of one."""
        *older, newest = past.segments[PRODUCTS]
        entry = entry_of(newest)
        if not entry.gap:
            return [*older, newest]
        run = run_of(past.runs, entry.msn)
        place = Run(run.number, entry.msn, run.segment(entry.msn))
        core = ProductsSegmenter(self.broadcast, self._cues, self._programme, place)
        segment = core.close(self._programme.grid.segment_start(place.first_segment) + entry.ticks)
        if store is not None:
            store.keep(PRODUCTS, segment)
        return [*older, segment]

    def begin(self, run: Run, renditions: Sequence[Rendition]) -> None:
        """Go on in a run of its own, with renditions of the same names: after a discontinuity.

        Raises MisuseError where these are others.
        """
        if [each.name for each in renditions] != [each.name for each in self.renditions]:
            raise MisuseError("A broadcast goes on with the renditions that it had")
        self.renditions = tuple(renditions)
        self._names = {each.track.id: each.name for each in renditions}
        self._cut(run)
        for each in renditions:
            self._windows[each.name].begin(run, init_segment(each.track))
        self._windows[PRODUCTS].begin(run)

    def _open_windows(self, window_seconds: int, store: SegmentStore | None, *, new: bool) -> dict[str, Window]:
        windows: dict[str, Window] = {}
        part_target = self._programme.grid.part_target
        for rendition in self.renditions:
            windows[rendition.name] = MediaWindow(
                rendition.name,
                self.broadcast,
                init_segment(rendition.track) if new else b"",
                part_target=part_target,
                window_seconds=window_seconds,
                others=windows,
                ranges=self._ranges,
                store=store,
            )
        windows[PRODUCTS] = ProductsWindow(
            PRODUCTS,
            self.broadcast,
            part_target=part_target,
            window_seconds=window_seconds,
            others=windows,
            ranges=self._ranges,
            store=store,
        )
        return windows

    @property
    def playable(self) -> bool:
        """Every rendition has something to list; before that a playlist would be empty, and players give up on those.

        The products' window makes who asks for it wait by itself, so that nobody else waits for a whole segment.
        """
        return all(self.windows[rendition.name].position for rendition in self.renditions)

    @property
    def taken(self) -> Mapping[str, int]:
        """Access units taken so far, by a rendition's name: the frame on its grid that is to come next."""
        return {name: segmenter.taken for name, segmenter in self._segmenters.items()}

    def first_frames(self, segment: int) -> Mapping[str, int]:
        """The frame that begins a segment of the grid, by a rendition's name, on the rendition's own grid."""
        grid = self._programme.grid
        return {each.name: cuts_for(each, grid).segment_start(segment) for each in self.renditions}

    def multivariant(self) -> str:
        """The multivariant playlist; it never changes."""
        return self._multivariant

    def date_ranges(self) -> str:
        """The date ranges of the whole broadcast, as lines, for VOD playlists: as decided by now."""
        return self._ranges.whole_show()

    def push(self, unit: AccessUnit) -> list[PackagerEvent]:
        """Take one access unit of any rendition; within one rendition they come in decode order, without gaps.

        Raises MisuseError for an unknown track and for what Segmenter.push refuses.
        """
        name = self._names.get(unit.track_id)
        if name is None or self._closed:
            raise MisuseError(f"The packager has no open rendition with track {unit.track_id}")
        if self._holding:
            former, self._held[name] = self._held.get(name), unit
            return [] if former is None else self._push(name, former)
        return self._push(name, unit)

    def _push(self, name: str, unit: AccessUnit) -> list[PackagerEvent]:
        cut = self._segmenters[name].push(unit)
        return self._publish(name, cut) if cut else []

    def expect_end(self) -> None:
        """What comes now are the last access units.

        Of each rendition one is held back, so that what is hinted at comes though the show may end with the last frame
        of a part: Shaka Player (5.2) takes a 404 for a critical error.
        """
        self._holding = True

    def close_parts(self) -> list[PackagerEvent]:
        """The last access unit has come: what is open is listed, as parts. A second call does nothing.

        Their segment is whole when it is closed: who lists the final segment lists EXT-X-ENDLIST (section 6.2.1). And
        hls.js (1.7) takes a segment for loaded of which less than 0.2 s is missing, but never one that is not whole.
        """
        if self._closed:
            return []
        events: list[PackagerEvent] = []
        for name, unit in self._held.items():
            events += self._push(name, unit)
        self._closed = True
        for name, segmenter in self._segmenters.items():
            cut = segmenter.flush()
            if cut is not None and cut.segment is not None:
                events += self._publish(name, Cut(cut.parts, None))
                self._last[name] = cut.segment
        for window in self.windows.values():
            window.complete()
        return events

    def close_open(self) -> list[PackagerEvent]:
        """The last access unit has come: close what is open. A second call does nothing."""
        events = self.close_parts()
        for name, segment in self._last.items():
            events += self._publish(name, Cut((), segment))
        self._last.clear()
        return events

    def flush(self) -> list[PackagerEvent]:
        """The broadcast is over: close what is open and end every window. A second call does nothing."""
        if self._ended:
            return []
        events = self.close_open()
        self._ended = True
        pictures = [each.name for each in self.renditions if isinstance(each.track, VideoTrack)]
        if pictures and self._segmenters:
            self._ranges.end(max(self._segmenters[name].taken for name in pictures))
        for window in self.windows.values():
            window.end()
        return events

    def clear(self) -> None:
        """Nobody asks any more. Call it last.

        Windows know one another, and Python keeps such a circle, with all its media, until it next looks for one: in a
        server with many objects seldom.
        """
        self._windows.clear()

    def _publish(self, name: str, cut: Cut) -> list[PackagerEvent]:
        window = self._windows[name]
        assert isinstance(window, MediaWindow)
        events: list[PackagerEvent] = []
        for part in cut.parts:
            window.add_part(part)
            events.append(PartClosed(name, part))
        if cut.segment:
            window.close_segment(cut.segment)
            events.append(SegmentClosed(name, cut.segment))
            events += self._close_products(cut.segment)
        for part in cut.parts:
            self._update_ranges(part)
        return events

    def _close_products(self, segment: Segment) -> list[PackagerEvent]:
        """The first rendition to close a segment closes the products' too; a gap is closed before its time."""
        if segment.entry.gap or segment.entry.msn != self._products.msn:
            return []
        end = rescale(segment.first_tick + segment.entry.ticks, segment.entry.timescale, VIDEO_TIMESCALE)
        text = self._products.close(end if self._closed else None)
        self._windows[PRODUCTS].close_segment(text)
        return [SegmentClosed(PRODUCTS, text)]

    def _update_ranges(self, part: Part) -> None:
        if part.gap:
            return
        edge = self._programme.utc_ns(part.first_tick + part.ticks, part.timescale)
        self._ranges.update(edge, self._oldest_utc_ns)

    @property
    def _oldest_utc_ns(self) -> int:
        starts = [window.oldest_utc_ns for window in self._windows.values()]
        return min(start for start in starts if start is not None)


def _with_container(rendition: Rendition) -> Rendition:
    return replace(
        rendition,
        bitrate=rendition.bitrate + CONTAINER_BITRATE,
        peak_bitrate=rendition.peak_bitrate + CONTAINER_BITRATE,
    )
