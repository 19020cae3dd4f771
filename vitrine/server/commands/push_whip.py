"""The WHIP side of `vitrine push`: what FFmpeg's muxer does not do itself.

It checks no certificate and keeps the server's words to itself; both are asked for beside it.
"""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from vitrine.ingest.file.certificate import write_certificate
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.file.whip import DeclinedError, WhipMuxer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, RefusedError, VitrineError

WHIP_SCHEMES = ("http", "https")
PATIENCE = ClientTimeout(total=10)

ABOUT_THE_OFFER = (400, 422)
"""What an empty offer is answered once everything else is in order."""


@asynccontextmanager
async def whip_publisher(
    url: str, key: str | None, reader: FileReader, trusted: ssl.SSLContext
) -> AsyncIterator[Callable[[AccessUnit], Awaitable[None]]]:
    """Something to give a reader's access units to. `trusted` decides which certificates are good.

    Raises VitrineError in words.
    """
    if not key:
        raise ConfigError("Publishing by WHIP needs the channel's stream key: give it as --key, or as VITRINE_KEY.")
    await _check_server(url, trusted)
    with tempfile.TemporaryDirectory(prefix="vitrine-") as folder:
        paths = await asyncio.to_thread(write_certificate, Path(folder))
        try:
            muxer = await asyncio.to_thread(WhipMuxer, url, key, reader, *paths)
        except DeclinedError as error:
            raise await _in_words(url, key, error, trusted) from error

    async def send(unit: AccessUnit) -> None:
        await asyncio.to_thread(muxer.push, unit)

    try:
        yield send
        await asyncio.to_thread(muxer.flush)
    finally:
        await asyncio.to_thread(muxer.close)


async def _check_server(url: str, trusted: ssl.SSLContext) -> None:
    """Is anyone there, with a good certificate? GET does nothing (RFC 9725 section 4.1)."""
    try:
        async with _session(trusted) as http, http.get(url):
            pass
    except TimeoutError as error:
        raise VitrineError(f"{url} did not answer within {PATIENCE.total:g} s.") from error
    except (ClientError, ValueError) as error:
        raise VitrineError(f"{url} cannot be reached: {error}.") from error


def _session(trusted: ssl.SSLContext) -> ClientSession:
    return ClientSession(timeout=PATIENCE, connector=TCPConnector(ssl=trusted))


async def _in_words(url: str, key: str, error: RefusedError, trusted: ssl.SSLContext) -> VitrineError:
    """Why the server declined, asked again with an offer of nothing, which it cannot accept."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
    try:
        async with _session(trusted) as http, http.post(url, data=b"", headers=headers) as response:
            problem = await response.json(content_type=None)
            if response.status >= 400 and response.status not in ABOUT_THE_OFFER:
                return RefusedError(f"The server declined: {problem['detail']}".replace(key, "***"))
    except (ClientError, TimeoutError, ValueError, LookupError, TypeError):
        pass  # it has no words for it
    return error
