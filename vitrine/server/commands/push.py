"""`vitrine push`: a recorded stream as a live feed, by RTMP or WHIP as the address says."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

from rich.progress import Progress

from vitrine.ingest.file.pace import Pacer
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.file.returning import LONGEST_ABSENCE, Rejoin, Returning
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, RefusedError, VitrineError
from vitrine.server.commands.progress import progress_bar
from vitrine.server.commands.push_whip import WHIP_SCHEMES, addresses, whip_publisher

Send = Callable[[AccessUnit], Awaitable[None]]
Connect = Callable[[], AbstractAsyncContextManager[Send]]
"""Opens a session. Raises RefusedError where another try would be answered the same, other VitrineErrors where not."""


async def push(
    file: Path, url: str, key: str | None, *, loop: bool = False, quiet: bool = False, authority: Path | None = None
) -> None:
    """Publish `file` at its own pace until it ends, or for ever. Raises VitrineError in words.

    A server that is lost is tried again for LONGEST_ABSENCE; one that is not there to begin with is not.
    `authority` is a PEM file of certificates to trust besides the system's: an authority's, or the server's own.
    """
    trusted = _trusted(authority)
    reader = await asyncio.to_thread(FileReader, file)
    connect: Connect
    if url.partition(":")[0].lower() in WHIP_SCHEMES:
        connect = partial(whip_publisher, addresses(url), key, reader, trusted)
    else:
        connect = partial(_rtmp_publisher, url, key, reader, trusted)
    with progress_bar(quiet) as bar:
        await _Feed(reader, loop, bar).play(connect)


def _trusted(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise ConfigError(f"{authority} has no certificates to trust: {error.strerror or error}.") from error
    return context


@asynccontextmanager
async def _rtmp_publisher(
    url: str, key: str | None, reader: FileReader, trusted: ssl.SSLContext
) -> AsyncIterator[Send]:
    async with await RtmpPeer.connect(url, key, trusted) as publisher:
        for track in reader.tracks:
            publisher.add_track(track)
        yield publisher.push


class _Feed:
    """A recording at its own pace, from one session to the next."""

    def __init__(self, reader: FileReader, loop: bool, bar: Progress) -> None:
        self._timescales = {track.id: track.timescale for track in reader.tracks}
        self._units: Iterator[AccessUnit] = iter(reader.repeated() if loop else reader)
        self._pacer, self._rejoin, self._returning = Pacer(), Rejoin(reader.tracks), Returning()
        self._name, self._bar = reader.path.name, bar
        self._task = bar.add_task(f"Publishing {self._name}", total=None if loop else float(reader.duration))

    async def play(self, connect: Connect) -> None:
        """Until the recording ends. Raises VitrineError where the server is lost for good."""
        begun = False
        while True:
            try:
                async with connect() as send:
                    if begun:
                        self._come_back()
                    begun = True
                    await self._send_all(send)
                return
            except RefusedError:
                raise
            except VitrineError as error:
                if not begun:
                    raise
                await self._wait(error)

    def _come_back(self) -> None:
        now = time.monotonic()
        self._returning.back(now)
        self._rejoin.come_to(self._pacer.due(now))
        self._bar.update(self._task, description=f"Publishing {self._name}")

    async def _wait(self, error: VitrineError) -> None:
        """Until the next try. Raises VitrineError where there is none."""
        now = time.monotonic()
        wait = self._returning.wait(now)
        if wait is None:
            text = f"The server was lost, and could not be reached again within {LONGEST_ABSENCE:g} s: {error}"
            raise VitrineError(text) from error
        left = f"{self._returning.left(now):.0f} s more"
        self._bar.update(self._task, description=f"{self._name}: the server is lost, trying again for {left}. {error}")
        await asyncio.sleep(wait)

    async def _send_all(self, send: Send) -> None:
        for unit in self._units:
            at = Fraction(unit.dts, self._timescales[unit.track_id])
            moved = self._rejoin.push(unit)
            if moved is None:
                continue
            delay = self._pacer.delay(time.monotonic(), at)
            if delay > 0:
                await asyncio.sleep(delay)
            await send(moved)
            self._returning.send(time.monotonic())
            self._bar.update(self._task, completed=float(at))
