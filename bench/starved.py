"""A process that gets less of the machine than it wants: stopped and let go in turns, in every period a little."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

PERIOD = 0.05
"""Seconds. Longer than the kernel's own turns, shorter than a part; what a cgroup's quota would do."""


async def hold_back(process: psutil.Process, cores: float) -> None:
    """Let a process use so many cores and no more, until cancelled. It is let go at the end."""
    loop = asyncio.get_running_loop()
    allowance, last, used = 0.0, loop.time(), _used(process)
    stopped = False
    try:
        while True:
            await asyncio.sleep(PERIOD / 5)
            now, total = loop.time(), _used(process)
            # What was not used in time is lost, as with a quota: a rest now does not buy a rush later.
            allowance = min(cores * PERIOD, allowance + cores * (now - last) - (total - used))
            last, used = now, total
            if stopped != (allowance < 0):
                stopped = not stopped
                (process.suspend if stopped else process.resume)()
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


def _used(process: psutil.Process) -> float:
    """Processor seconds. The kernel counts them in hundredths; over a period that evens out."""
    times = process.cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def starved(process: psutil.Process, cores: float) -> AsyncIterator[None]:
    """As long as the block runs."""
    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(hold_back(process, cores))
        try:
            yield
        finally:
            holding.cancel()
