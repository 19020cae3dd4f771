"""Server-sent events (HTML Living Standard section 9.2): what changes on a channel, told to whoever listens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec

MOST_LISTENERS = 2_000
"""Of one channel. Each holds a socket of this process; a shop with more viewers puts a proxy that fans out in front."""

MOST_UNREAD = 64
"""Events kept for a listener that does not read. It is let go then, asks anew, and gets the state as it is."""

HEARTBEAT = 15.0
"""Seconds between comments: proxies drop connections on which nothing moves, most of them after 30 or 60."""

RETRY_MS = 2_000
"""How long a browser waits before it asks again."""


class TooManyListenersError(Exception):
    """MOST_LISTENERS listen already."""


class Events:
    """One channel's listeners."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    def __len__(self) -> int:
        return len(self._queues)

    def tell(self, event: str, data: object) -> None:
        """Tell everybody; those who have not read MOST_UNREAD events are let go."""
        message = encode_event(event, data)
        for queue in tuple(self._queues):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self._let_go(queue)

    def close(self) -> None:
        """Let everybody go."""
        for queue in tuple(self._queues):
            self._let_go(queue)

    def _let_go(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queues.discard(queue)
        while queue.full():
            queue.get_nowait()
        queue.put_nowait(None)

    @contextmanager
    def listening(self) -> Iterator[AsyncIterator[bytes]]:
        """What is told while the block runs, with a comment whenever nothing is. Raises TooManyListenersError."""
        if len(self._queues) >= MOST_LISTENERS:
            raise TooManyListenersError
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_UNREAD)
        self._queues.add(queue)
        try:
            yield _messages(queue)
        finally:
            self._queues.discard(queue)


async def _messages(queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                message = await queue.get()
        except TimeoutError:
            message = b": still here\n\n"
        if message is None:
            return
        yield message


def encode_event(event: str, data: object) -> bytes:
    """One event; JSON has no line break, so one data line is enough."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(data))
