"""Playlists and media of one broadcast, and the waiting that blocking requests need.

The packager answers; this module owns what a request waits on (draft-pantos-hls-rfc8216bis-22 section 6.2.5).
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import SEGMENT_SECONDS
from vitrine.origin.gzipped import Gzipped, accepts_gzip
from vitrine.packager.packager import Packager
from vitrine.packager.window import Answer, Skip, Window

LONGEST_WAIT = 3.0 * SEGMENT_SECONDS
"""Seconds a blocked request is held: SHOULD be answered by 503 after three target durations (section 6.2.5)."""

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
MEDIA_TYPES = {".mp4": "video/mp4", ".m4s": "video/iso.segment", ".vtt": "text/vtt"}
"""By the ending of a name: initialisation sections, segments and parts, segments of text."""

# Lifetimes in seconds, appendix B.1 of the draft.
BLOCKED_PLAYLIST_AGE = 6 * SEGMENT_SECONDS
PLAYLIST_AGE = SEGMENT_SECONDS // 2
MULTIVARIANT_AGE = SEGMENT_SECONDS
MEDIA_AGE = 3600
ERROR_AGE = 1


@dataclass(frozen=True, slots=True)
class Directives:
    """The delivery directives of a playlist request."""

    msn: int | None = None
    part: int | None = None
    skip: Skip = Skip.NO

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "Directives":
        """Raises HTTPBadRequest in words for anything but digits and the draft's skip words."""
        skip = query.get("_HLS_skip", "")
        if skip not in ("", "YES", "v2"):
            raise bad_request("_HLS_skip is YES or v2")
        words = {"": Skip.NO, "YES": Skip.YES, "v2": Skip.V2}
        return cls(_number(query, "_HLS_msn"), _number(query, "_HLS_part"), words[skip])


MOST_DIGITS = 12
"""A media sequence number of twelve digits is two seconds for 60,000 years."""


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise bad_request(f"{name} is a whole number, not negative")
    return int(text)


def _headers(age: int, error: bool = False) -> dict[str, str]:
    caching = f"public, max-age={age}" if error or age < MEDIA_AGE else f"public, max-age={age}, immutable"
    return {"Cache-Control": caching, "Access-Control-Allow-Origin": "*"}


def bad_request(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=text + "\n", headers=_headers(ERROR_AGE, error=True))


def not_found(text: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=text + "\n", headers=_headers(ERROR_AGE, error=True))


def too_late(text: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(text=text + "\n", headers=_headers(ERROR_AGE, error=True))


class LiveStream:
    """A packager, and those who wait for what it makes next."""

    def __init__(self, packager: Packager) -> None:
        self._packager = packager
        self._changed = asyncio.Event()
        self._ended = False
        self._gzipped = Gzipped()
        self.waiting = 0
        """Requests that are held at this moment."""

    @property
    def packager(self) -> Packager:
        return self._packager

    def names(self, name: str) -> bool:
        """Whether a media file's name is of this broadcast."""
        return name.startswith(self._packager.broadcast + ".")

    def push(self, unit: AccessUnit) -> None:
        """Package an access unit, and wake those who wait if a part or segment closed."""
        if self._packager.push(unit):
            self._wake()

    def end(self) -> None:
        """Close what is open; the playlists end."""
        self._packager.flush()
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def multivariant(self, request: web.Request) -> web.Response:
        """The multivariant playlist, once every rendition has something to play."""
        async with _held():
            await self._until_playable()
        return self._playlist(request, "", self._packager.multivariant(), MULTIVARIANT_AGE)

    async def media_playlist(self, request: web.Request, rendition: str) -> web.Response:
        """One rendition's playlist: at once, or as soon as it holds the part that the directives name."""
        window = self._window(rendition)
        directives = Directives.parse(request.query)
        async with _held():
            await self._until_playable()
            while (answer := window.answer(directives.msn, directives.part)) is Answer.WAIT:
                await self._change()
        if answer is Answer.BAD_REQUEST:
            raise bad_request("That part is too far ahead of the playlist's end, or _HLS_part came without _HLS_msn")
        blocked = directives.msn is not None
        age = BLOCKED_PLAYLIST_AGE if blocked else PLAYLIST_AGE
        return self._playlist(request, (rendition, directives.skip), window.playlist(directives.skip), age)

    async def media(self, rendition: str, name: str) -> web.Response:
        """An initialization section, segment or part; the hinted part is held until it is whole."""
        window = self._window(rendition)
        async with _held():
            while (found := window.media(name)) is Answer.WAIT:
                await self._change()
        if not isinstance(found, tuple):
            raise not_found("No such media here, or no longer; see the playlist for what there is")
        body = found[0] if len(found) == 1 else b"".join(found)
        return web.Response(body=body, content_type=MEDIA_TYPES[name[-4:]], headers=_headers(MEDIA_AGE))

    def _playlist(self, request: web.Request, key: Hashable, text: str, age: int) -> web.Response:
        """A playlist in the coding that the client takes. `key` names it among this broadcast's."""
        headers = {**_headers(age), "Vary": "Accept-Encoding"}
        if not accepts_gzip(request.headers.get("Accept-Encoding", "")):
            return web.Response(text=text, content_type=PLAYLIST_TYPE, charset="utf-8", headers=headers)
        headers["Content-Encoding"] = "gzip"
        body = self._gzipped.of(key, text)
        return web.Response(body=body, content_type=PLAYLIST_TYPE, charset="utf-8", headers=headers)

    async def _until_playable(self) -> None:
        while not self._packager.playable:
            if self._ended:
                raise not_found("The broadcast ended before there was anything to play")
            await self._change()

    async def _change(self) -> None:
        """Wait for the next part or the end."""
        self.waiting += 1
        try:
            await self._changed.wait()
        finally:
            self.waiting -= 1

    def _window(self, rendition: str) -> Window:
        window = self._packager.windows.get(rendition)
        if window is None:
            raise not_found(f"No such rendition; there are {', '.join(self._packager.windows)}")
        return window


@asynccontextmanager
async def _held() -> AsyncIterator[None]:
    """Hold a request for as long as the draft allows, then answer 503."""
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            yield
    except TimeoutError:
        raise too_late("What was asked for did not come in time; ask again") from None
