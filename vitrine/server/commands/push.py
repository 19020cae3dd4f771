"""`vitrine push`: a recorded stream as a live feed, by RTMP or WHIP as the address says."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from fractions import Fraction
from pathlib import Path

from vitrine.ingest.file.pace import Pacer
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError
from vitrine.server.commands.progress import progress_bar
from vitrine.server.commands.push_whip import WHIP_SCHEMES, whip_publisher


async def push(
    file: Path, url: str, key: str | None, *, loop: bool = False, quiet: bool = False, authority: Path | None = None
) -> None:
    """Publish `file` at its own pace until it ends, or for ever. Raises VitrineError in words.

    `authority` is a PEM file of certificates to trust besides the system's: an authority's, or the server's own.
    """
    trusted = _trusted(authority)
    reader = await asyncio.to_thread(FileReader, file)
    if url.partition(":")[0].lower() in WHIP_SCHEMES:
        async with whip_publisher(url, key, reader, trusted) as send:
            await _play(reader, send, loop, quiet)
        return
    async with await RtmpPeer.connect(url, key, trusted) as publisher:
        for track in reader.tracks:
            publisher.add_track(track)
        await _play(reader, publisher.push, loop, quiet)


def _trusted(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise ConfigError(f"{authority} has no certificates to trust: {error.strerror or error}.") from error
    return context


async def _play(reader: FileReader, send: Callable[[AccessUnit], Awaitable[None]], loop: bool, quiet: bool) -> None:
    timescales = {track.id: track.timescale for track in reader.tracks}
    units: Iterator[AccessUnit] = iter(reader.repeated() if loop else reader)
    pacer = Pacer()
    with progress_bar(quiet) as bar:
        total = None if loop else float(reader.duration)
        task = bar.add_task(f"Publishing {reader.path.name}", total=total)
        for unit in units:
            at = Fraction(unit.dts, timescales[unit.track_id])
            delay = pacer.delay(time.monotonic(), at)
            if delay > 0:
                await asyncio.sleep(delay)
            await send(unit)
            bar.update(task, completed=float(at))
