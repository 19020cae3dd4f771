"""The client: fetches as players do, within limits, and hands everything to `Watch`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic

import aiohttp

from vitrine.check.follow import Follow, Wanted
from vitrine.check.playlist.model import ByteRange
from vitrine.check.reloading import Directives, Form, next_reload, probe
from vitrine.check.seen import Kind, Response
from vitrine.check.watch import Watch

MOST_PLAYLIST = 8 * 1024 * 1024
"""Bytes, unpacked. Four hours of segments of two seconds take under one megabyte."""

MOST_MEDIA = 64 * 1024 * 1024
"""Bytes. Ten seconds at 50 Mbit/s."""

MOST_REDIRECTS = 5
AT_A_TIME = 4
"""Media fetched at a time, hinted parts aside: what a player on a page would open."""

OPENING_TIME = 20.0
"""Seconds for the first answer: a live stream may be about to start."""

ANSWER_TIME = 15.0
"""Seconds for whatever is not held."""

PROBE_PAUSE = 0.3
COMPARE_PAUSE = 4.0
"""Seconds between two delta updates that are held against the full playlist."""

TICK = 0.2
"""Seconds between two calls of `progress`."""

RETRY_PAUSE = 1.0
MOST_FAILURES = 5
"""In a row, after which a playlist is taken for gone."""

PROBES = (
    Form.PART_ALONE,
    Form.LISTED,
    Form.GONE,
    Form.PAST_ITS_LAST_PART,
    Form.FAR_SEGMENT,
    Form.FAR_PART,
    Form.NEXT_SEGMENT,
)

HEADERS = {
    "User-Agent": "vitrine-check",
    "Accept-Encoding": "gzip",
    "Origin": "https://player.invalid",
}
"""As a browser's player on another site's page would send."""


class Peer:
    """Watches one stream. `progress` is called a few times a second with the seconds gone."""

    def __init__(self, session: aiohttp.ClientSession, watch: Watch, seconds: float) -> None:
        self._session = session
        self._watch = watch
        self._seconds = seconds
        self._media = asyncio.Semaphore(AT_A_TIME)
        self._changed = {id(follow): asyncio.Event() for follow in watch.follows}
        self._known = {id(follow): asyncio.Event() for follow in watch.follows}
        self._over: set[int] = set()

    async def run(self, progress: Callable[[float], None], stopped: asyncio.Event) -> None:
        """Watch until the time is over or `stopped` is set, or until there is nothing more to see."""
        started = monotonic()
        try:
            async with asyncio.timeout(self._seconds) as limit, asyncio.TaskGroup() as tasks:
                ticking = tasks.create_task(self._tick(started, progress, stopped, limit))
                async with asyncio.TaskGroup() as watching:
                    for follow in self._watch.follows:
                        watching.create_task(self._reload(follow))
                        watching.create_task(self._load(follow))
                    watching.create_task(self._probe_some())
                ticking.cancel()
        except TimeoutError:
            pass
        progress(min(self._seconds, monotonic() - started))

    async def _tick(
        self, started: float, progress: Callable[[float], None], stopped: asyncio.Event, limit: asyncio.Timeout
    ) -> None:
        while not stopped.is_set():
            progress(monotonic() - started)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), TICK)
        limit.reschedule(asyncio.get_running_loop().time())

    async def _reload(self, follow: Follow) -> None:
        """Ask for the playlist again and again, as a player does."""
        directives, changed = Directives(), True
        compared = monotonic()
        while follow.failures < MOST_FAILURES:
            before = follow.rendition.playlist
            response = await self._playlist(follow, directives)
            if not self._watch.answered(follow, Form.NEXT_PART, directives, response):
                follow.failures += 1
                await asyncio.sleep(RETRY_PAUSE)
                directives = Directives()
                continue
            follow.failures = 0
            playlist = follow.rendition.playlist
            self._wake(follow)
            if playlist is None or (not playlist.live and playlist.playlist_type != "EVENT") or playlist.ended:
                break
            if monotonic() - compared > COMPARE_PAUSE and follow.update is not None:
                compared = monotonic()
                await self._compare(follow, directives)
            changed = before is None or playlist.last != before.last
            following = next_reload(playlist, changed=changed)
            await asyncio.sleep(following.wait)
            directives = following.directives
        self._over.add(id(follow))
        self._wake(follow)
        await self._probe(follow, Form.ENDED)

    def _wake(self, follow: Follow) -> None:
        """There is something new of a playlist, or it is over."""
        self._changed[id(follow)].set()
        self._known[id(follow)].set()

    async def _compare(self, follow: Follow, asked: Directives) -> None:
        """The full playlist for the directives that a delta update has just come for."""
        update = follow.update
        if update is not None and update.delta.skip is not None:
            response = await self._playlist(follow, Directives(asked.msn, asked.part))
            self._watch.compared(follow, update, response)

    async def _load(self, follow: Follow) -> None:
        """Fetch media, one after another, and what is hinted at before it is there."""
        changed = self._changed[id(follow)]
        while True:
            changed.clear()
            want = follow.wanted()
            if want is not None:
                await self._fetch(follow, want)
            elif id(follow) in self._over:
                return
            else:
                await changed.wait()

    async def _fetch(self, follow: Follow, want: Wanted) -> None:
        if want.hint:
            playlist = follow.rendition.playlist
            wait = 3.0 * (playlist.target if playlist else 1) + ANSWER_TIME
            response = await self._get(want.url, wait, MOST_MEDIA)
        else:
            async with self._media:
                response = await self._get(want.url, ANSWER_TIME, MOST_MEDIA, want.resource.byte_range)
        self._watch.loaded(follow, Kind.MEDIA if want.hint or want.key is not None else Kind.INIT, response)
        follow.fetched(want, response)

    async def _probe_some(self) -> None:
        """Every form of blocking reload once, on one playlist with parts and one without."""
        chosen: dict[bool, Follow] = {}
        for follow in self._watch.follows:
            await self._known[id(follow)].wait()
            if follow.rendition.playlist is not None:
                chosen.setdefault(follow.rendition.playlist.has_parts, follow)
        async with asyncio.TaskGroup() as tasks:
            for follow in chosen.values():
                tasks.create_task(self._probe_one(follow))

    async def _probe_one(self, follow: Follow) -> None:
        for form in PROBES:
            await self._probe(follow, form)
            await asyncio.sleep(PROBE_PAUSE)

    async def _probe(self, follow: Follow, form: Form) -> None:
        playlist = follow.rendition.playlist
        directives = probe(form, playlist) if playlist is not None else None
        if directives is None or playlist is None:
            return
        held = form in (Form.NEXT_SEGMENT, Form.PAST_ITS_LAST_PART)
        most = (4.0 if held else 1.0) * playlist.target + 2.0
        response = await self._get(directives.address(follow.rendition.url), most, MOST_PLAYLIST)
        self._watch.answered(follow, form, directives, response)

    async def _playlist(self, follow: Follow, directives: Directives) -> Response:
        playlist = follow.rendition.playlist
        most = ANSWER_TIME + (3.0 * playlist.target if playlist is not None and directives.blocking else 0.0)
        return await self._get(directives.address(follow.rendition.url), most, MOST_PLAYLIST)

    async def _get(self, url: str, seconds: float, most: int, byte_range: ByteRange | None = None) -> Response:
        return await get(self._session, url, seconds, most, byte_range)


async def get(
    session: aiohttp.ClientSession, url: str, seconds: float, most: int, byte_range: ByteRange | None = None
) -> Response:
    """Fetch, within limits of time and bytes. Never raises: an answer that did not come is one with status 0."""
    asked = monotonic()
    headers = {}
    if byte_range is not None and byte_range.length is not None:
        headers["Range"] = f"bytes={byte_range.start}-{byte_range.start + byte_range.length - 1}"
    trouble = f"no answer within {seconds:g} s"
    try:
        async with (
            asyncio.timeout(seconds),
            session.get(url, headers=headers, max_redirects=MOST_REDIRECTS) as response,
        ):
            body = bytearray()
            began = None
            async for chunk in response.content.iter_chunked(1 << 16):
                began = began or monotonic()
                body += chunk
                if len(body) > most:
                    return Response(url, 0, {}, b"", asked, began, monotonic(), trouble=f"more than {most} bytes")
            status = response.status
            if byte_range is not None and status == 200:
                status, trouble = 0, "the whole resource in answer to a request for a range"
            done = monotonic()
            names = {name.lower(): value for name, value in response.headers.items()}
            final, history = str(response.url), len(response.history)
            return Response(final, status, names, bytes(body), asked, began or done, done, history, trouble)
    except TimeoutError:
        pass
    except aiohttp.ClientConnectorError as error:
        trouble = f"{error.host}, port {error.port}, cannot be reached: {error.os_error.strerror or error.os_error}"
    except aiohttp.TooManyRedirects:
        trouble = f"more than {MOST_REDIRECTS} redirects"
    except (aiohttp.ClientError, ValueError) as error:
        trouble = str(error) or type(error).__name__
    return Response(url, 0, {}, b"", asked, monotonic(), monotonic(), trouble=trouble)


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A session for one run: nothing is kept from one answer to the next, cookies neither."""
    timeout = aiohttp.ClientTimeout(total=None)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(headers=HEADERS, timeout=timeout, cookie_jar=jar) as session:
        yield session


async def check_stream(
    url: str, seconds: float, progress: Callable[[float, Watch], None], stopped: asyncio.Event | None = None
) -> Watch:
    """Watch the stream at `url`, until `stopped` is set at most. Raises MalformedError, in words, if there is none."""
    watch = Watch(url, seconds)
    async with client() as session:
        watch.opened(await get(session, url, OPENING_TIME, MOST_PLAYLIST))
        await Peer(session, watch, seconds).run(lambda gone: progress(gone, watch), stopped or asyncio.Event())
    watch.finish()
    return watch
