"""The packager of one broadcast: access units of the whole ladder in, parts and segments out, windows kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.packager.cmaf.init import init_segment
from vitrine.packager.events import PackagerEvent, PartClosed, SegmentClosed
from vitrine.packager.playlist.multivariant import render_multivariant
from vitrine.packager.segmenter import Cut, Segmenter
from vitrine.packager.window import Window

CONTAINER_BITRATE = 8_000
"""Bits a second that fragments add to a rendition: at most 300 bytes around each part's samples, three times a
second. BANDWIDTH counts them (draft-22 section 4.4.6.2)."""


class Packager:
    """Each rendition is cut by a segmenter of its own and seen through a window of its own.

    What `push` returns is already in the windows: a part listed is a part that can be fetched.
    """

    def __init__(
        self,
        broadcast: str,
        renditions: Sequence[Rendition],
        grid: Grid,
        start_utc_ns: int,
        window_seconds: int,
    ) -> None:
        """`start_utc_ns` is the wall clock of programme time 0. Raises MisuseError, UnsupportedError."""
        names = {rendition.track.id: rendition.name for rendition in renditions}
        if not renditions or len(names) < len(renditions) or len(set(names.values())) < len(renditions):
            raise MisuseError("A packager needs renditions, each with a name and a track id of its own")
        windows: dict[str, Window] = {}
        for rendition in renditions:
            windows[rendition.name] = Window(
                rendition.name,
                broadcast,
                init_segment(rendition.track),
                part_target=grid.part_target,
                window_seconds=window_seconds,
                others=windows,
            )
        self.windows: Mapping[str, Window] = MappingProxyType(windows)
        self.renditions = tuple(renditions)
        self._names = names
        self._segmenters = {
            rendition.name: Segmenter(broadcast, rendition, grid, start_utc_ns) for rendition in renditions
        }
        self._multivariant = render_multivariant([_with_container(rendition) for rendition in renditions], grid.rate)
        self.broadcast = broadcast
        self._ended = False

    @property
    def playable(self) -> bool:
        """Every window has something to list; before that a playlist would be empty, and players give up on those."""
        return all(window.position for window in self.windows.values())

    def multivariant(self) -> str:
        """The multivariant playlist; it never changes."""
        return self._multivariant

    def push(self, unit: AccessUnit) -> list[PackagerEvent]:
        """Take one access unit of any rendition; within one rendition they come in decode order, without gaps.

        Raises MisuseError for an unknown track and for what Segmenter.push refuses.
        """
        name = self._names.get(unit.track_id)
        if name is None or self._ended:
            raise MisuseError(f"The packager has no open rendition with track {unit.track_id}")
        cut = self._segmenters[name].push(unit)
        return self._publish(name, cut) if cut else []

    def flush(self) -> list[PackagerEvent]:
        """The broadcast is over: close what is open and end every window. A second call does nothing."""
        if self._ended:
            return []
        self._ended = True
        events: list[PackagerEvent] = []
        for name, segmenter in self._segmenters.items():
            cut = segmenter.flush()
            events += self._publish(name, cut) if cut else []
        for window in self.windows.values():
            window.end()
        return events

    def _publish(self, name: str, cut: Cut) -> list[PackagerEvent]:
        window = self.windows[name]
        events: list[PackagerEvent] = []
        if cut.part:
            window.add_part(cut.part)
            events.append(PartClosed(name, cut.part))
        if cut.segment:
            window.close_segment(cut.segment)
            events.append(SegmentClosed(name, cut.segment))
        return events


def _with_container(rendition: Rendition) -> Rendition:
    return replace(
        rendition,
        bitrate=rendition.bitrate + CONTAINER_BITRATE,
        peak_bitrate=rendition.peak_bitrate + CONTAINER_BITRATE,
    )
