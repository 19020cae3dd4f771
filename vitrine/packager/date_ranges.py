"""Cues as date ranges: the same EXT-X-DATERANGE tags in every playlist of a broadcast (draft-22 section 4.4.5.1).

A tag once published is never contradicted: its attributes are only added to, its ID never means another range, and it
stays while its range touches any window. Corrections change the past all the same. A range that turns out wrong gets
the attribute X-WITHDRAWN, by which players ignore it, and the cue, if there still is one, a new range beside it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vitrine.media.cue import Cue
from vitrine.packager.cmaf.prft import NANOSECONDS
from vitrine.packager.cues import Cues
from vitrine.packager.playlist import tags
from vitrine.packager.programme import Programme
from vitrine.packager.published import Published

CLASS = "org.vitrine.product"

USUAL_SLOT = 1
"""A range that names no slot is in this one: every playlist of the next twelve seconds tells a new range again."""


@dataclass(slots=True)
class _Range:
    """What has been published of one cue, as a line, and the edge at which that last changed.

    `end` is a frame, None as long as none was published.
    """

    id: str
    cue: Cue
    end: int | None = None
    withdrawn: bool = False
    line: str = ""
    changed: int = 0

    def says(self, cue: Cue) -> bool:
        """Whether this is true of the cue, and can be made complete."""
        same = (cue.product, cue.slot, cue.start) == (self.cue.product, self.cue.slot, self.cue.start)
        return same and self.end in (None, cue.end)


class DateRanges:
    """What has been published of one broadcast's cues; every window shares it.

    `text` is the lines to list now. `recent` is those that are new or longer since `skip_seconds`, and `removed` the
    ids that have left since, with a tab between: what a delta update holds for a client that knows the rest.
    It remembers every cue it ever published, as the ledger does, so that no ID is used twice.
    """

    def __init__(
        self,
        broadcast: str,
        cues: Cues,
        programme: Programme,
        skip_seconds: int,
        note: Callable[[Published], None] = lambda _: None,
    ) -> None:
        """`note` is given every change of what is published."""
        self._note = note
        self.text = ""
        self.recent = ""
        self.removed = ""
        self._broadcast = broadcast
        self._cues = cues
        self._programme = programme
        self._skip = skip_seconds * NANOSECONDS
        self._edge = self._oldest = programme.start_utc_ns
        self._last: int | None = None  # the frame at which the broadcast ended
        self._version: int | None = None
        self._next: int | None = None  # the edge at which there is more to say
        self._first_end: int | None = None  # where the first of the listed ranges ends
        self._known: dict[str, Cue] = {}
        self._waiting: dict[str, Cue] = {}  # those of which more is to be published
        self._latest: dict[str, _Range] = {}  # by cue
        self._revisions: dict[str, int] = {}  # by cue
        self._listed: list[_Range] = []
        self._removals: deque[tuple[int, str]] = deque()  # edge and id

    def update(self, edge: int, oldest: int) -> None:
        """Say where the newest frame published in any rendition ends, and where the oldest segment listed starts.

        Both in utc_ns; they only grow. When nothing has changed this costs three comparisons.
        """
        self._edge, self._oldest = max(self._edge, edge), max(self._oldest, oldest)
        commanded = self._cues.version != self._version
        reached = self._next is not None and self._edge >= self._next
        left = self._first_end is not None and self._oldest > self._first_end
        if commanded:
            self._learn()
        if commanded or reached or left:
            self._publish()
            self._plan()

    def restore(self, published: Iterable[Published], edge: int, oldest: int) -> None:
        """Go on from what another server had published. Call it first; edge and oldest are as for `update`.

        What left the playlists lately is told of as removed: a client may still know it.
        """
        self._edge, self._oldest = max(self._edge, edge), max(self._oldest, oldest)
        for each in published:
            known = self._latest[each.cue.id] = _Range(each.id, each.cue, each.end, each.withdrawn)
            known.line, known.changed = self._line(known), each.changed
            self._revisions[each.cue.id] = self._revisions.get(each.cue.id, 0) + 1
            if self._touches(each.end):
                self._listed.append(known)
            elif each.end is not None and self._programme.frame_utc_ns(each.end) >= self._oldest - self._skip:
                self._removals.append((self._edge, each.id))
        self.update(edge, oldest)

    def end(self, frame: int) -> None:
        """The broadcast ended before `frame`: so do all cues that are still open. Call it once, after all updates."""
        self._last = frame
        self._learn()
        self._publish()

    def whole_show(self) -> str:
        """The lines for playlists of the whole broadcast that nobody has seen before: as it was decided in the end."""
        ranges = [_Range(self._id(cue, 1), cue, self._end(cue)) for cue in self._cues.cues() if self._begun(cue)]
        return "".join(map(self._line, ranges))

    def _learn(self) -> None:
        """Find what is new among all the cues: of thousands, most are over and have not changed."""
        self._version = self._cues.version
        before, self._known = self._known, {cue.id: cue for cue in self._cues.cues()}
        self._waiting |= {name: cue for name, cue in self._known.items() if before.get(name) is not cue}
        self._waiting = {name: cue for name, cue in self._waiting.items() if name in self._known}

    def _publish(self) -> None:
        for each in self._listed:
            cue = self._known.get(each.cue.id)
            if not each.withdrawn and not (cue and each.says(cue) and self._begun(cue)):
                each.withdrawn = True
                # Without an end it would have to be listed for ever.
                each.end = each.cue.start if each.end is None else each.end
                self._write(each)
        for cue in [cue for cue in self._waiting.values() if self._begun(cue)]:
            self._publish_cue(cue)
            if self._end(cue) is not None:
                del self._waiting[cue.id]
        for each in self._listed:
            if not self._touches(each.end):
                self._removals.append((self._edge, each.id))
                each.line = ""  # never listed again; a long show has thousands
        while self._removals and self._removals[0][0] < self._edge - self._skip:
            self._removals.popleft()
        self._listed = [each for each in self._listed if self._touches(each.end)]
        self.text = "".join(each.line for each in self._listed)
        self.recent = "".join(each.line for each in self._listed if each.changed >= self._edge - self._skip)
        self.removed = "\t".join(name for _, name in self._removals)

    def _publish_cue(self, cue: Cue) -> None:
        latest, end = self._latest.get(cue.id), self._end(cue)
        if latest is not None and not latest.withdrawn and latest.says(cue):
            if latest.end != end:
                latest.end = end
                self._write(latest)
        elif self._touches(end):
            revision = self._revisions[cue.id] = self._revisions.get(cue.id, 0) + 1
            latest = self._latest[cue.id] = _Range(self._id(cue, revision), cue, end)
            self._write(latest)
            self._listed.append(latest)

    def _write(self, each: _Range) -> None:
        each.line, each.changed = self._line(each), self._edge
        self._note(Published(each.id, each.cue, each.end, each.withdrawn, each.changed))

    def _plan(self) -> None:
        """When to look again."""
        at = self._programme.frame_utc_ns
        ends = [at(each.end) for each in self._listed if each.end is not None]
        self._first_end = min(ends, default=None)
        edges = [at(cue.start) for cue in self._waiting.values() if not self._begun(cue)]
        edges += [at(cue.end) for cue in self._waiting.values() if cue.end is not None]
        old = self._edge - self._skip
        edges += [each.changed + self._skip + 1 for each in self._listed if each.changed >= old]
        edges += [edge + self._skip + 1 for edge, _ in self._removals]
        self._next = min(edges, default=None)

    def _begun(self, cue: Cue) -> bool:
        """A frame of it has been published."""
        return self._programme.frame_utc_ns(cue.start) < self._edge

    def _end(self, cue: Cue) -> int | None:
        """Its end, once all of it has been published: until then a command may move it."""
        end = cue.end if self._last is None or (cue.end is not None and cue.end < self._last) else self._last
        return None if end is None or (end != self._last and self._programme.frame_utc_ns(end) > self._edge) else end

    def _touches(self, end: int | None) -> bool:
        """Whether a range with that end may not leave the playlists yet (section 6.2.1)."""
        return end is None or self._programme.frame_utc_ns(end) >= self._oldest

    def _id(self, cue: Cue, revision: int) -> str:
        return f"{self._broadcast}-{cue.id}" + (f"-r{revision}" if revision > 1 else "")

    def _line(self, each: _Range) -> str:
        extra: dict[str, str | int] = {"X-PRODUCT": quotable(each.cue.product)}
        if each.cue.slot != USUAL_SLOT:
            extra["X-SLOT"] = each.cue.slot
        if each.withdrawn:
            extra["X-WITHDRAWN"] = "YES"
        start = self._programme.frame_utc_ns(each.cue.start)
        end = None if each.end is None else self._programme.frame_utc_ns(each.end)
        return tags.date_range(each.id, CLASS, start, end, extra) + "\n"


def quotable(product: str) -> str:
    """A product's id as a quoted-string can hold it; readers put back %22, %25 and %7B, and nothing else.

    `{$name}` refers to a variable (draft-22 section 4.3), and hls.js gives up a playlist that does not define it.
    """
    return product.replace("%", "%25").replace('"', "%22").replace("{", "%7B")
