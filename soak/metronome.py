"""How late this process itself is: a machine that has too much to do makes stalls that are not the server's."""

import asyncio
import time

from soak.journal import Journal

BEAT = 0.05
LATE = 0.15
"""Seconds: half of a part."""


class Metronome:
    """Notes it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def run(self) -> None:
        while True:
            due = time.monotonic() + BEAT
            await asyncio.sleep(BEAT)
            if (late := time.monotonic() - due) > LATE:
                self._journal.note("soak", f"was late itself by {late:.2f} s")
                self._journal.counts["times the soak itself was late"] += 1
