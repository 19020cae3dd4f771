"""The WHIP side of `vitrine push`: what FFmpeg's muxer does not do itself.

It checks no certificate and keeps the server's words to itself; both are asked for beside it.
"""

import asyncio
import secrets
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

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

PASSING = (408, 429)
"""Statuses below 500 of what passes by itself."""

WATCH_SECONDS = 0.5
"""Between two questions whether the server is there: it takes longer to start again."""


def addresses(url: str) -> Iterator[str]:
    """The address to publish to at first, then the one to come back to, again and again.

    We come back to what is ours, which the server knows by a name, and take nothing from whoever took over meanwhile.
    """
    parts = urlsplit(url)
    query = {"publisher": secrets.token_urlsafe(16), **dict(parse_qsl(parts.query, keep_blank_values=True))}
    yield parts._replace(query=urlencode(query)).geturl()
    query.pop("takeover", None)
    while True:
        yield parts._replace(query=urlencode(query)).geturl()


@asynccontextmanager
async def whip_publisher(
    tries: Iterator[str], key: str | None, reader: FileReader, trusted: ssl.SSLContext
) -> AsyncIterator[Callable[[AccessUnit], Awaitable[None]]]:
    """Something to give a reader's access units to, at the next of the `addresses`. `trusted` decides which
    certificates are good.

    Raises VitrineError in words.
    """
    url = next(tries)
    if not key:
        raise ConfigError("Publishing by WHIP needs the channel's stream key: give it as --key, or as VITRINE_KEY.")
    await _check_server(url, trusted)
    with tempfile.TemporaryDirectory(prefix="vitrine-") as folder:
        paths = await asyncio.to_thread(write_certificate, Path(folder))
        try:
            muxer = await asyncio.to_thread(WhipMuxer, url, key, reader, *paths)
        except DeclinedError as error:
            raise await _in_words(url, key, error, trusted) from error

    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_until_gone(url, trusted))

            async def send(unit: AccessUnit) -> None:
                if watching.done():
                    raise VitrineError(watching.result())
                await asyncio.to_thread(muxer.push, unit)

            try:
                yield send
                await asyncio.to_thread(muxer.flush)
            except VitrineError:
                muxer.abandon()
                raise
            finally:
                watching.cancel()
                await asyncio.to_thread(muxer.close)
    except BaseExceptionGroup as group:  # of one: what ended the session
        raise group.exceptions[0] from None


async def _until_gone(url: str, trusted: ssl.SSLContext) -> str:
    """Why there is no server any more. FFmpeg's muxer does not notice, and sends on to nobody."""
    async with _session(trusted) as http:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                async with http.get(url) as response:
                    if response.status >= 500:
                        return f"The server is gone: {response.status} {response.reason}."
            except TimeoutError:
                return f"The server did not answer within {PATIENCE.total:g} s."
            except ClientError as error:
                return f"The server is gone: {error}."


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


async def _in_words(url: str, key: str, error: DeclinedError, trusted: ssl.SSLContext) -> VitrineError:
    """Why the server declined, asked again with an offer of nothing, which it cannot accept. A RefusedError where
    another try would be answered the same.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
    kind: type[VitrineError] = RefusedError
    text = str(error)
    try:
        async with _session(trusted) as http, http.post(url, data=b"", headers=headers) as response:
            status = response.status
            if status in PASSING or status >= 500:
                kind, text = VitrineError, f"The server declined: {status} {response.reason}."
            if status >= 400 and status not in ABOUT_THE_OFFER:
                text = f"The server declined: {(await response.json(content_type=None))['detail']}"
    except (ClientError, TimeoutError):
        kind = VitrineError  # it is gone meanwhile
    except (ValueError, LookupError, TypeError):
        pass  # it has no words for it
    return kind(text.replace(key, "***"))
