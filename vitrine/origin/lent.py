"""Connections that are aiohttp's, which waits for ever for a client that does not read."""

import asyncio

DELIVERY_TIME = 60.0
"""Seconds in which an answer has to be taken. A reader that is slower could not play what it reads, and holds media
that have left the window."""


class Lent:
    """`wires` says of each when all that was sent to it had been taken, by the monotonic clock."""

    def __init__(self) -> None:
        self.wires: dict[asyncio.Transport, float] = {}

    def add(self, wire: asyncio.Transport, now: float) -> None:
        self.wires[wire] = now

    def look(self, now: float) -> None:
        """Forget those that are closed, and let those go that have taken too long."""
        for wire, since in tuple(self.wires.items()):
            if not wire.get_write_buffer_size():
                self.wires[wire] = now
                if wire.is_closing():
                    del self.wires[wire]
            elif now - since >= DELIVERY_TIME:
                wire.abort()
                del self.wires[wire]
