"""One media playlist as it is followed: what of its media to fetch next, and what was fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from vitrine.check.finding import Findings
from vitrine.check.media.fragment import Media, read_media
from vitrine.check.media.init import read_init
from vitrine.check.playlist.model import MediaPlaylist, Part, Resource, Segment
from vitrine.check.rules import fetched as rules
from vitrine.check.rules.fetched import Fetched
from vitrine.check.seen import MediaSeen, Rendition, Response, Update, absolute, difference
from vitrine.media.errors import VitrineError

SEGMENTS_BACK = 3
"""From the live edge, where players start: three target durations."""

SEGMENTS_BEHIND = 12
"""A client that has fallen further behind goes on at the live edge, as a player does."""

SEGMENTS_OPEN = 8
"""Of which the parts' bytes are kept until the segment itself comes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Media to fetch. `key` is a media sequence number or that and a part's index; None for anything else."""

    what: str
    resource: Resource
    url: str
    key: int | tuple[int, int] | None = None
    listed: Segment | Part | None = None
    map: Resource | None = None
    hint: bool = False


@dataclass(slots=True)
class Follow:
    """`base` is what addresses in the playlist are relative to. `most_seconds` is how much of a VOD is fetched."""

    rendition: Rendition
    findings: Findings
    most_seconds: float
    base: str
    unchecked: set[str] = field(default_factory=set)
    update: Update | None = None
    full: MediaPlaylist | None = None
    """Asked for since the last delta update."""
    removed: Segment | None = None
    failures: int = 0
    _start: int | None = None
    _asked: set[object] = field(default_factory=set)
    _bodies: dict[int, dict[int, bytes]] = field(default_factory=dict)
    _hinted: dict[Resource, Response] = field(default_factory=dict)

    def wanted(self) -> Wanted | None:
        """The next thing to fetch, the oldest first; None if there is nothing now. The caller fetches it."""
        playlist = self.rendition.playlist
        if playlist is not None:
            self._let_hints_expire(playlist)
        for want in self._all(playlist) if playlist else ():
            mark = want.key if want.key is not None else want.resource
            if mark in self._asked:
                continue
            self._asked.add(mark)
            held = None if want.hint or want.listed is None else self._hinted.pop(want.resource, None)
            if held is None:
                return want
            self.findings.apply((rules.hinted_parts_can_be_had,), Fetched(want.what, held), self.rendition.name)
            if not held.ok:
                return want
            self.fetched(want, held)
        return None

    def _all(self, playlist: MediaPlaylist) -> Iterator[Wanted]:
        if self._start is None:
            back = len(playlist.segments) - SEGMENTS_BACK if playlist.growing else 0
            self._start = playlist.first_msn + max(0, back)
        if playlist.growing:
            self._start = max(self._start, playlist.next_msn - SEGMENTS_BEHIND)
        if self.removed is not None:
            yield self._want("a segment that was just removed", self.removed.resource)
        seconds = 0.0
        for segment in playlist.segments[max(0, self._start - playlist.first_msn) :]:
            if segment.gap:
                continue
            yield from self._maps(segment.map)
            yield from self._parts(segment.msn, segment.parts, segment.map)
            yield self._want(f"segment {segment.msn}", segment.resource, segment.msn, segment, segment.map)
            seconds += float(segment.duration)
            if not playlist.growing and seconds > self.most_seconds:
                return
        yield from self._maps(playlist.open.map)
        yield from self._parts(playlist.next_msn, playlist.open.parts, playlist.open.map)
        for hint in playlist.hints:
            if hint.kind == "PART" and hint.resource.byte_range is None:
                yield Wanted("the hinted part", hint.resource, absolute(self.base, hint.resource.uri), hint=True)

    def _want(
        self,
        what: str,
        resource: Resource,
        key: int | tuple[int, int] | None = None,
        listed: Segment | Part | None = None,
        initialisation: Resource | None = None,
    ) -> Wanted:
        return Wanted(what, resource, absolute(self.base, resource.uri), key, listed, initialisation)

    def _maps(self, resource: Resource | None) -> Iterator[Wanted]:
        if resource is not None:
            yield self._want("the initialisation section", resource)

    def _parts(self, msn: int, parts: tuple[Part, ...], initialisation: Resource | None) -> Iterator[Wanted]:
        for index, part in enumerate(parts):
            if not part.gap:
                what = f"part {index} of segment {msn}"
                yield self._want(what, part.resource, (msn, index), part, initialisation)

    def fetched(self, want: Wanted, response: Response) -> None:
        """Take what was fetched for `want`."""
        if want.hint:
            self._take_hinted(want, response)
        elif want.listed is not None and want.key is not None:
            self._take_media(want, want.listed, response)
        elif self.removed is not None and want.resource == self.removed.resource:
            self._apply(rules.removed_segments_stay_a_while, want, response)
        else:
            self._take_init(want, response)

    def _apply(self, rule: rules.Of, want: Wanted, response: Response, trouble: str = "") -> None:
        self.findings.apply((rule,), Fetched(want.what, response, trouble), self.rendition.name)

    def _take_hinted(self, want: Wanted, response: Response) -> None:
        self._hinted[want.resource] = response
        target = self.rendition.playlist.part_target if self.rendition.playlist else None
        told = Fetched(want.what, response, part_target=float(target or 0))
        self.findings.apply((rules.hinted_parts_come_at_once,), told, self.rendition.name)
        for resource in list(self._hinted)[:-SEGMENTS_OPEN]:
            del self._hinted[resource]

    def _let_hints_expire(self, playlist: MediaPlaylist) -> None:
        """What is neither hinted at any longer nor listed was answered in vain."""
        known = {hint.resource for hint in playlist.hints} | {part.resource for part in playlist.open.parts}
        for segment in playlist.segments[-SEGMENTS_BEHIND:]:
            known.update(part.resource for part in segment.parts)
        for resource in [each for each in self._hinted if each not in known]:
            told = Fetched(f"{resource.uri}, which was hinted at and did not come", self._hinted.pop(resource))
            self.findings.apply((rules.hints_that_expire_are_not_found,), told, self.rendition.name)

    def _take_init(self, want: Wanted, response: Response) -> None:
        if not response.ok:
            self._apply(rules.media_can_be_read, want, response, response.told)
            return
        try:
            init = self.rendition.inits[want.resource] = read_init(response.body)
        except VitrineError as error:
            self._apply(rules.media_can_be_read, want, response, str(error))
            return
        if self.rendition.role == "video" and all(track.handler != "vide" for track in init.tracks):
            self.rendition.role = "audio"

    def _take_media(self, want: Wanted, listed: Segment | Part, response: Response) -> None:
        seen = MediaSeen(listed, want.map)
        if not response.ok:
            seen.told = response.told
        else:
            seen.media = self._read(want, listed, response)
        if isinstance(want.key, int):
            seen.differs = self._compared(want.key, response.body) if response.ok else ""
            self.rendition.segments[want.key] = seen
        elif want.key is not None:
            msn, index = want.key
            self.rendition.parts[want.key] = seen
            self._bodies.setdefault(msn, {})[index] = response.body if response.ok else b""
            for old in list(self._bodies)[:-SEGMENTS_OPEN]:
                del self._bodies[old]

    def _read(self, want: Wanted, listed: Segment | Part, response: Response) -> Media | None:
        key = listed.key if isinstance(listed, Segment) else None
        if key is not None and "METHOD=AES-" in key:
            self.unchecked.add(f"{self.rendition.name}: segments are encrypted, so nothing in them was checked")
            return None
        try:
            media = read_media(response.body, self.rendition.inits.get(want.map) if want.map else None)
        except VitrineError as error:
            self._apply(rules.media_can_be_read, want, response, str(error))
            return None
        if media.kind in ("ts", "sound", "unknown"):
            names = {"ts": "MPEG-TS", "sound": "packed audio", "unknown": "of an unknown format"}
            told = f"segments are {names[media.kind]}, so that durations and times in them were not checked"
            self.unchecked.add(f"{self.rendition.name}: {told}")
        return media

    def _compared(self, msn: int, body: bytes) -> str:
        """How the segment differs from its parts, if all of them were fetched."""
        bodies = self._bodies.pop(msn, {})
        playlist = self.rendition.playlist
        segment = playlist.segment(msn) if playlist else None
        count = len(segment.parts) if segment else 0
        if not count or sorted(bodies) != list(range(count)) or not all(bodies.values()):
            return ""
        return difference([bodies[index] for index in range(count)], body)
