"""Whether the machine has room for one broadcast more, by what those that run cost here."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vitrine.ingest.publish import PublishRefusedError, Refusal
from vitrine.server.processors import Processors

INTERVAL = 3.0
"""Seconds between two measurements: long enough for an average, short enough for what a crew does."""

RETRY_SECONDS = 30
"""What a publisher is told to wait: a broadcast may end, or the machine keep up again."""

MEASURING_SECONDS = 6
"""The same while nothing is known yet: two measurements."""

RESERVE = 0.1
"""Share of the cores that is kept for viewers and the server itself."""


@dataclass(frozen=True, slots=True)
class Load:
    """A running broadcast: seconds of processor its worker has used so far, and whether it gives up anything."""

    id: str
    cpu: float
    sheds: bool


class Room:
    """Says no in words. The first broadcast is never refused: nothing is known of its cost, and it can shed. Of many
    that begin at once, as when the power is back, there is one for each core until something is known.
    """

    def __init__(self, processors: Processors | None = None) -> None:
        self._processors = processors or Processors()
        self._measured: dict[str, float] = {}  # cores, by broadcast
        self._before: dict[str, float] = {}
        self._at: float | None = None

    async def watch(self, running: Callable[[], Iterable[Load]]) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self.measure(running(), loop.time())
            await asyncio.sleep(INTERVAL)

    def measure(self, running: Iterable[Load], now: float) -> None:
        self._processors.measure(now)
        loads = {load.id: load.cpu for load in running}
        if self._at is not None and now > self._at:
            shares = {
                name: (cpu - self._before[name]) / (now - self._at)
                for name, cpu in loads.items()
                if name in self._before
            }
            # A worker that was replaced counts from 0 again.
            self._measured = {name: share for name, share in shares.items() if share > 0}
        self._before, self._at = loads, now

    def check(self, running: Iterable[Load]) -> None:
        """Raise PublishRefusedError where one broadcast more would harm those that run."""
        loads = list(running)
        if any(load.sheds for load in loads):
            raise PublishRefusedError(
                Refusal.NO_ROOM,
                "This machine does not keep up with the broadcasts that it has. Try again when one has ended.",
                RETRY_SECONDS,
            )
        known = [self._measured[load.id] for load in loads if load.id in self._measured]
        if not known and len(loads) < self._processors.cores:
            return
        if not known:
            raise PublishRefusedError(
                Refusal.NO_ROOM,
                f"{len(loads)} broadcasts have only just begun, and what they cost this machine is being measured. "
                f"Try again in {MEASURING_SECONDS} seconds.",
                MEASURING_SECONDS,
            )
        cost = sum(known) / len(known)
        unknown = len(loads) - len(known)
        free = self._processors.free - RESERVE * self._processors.cores - unknown * cost
        if free < cost:
            raise PublishRefusedError(
                Refusal.NO_ROOM,
                f"This machine has no room for another broadcast: one takes {cost:.1f} of its "
                f"{self._processors.cores:g} cores here, and {max(0.0, free):.1f} are free. "
                "Try again when one has ended.",
                RETRY_SECONDS,
            )
