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
from vitrine.packager.cues import Cues, NoCues
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.events import PackagerEvent, PartClosed, SegmentClosed
from vitrine.packager.part import PRODUCTS, Part
from vitrine.packager.playlist.media import CAN_SKIP_UNTIL
from vitrine.packager.playlist.multivariant import render_multivariant
from vitrine.packager.products import ProductsSegmenter
from vitrine.packager.products_window import ProductsWindow
from vitrine.packager.programme import Programme
from vitrine.packager.segment import Segment
from vitrine.packager.segmenter import Cut, Segmenter, no_stamps
from vitrine.packager.stamper import Stamper
from vitrine.packager.store import SegmentStore
from vitrine.packager.window import MediaWindow, Window

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
    ) -> None:
        """`start_utc_ns` is the wall clock of programme time 0; `store` is for segments too old for memory.

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
        self._ranges = DateRanges(broadcast, cues, programme, CAN_SKIP_UNTIL)
        stamper = Stamper(cues, programme)
        self._segmenters = {
            rendition.name: Segmenter(
                broadcast,
                rendition,
                programme,
                stamper.stamps if isinstance(rendition.track, VideoTrack) else no_stamps,
            )
            for rendition in renditions
        }
        self._products = ProductsSegmenter(broadcast, cues, programme)
        self._programme = programme
        self._windows = self._open_windows(window_seconds, store)
        self.windows: Mapping[str, Window] = MappingProxyType(self._windows)
        self._multivariant = render_multivariant([_with_container(rendition) for rendition in renditions], grid.rate)
        self._closed = self._ended = False

    def _open_windows(self, window_seconds: int, store: SegmentStore | None) -> dict[str, Window]:
        windows: dict[str, Window] = {}
        part_target = self._programme.grid.part_target
        for rendition in self.renditions:
            windows[rendition.name] = MediaWindow(
                rendition.name,
                self.broadcast,
                init_segment(rendition.track),
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
        cut = self._segmenters[name].push(unit)
        return self._publish(name, cut) if cut else []

    def close_open(self) -> list[PackagerEvent]:
        """The last access unit has come: close what is open. A second call does nothing."""
        if self._closed:
            return []
        self._closed = True
        events: list[PackagerEvent] = []
        for name, segmenter in self._segmenters.items():
            cut = segmenter.flush()
            events += self._publish(name, cut) if cut else []
        for window in self.windows.values():
            window.complete()
        return events

    def flush(self) -> list[PackagerEvent]:
        """The broadcast is over: close what is open and end every window. A second call does nothing."""
        if self._ended:
            return []
        events = self.close_open()
        self._ended = True
        pictures = [each.name for each in self.renditions if isinstance(each.track, VideoTrack)]
        if pictures:
            self._ranges.end(max(self._segmenters[name].taken for name in pictures))
        for window in self.windows.values():
            window.end()
        return events

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
        starts = [window.oldest_utc_ns for window in self._windows.values()]
        self._ranges.update(edge, min(start for start in starts if start is not None))


def _with_container(rendition: Rendition) -> Rendition:
    return replace(
        rendition,
        bitrate=rendition.bitrate + CONTAINER_BITRATE,
        peak_bitrate=rendition.peak_bitrate + CONTAINER_BITRATE,
    )
