"""A light viewer of one rendition: follows it by blocking reloads, fetches every part, holds playlists to the rules."""

import asyncio
import time

import aiohttp

from soak.journal import Journal
from soak.playhead import Playhead
from soak.server import Server
from vitrine.check.finding import Severity
from vitrine.check.follow import Follow
from vitrine.check.peer import MOST_MEDIA, MOST_PLAYLIST, get
from vitrine.check.playlist.model import MediaPlaylist, Part
from vitrine.check.reloading import Directives, Form, next_reload
from vitrine.check.seen import Response
from vitrine.check.watch import Watch
from vitrine.media.errors import MalformedError

LONGEST = 12.0
"""Seconds for any answer. A blocked one comes within six, or says that it does not."""

LEAST_TOLD = 0.1
"""Seconds; shorter stalls are nothing that anybody sees."""

FRESH = 6.0
"""Seconds for which a playlist is news enough to be added to: half of CAN-SKIP-UNTIL (draft 6.3.7)."""

OF_STALLS = ("old-date-ranges-are-skipped",)
"""Rules that a stall breaks: a playlist's age is that of its newest frame."""

MOST_TOLD = 5
"""Times that one rule is told of in one show: what goes on for minutes would hide everything else."""

AGAIN = 0.25
"""Seconds until a playlist that is not there is asked for again, as the page does when a show is over."""


class Player:
    """Plays for ever, show after show."""

    def __init__(
        self, http: aiohttp.ClientSession, server: Server, channel: str, rendition: str, journal: Journal
    ) -> None:
        self.name = rendition
        self.channel = channel
        self.parts = 0
        self._http = http
        self._url = f"{server.address}/hls/{channel}/{rendition}/index.m3u8"
        self._folder = self._url.rpartition("/")[0] + "/"
        self._journal = journal
        self._server = server
        self._told: dict[tuple[str, str], int] = {}
        self._playhead: Playhead | None = None
        self._broadcast = ""
        self._newest = (-1, -1)

    async def run(self) -> None:
        while True:
            response = await get(self._http, self._url, LONGEST, MOST_PLAYLIST)
            if not response.ok:
                if response.status not in (404, 0):
                    self._fail(f"the playlist: {response.told}")
                await asyncio.sleep(AGAIN)
                continue
            watch = Watch(self._url, LONGEST)
            try:
                watch.opened(response)
            except MalformedError as error:
                self._fail(str(error))
                continue
            await self._play(watch, watch.follows[0], response)

    async def _play(self, watch: Watch, follow: Follow, response: Response) -> None:
        """One show, until its playlist ends or is gone."""
        directives, self._told = Directives(), {}
        while watch.answered(follow, Form.NEXT_PART, directives, response):
            playlist = follow.rendition.playlist
            assert playlist is not None
            self._find(watch)
            if playlist.ended:
                self._playhead = None
                await asyncio.sleep(AGAIN)
                return
            await self._take(playlist)
            fresh = time.monotonic() - response.done < FRESH
            directives = next_reload(playlist, changed=True, deltas=fresh).directives
            response = await get(self._http, directives.address(self._url), LONGEST, MOST_PLAYLIST)
        self._find(watch)
        self._fail(f"the playlist after {self._newest}: {response.told}")
        await asyncio.sleep(AGAIN)

    async def _take(self, playlist: MediaPlaylist) -> None:
        """Fetch what is new; who joins begins with the segment that is open."""
        parts = _parts(playlist)
        broadcast = parts[-1][1].resource.uri.partition(".")[0] if parts else ""
        if self._playhead is None or broadcast != self._broadcast:
            control = playlist.server_control
            self._playhead = Playhead(float((control and control.part_hold_back) or 1))
            self._broadcast, self._newest = broadcast, (playlist.next_msn, -1)
        for key, part in parts:
            if key > self._newest:
                self._newest = key
                await self._fetch(part)
                self._playhead.arrived(time.monotonic(), float(part.duration))
        for stall in self._playhead.stalls:
            if stall.seconds >= LEAST_TOLD:
                self._journal.stall(self.channel, self.name, stall.begin, stall.seconds)
        self._playhead.stalls.clear()

    async def _fetch(self, part: Part) -> None:
        if part.gap:
            return
        response = await get(self._http, self._folder + part.resource.uri, LONGEST, MOST_MEDIA)
        self.parts += 1
        if not response.ok:
            self._fail(f"{part.resource.uri} is listed: {response.told}")

    def _find(self, watch: Watch) -> None:
        """Rules that are broken for the first or another time."""
        if not len(watch.findings):
            return
        for found in watch.findings.all:
            key = (found.name, found.where)
            if self._told.get(key) == found.count or found.count > MOST_TOLD:
                continue
            self._told[key] = found.count
            text = f"{found.name} ({found.section}): {found.seen[-1]}"
            excused = found.name in OF_STALLS and self._journal.disturbed(self.channel)
            if found.severity is Severity.ERROR and not excused:
                self._fail(text)
            else:
                self._journal.note(self.channel, f"{self.name}: {text}")

    def _fail(self, text: str) -> None:
        """Nothing is owed while the server is down on purpose."""
        tell = self._journal.fail if self._server.up.is_set() else self._journal.note
        tell(self.channel, f"{self.name}: {text}")


def _parts(playlist: MediaPlaylist) -> list[tuple[tuple[int, int], Part]]:
    """All that are listed, by media sequence number and index."""
    listed = [(segment.msn, segment.parts) for segment in playlist.segments]
    listed.append((playlist.next_msn, playlist.open.parts))
    return [((msn, index), part) for msn, parts in listed for index, part in enumerate(parts)]
