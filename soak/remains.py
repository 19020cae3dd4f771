"""What the server and its children take while they live, and what they leave."""

import asyncio
import os
import time
from dataclasses import dataclass, field

import psutil

from soak.growth import Growth, growth
from soak.server import Server
from vitrine.origin.files import THREADS

INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Remains:
    """Of an idle server."""

    tasks: int
    descriptors: int
    sockets: int
    threads: int
    children: int


POOLS = (os.cpu_count() or 1) + 4 + THREADS
"""Threads that blocking calls run in, at most: those of asyncio and those of viewers stay once they were needed."""

LEDGERS = 4
"""Threads that write what crews command, one for each channel."""

FEW = Remains(tasks=0, descriptors=4, sockets=0, threads=POOLS + LEDGERS, children=0)
"""More than at the beginning that may be left."""


async def remains(server: Server) -> Remains:
    process = server.process
    return Remains(
        tasks=round((await server.metrics())["vitrine_tasks"]),
        descriptors=process.num_fds(),
        sockets=len(process.net_connections()),
        threads=process.num_threads(),
        children=len(process.children(recursive=True)),
    )


def left(before: Remains, after: Remains) -> list[str]:
    """What there is more of than may be."""
    found = []
    for name in Remains.__dataclass_fields__:
        first, last, few = (getattr(each, name) for each in (before, after, FEW))
        if last > first + few:
            found.append(f"{last} {name} are left; at the beginning there were {first}")
    return found


@dataclass(slots=True)
class Memory:
    """Own memory of each process, in megabytes, by minute of its life. Pages of files are no growth."""

    server: Server
    series: dict[tuple[str, int], list[tuple[float, float]]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Sample for ever, while the server is up."""
        while True:
            await asyncio.sleep(INTERVAL)
            if self.server.up.is_set():
                self._sample()

    def _sample(self) -> None:
        now = time.time()
        try:
            process = self.server.process
            children = process.children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for each in (process, *children):
            try:
                memory, born, name = each.memory_info(), each.create_time(), _name(each)
            except psutil.NoSuchProcess:
                continue
            self.seen.add(each.pid)
            minute, megabytes = (now - born) / 60, (memory.rss - memory.shared) / 1e6
            self.series.setdefault((name, each.pid), []).append((minute, megabytes))

    def verdicts(self) -> dict[tuple[str, int], Growth]:
        """Of those that lived long enough."""
        found = {key: growth(series) for key, series in self.series.items()}
        return {key: each for key, each in found.items() if each is not None}


def _name(process: psutil.Process) -> str:
    command = process.cmdline()
    if "vitrine.transcode.worker" in command:
        return f"transcoder of {command[-1]}"
    return "media process" if "vitrine.ingest.whip.process" in command else "server"
