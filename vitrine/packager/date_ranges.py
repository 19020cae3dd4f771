"""Cues as date ranges: the same EXT-X-DATERANGE tags in every playlist of a broadcast (draft-22 section 4.4.5.1).

A tag once published is never contradicted: its attributes are only added to, its ID never means another range, and it
stays while its range touches any window. Corrections change the past all the same. A range that turns out wrong gets
the attribute X-WITHDRAWN, by which players ignore it, and the cue, if there still is one, a new range beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vitrine.media.cue import Cue
from vitrine.packager.cues import Cues
from vitrine.packager.playlist import tags
from vitrine.packager.programme import Programme

CLASS = "org.vitrine.product"


@dataclass(slots=True)
class _Range:
    """What has been published of one cue. `end` is a frame, None as long as none was published."""

    id: str
    cue: Cue
    end: int | None = None
    withdrawn: bool = False

    def says(self, cue: Cue) -> bool:
        """Whether this is true of the cue, and can be made complete."""
        same = (cue.product, cue.slot, cue.start) == (self.cue.product, self.cue.slot, self.cue.start)
        return same and self.end in (None, cue.end)


class DateRanges:
    """What has been published of one broadcast's cues; every window shares it. `text` is the lines to list now.

    It remembers every cue it ever published, as the ledger does, so that no ID is used twice.
    """

    def __init__(self, broadcast: str, cues: Cues, programme: Programme) -> None:
        self._broadcast = broadcast
        self._cues = cues
        self._programme = programme
        self._edge = self._oldest = programme.start_utc_ns
        self._version: int | None = None
        self._next: int | None = None  # the edge at which there is more to publish
        self._first_end: int | None = None  # where the first of the listed ranges ends
        self._known: Sequence[Cue] = ()
        self._latest: dict[str, _Range] = {}  # by cue
        self._revisions: dict[str, int] = {}  # by cue
        self._listed: list[_Range] = []
        self.text = ""

    def update(self, edge: int, oldest: int) -> None:
        """Say where the newest frame published in any rendition ends, and where the oldest segment listed starts.

        Both in utc_ns; they only grow. When nothing has changed this costs three comparisons.
        """
        self._edge, self._oldest = max(self._edge, edge), max(self._oldest, oldest)
        commanded = self._cues.version != self._version
        reached = self._next is not None and self._edge >= self._next
        left = self._first_end is not None and self._oldest > self._first_end
        if commanded:
            self._version = self._cues.version
            self._known = tuple(self._cues.cues())
        if commanded or reached or left:
            self._publish()

    def whole_show(self) -> str:
        """The lines for playlists of the whole broadcast that nobody has seen before: as it was decided in the end."""
        ranges = [_Range(self._id(cue, 1), cue, self._end(cue)) for cue in self._cues.cues() if self._begun(cue)]
        return "".join(map(self._line, ranges))

    def _publish(self) -> None:
        cues = {cue.id: cue for cue in self._known if self._begun(cue)}
        for each in self._listed:
            if not each.withdrawn and not (each.cue.id in cues and each.says(cues[each.cue.id])):
                each.withdrawn = True
                # Without an end it would have to be listed for ever.
                each.end = each.cue.start if each.end is None else each.end
        for cue in cues.values():
            self._publish_cue(cue)
        self._listed = [each for each in self._listed if self._touches(each.end)]
        self.text = "".join(map(self._line, self._listed))
        self._plan()

    def _publish_cue(self, cue: Cue) -> None:
        latest = self._latest.get(cue.id)
        if latest is not None and not latest.withdrawn and latest.says(cue):
            latest.end = self._end(cue)
        elif self._touches(self._end(cue)):
            revision = self._revisions[cue.id] = self._revisions.get(cue.id, 0) + 1
            self._latest[cue.id] = _Range(self._id(cue, revision), cue, self._end(cue))
            self._listed.append(self._latest[cue.id])

    def _plan(self) -> None:
        """When to look again."""
        at = self._programme.frame_utc_ns
        ends = [at(each.end) for each in self._listed if each.end is not None]
        self._first_end = min(ends, default=None)
        frames = [cue.start for cue in self._known if not self._begun(cue)]
        frames += [cue.end for cue in self._known if cue.end is not None and self._end(cue) is None]
        self._next = min(map(at, frames), default=None)

    def _begun(self, cue: Cue) -> bool:
        """A frame of it has been published."""
        return self._programme.frame_utc_ns(cue.start) < self._edge

    def _end(self, cue: Cue) -> int | None:
        """Its end, once all of it has been published: until then a command may move it."""
        return None if cue.end is None or self._programme.frame_utc_ns(cue.end) > self._edge else cue.end

    def _touches(self, end: int | None) -> bool:
        """Whether a range with that end may not leave the playlists yet (section 6.2.1)."""
        return end is None or self._programme.frame_utc_ns(end) >= self._oldest

    def _id(self, cue: Cue, revision: int) -> str:
        return f"{self._broadcast}-{cue.id}" + (f"-r{revision}" if revision > 1 else "")

    def _line(self, each: _Range) -> str:
        extra: dict[str, str | int] = {"X-PRODUCT": quotable(each.cue.product), "X-SLOT": each.cue.slot}
        if each.withdrawn:
            extra["X-WITHDRAWN"] = "YES"
        line = tags.date_range(
            each.id,
            CLASS,
            self._programme.frame_utc_ns(each.cue.start),
            None if each.end is None else self._programme.frame_utc_ns(each.end),
            extra,
        )
        return line + "\n"


def quotable(product: str) -> str:
    """A product's id as a quoted-string can hold it; readers put back %22 and %25, and nothing else."""
    return product.replace("%", "%25").replace('"', "%22")
