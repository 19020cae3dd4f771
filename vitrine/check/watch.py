"""A stream as it is watched: answers go in, findings and what to ask next come out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os.path import relpath
from urllib.parse import parse_qsl, urlsplit

from vitrine.check.finding import Findings
from vitrine.check.follow import Follow
from vitrine.check.playlist.attributes import lines_of
from vitrine.check.playlist.delta import apply
from vitrine.check.playlist.media import parse_media
from vitrine.check.playlist.model import MediaPlaylist
from vitrine.check.playlist.multivariant import Multivariant, is_multivariant, parse_multivariant
from vitrine.check.reloading import Directives, Form
from vitrine.check.rules import (
    blocking,
    cadence,
    date_ranges,
    deltas,
    fetched,
    form,
    http,
    low_latency,
    media,
    reload,
    renditions,
    variants,
)
from vitrine.check.rules.blocking import Blocked
from vitrine.check.rules.fetched import Fetched
from vitrine.check.seen import Exchange, Kind, Reload, Rendition, Response, Stream, Update, absolute
from vitrine.media.errors import MalformedError

MOST_RENDITIONS = 16
"""Followed at a time. Ladders have ten rungs at most; each costs as much as one player."""

RECENT = 20
"""Segments of a reloaded playlist that are looked at one by one: those before were, when they were new."""

ROLES = {"AUDIO": "audio", "VIDEO": "video", "SUBTITLES": "subtitles"}
SOUND = ("mp4a", "ac-3", "ec-3", "opus", "flac", "alac")


@dataclass(slots=True)
class Counts:
    """What was fetched so far."""

    playlists: int = 0
    media: int = 0
    bytes: int = 0


class Watch:
    """Everything that is seen of the stream at `url`, for `seconds`."""

    def __init__(self, url: str, seconds: float) -> None:
        self.stream = Stream(url)
        self.findings = Findings()
        self.counts = Counts()
        self.follows: list[Follow] = []
        self._seconds = seconds
        self._more: list[str] = []

    @property
    def unchecked(self) -> list[str]:
        """What was not looked at, and why."""
        return sorted({told for follow in self.follows for told in follow.unchecked}) + self._more

    def opened(self, response: Response) -> None:
        """The first answer. Raises MalformedError, in words, if there is nothing to watch behind the address."""
        if not response.ok:
            raise MalformedError(f"{response.url} cannot be watched: {response.told}")
        text = _text(response)
        lines_of(text)
        self.stream.url = response.url
        self.counts.playlists += 1
        if not is_multivariant(text):
            self._add(Rendition(_tail(response.url), response.url, "video"))
            return
        found = self.stream.multivariant = parse_multivariant(text, _query(response.url))
        self._exchange(Kind.MULTIVARIANT, response, _tail(response.url), 1, live=False)
        for uri, role in _addresses(found).items():
            url = absolute(response.url, uri)
            name = uri.partition("?")[0] if "://" not in uri else _tail(url)
            if len(self.follows) < MOST_RENDITIONS:
                self._add(Rendition(name, url, role))
            else:
                self._more.append(f"{name}: not watched; {MOST_RENDITIONS} playlists at a time are")
        if not self.follows:
            raise MalformedError(f"{response.url} is a multivariant playlist that names no media playlist")

    def _add(self, rendition: Rendition) -> None:
        self.stream.renditions.append(rendition)
        self.follows.append(Follow(rendition, self.findings, self._seconds, rendition.url))

    def answered(self, follow: Follow, form_of: Form, directives: Directives, response: Response) -> bool:
        """A media playlist has come, or not. True if it is one, and whole; only then does the rendition go on with it.

        What was asked as a probe is judged, and otherwise left.
        """
        self.counts.playlists += 1
        self.counts.bytes += len(response.body)
        rendition, before = follow.rendition, follow.rendition.playlist
        listening = form_of is Form.NEXT_PART
        told = Fetched("the playlist" if listening else form_of.value, response)
        whole = self._read(follow, directives, response) if response.ok else None
        if before is not None and directives.blocking:
            asked = Blocked(form_of, directives, response, before, whole)
            self.findings.apply(blocking.RULES, asked, rendition.name)
        elif not response.ok:
            self.findings.apply((fetched.playlists_can_be_had,), told, rendition.name)
        self._delivered(follow, directives, response, whole or before)
        if whole is None or not listening:
            return whole is not None
        follow.base = response.url
        self._take(follow, whole, response, blocked=directives.blocking)
        return True

    def _read(self, follow: Follow, directives: Directives, response: Response) -> MediaPlaylist | None:
        """The playlist, made whole if it is a delta update."""
        rendition, known = follow.rendition, follow.rendition.playlist
        variables = _query(response.url)
        if self.stream.multivariant is not None:
            variables = {**self.stream.multivariant.variables, **variables}
        try:
            playlist = parse_media(_text(response), variables)
            whole = apply(playlist, known or MediaPlaylist())
        except MalformedError as error:
            told = Fetched("the playlist", response, str(error))
            self.findings.apply((fetched.playlists_can_be_read,), told, rendition.name)
            return None
        if directives.skip is not None:
            v2 = directives.skip == "v2"
            follow.update = Update(playlist, whole, None, follow.full, response.asked, dict(rendition.ranges), v2)
            self.findings.apply(deltas.RULES, follow.update, rendition.name)
            follow.full = None
        return whole

    def _take(self, follow: Follow, whole: MediaPlaylist, response: Response, *, blocked: bool) -> None:
        rendition, before = follow.rendition, follow.rendition.playlist
        newest = whole if before is None else whole.recent(RECENT)
        self.findings.apply(form.RULES, newest, rendition.name)
        self.findings.apply(low_latency.RULES, newest, rendition.name)
        self.findings.apply(date_ranges.PLAYLIST_RULES, newest, rendition.name)
        if before is not None:
            pair = Reload(before, whole)
            self.findings.apply((*reload.RULES, *date_ranges.RELOAD_RULES), pair, rendition.name)
            if whole.first_msn > before.first_msn and follow.removed is None:
                last = before.segment(whole.first_msn - 1)
                follow.removed = last if last is not None and not last.gap else None
        rendition.answered(whole, response.asked, response.done, blocked=blocked)

    def compared(self, follow: Follow, update: Update, response: Response) -> None:
        """The full playlist has come, asked for at the same moment as a delta update."""
        self.counts.playlists += 1
        if response.ok:
            follow.full = self._read(follow, Directives(), response)
            self.findings.apply(deltas.RULES, replace(update, full=follow.full), follow.rendition.name)

    def _delivered(
        self, follow: Follow, directives: Directives, response: Response, playlist: MediaPlaylist | None
    ) -> None:
        if not response.status or playlist is None:
            return
        kind = Kind.BLOCKED if directives.blocking else Kind.PLAYLIST
        where, target = follow.rendition.name, playlist.target
        self._exchange(kind, response, where, target, live=playlist.growing)

    def _exchange(self, kind: Kind, response: Response, where: str, target: int, *, live: bool) -> None:
        self.findings.apply(http.RULES, Exchange(kind, response, target, live), where)

    def loaded(self, follow: Follow, kind: Kind, response: Response) -> None:
        """Media have come: how they were delivered."""
        self.counts.media += 1
        self.counts.bytes += len(response.body)
        playlist = follow.rendition.playlist
        if response.status and playlist is not None:
            self._exchange(kind, response, follow.rendition.name, playlist.target, live=playlist.growing)

    def finish(self) -> None:
        """Nothing more will come: hold what was seen against the rules that need all of it."""
        for rendition in self.stream.renditions:
            self.findings.apply(media.RULES, rendition, rendition.name)
            self.findings.apply(cadence.RULES, rendition, rendition.name)
        where = _tail(self.stream.url)
        self.findings.apply((*renditions.RULES, *variants.RULES), self.stream, where)


def _text(response: Response) -> str:
    return response.body.decode("utf-8", "replace")


def _query(url: str) -> Mapping[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _tail(url: str) -> str:
    """The last two steps of an address's path."""
    path = urlsplit(url).path or "/"
    return relpath(path, path.rsplit("/", 2)[0] or "/")


def _addresses(found: Multivariant) -> dict[str, str]:
    """Each media playlist's address as written, and its role; a playlist that is named twice counts once."""
    roles = {each.uri: ROLES[each.kind] for each in found.alternatives if each.uri and each.kind in ROLES}
    pictures = {}
    for variant in found.variants:
        sound = variant.codecs and all(codec.lower().startswith(SOUND) for codec in variant.codecs)
        if variant.uri not in roles:
            pictures[variant.uri] = "audio" if sound else "video"
    return {**pictures, **roles}
