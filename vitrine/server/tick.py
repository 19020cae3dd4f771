"""A look every so often, and at once where something has happened."""

import asyncio
import contextlib


async def tick(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, and for so long at most. Unlike `asyncio.wait_for` it never swallows being cancelled."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
