"""A process that gets less of the machine than it wants: stopped and let go in turns, in every period a little."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

PERIOD = 0.05
"""Seconds. Longer than the kernel's own turns, shorter than a part; what a cgroup's quota would do."""


@contextmanager
def starved(process: psutil.Process, quota: Iterator[float]) -> Iterator[None]:
    """Let a process use so many cores and no more while the block runs; the next of `quota` five times a period.

    A thread does it: an event loop that is busy for a moment would let the process run for as long.
    """
    over = threading.Event()
    holding = threading.Thread(target=_hold_back, args=(process, quota, over))
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()


def _hold_back(process: psutil.Process, quota: Iterator[float], over: threading.Event) -> None:
    """Until it is over, or the process is. It is let go at the end."""
    with contextlib.suppress(psutil.NoSuchProcess):
        try:
            _take_turns(process, quota, over)
        finally:
            process.resume()


def _take_turns(process: psutil.Process, quota: Iterator[float], over: threading.Event) -> None:
    allowance, last, used = 0.0, time.monotonic(), _used(process)
    stopped = False
    while not over.wait(PERIOD / 5):
        now, total, cores = time.monotonic(), _used(process), next(quota)
        # What was not used in time is lost, as with a quota: a rest now does not buy a rush later.
        allowance = min(cores * PERIOD, allowance + cores * (now - last) - (total - used))
        last, used = now, total
        if stopped != (allowance < 0):
            stopped = not stopped
            (process.suspend if stopped else process.resume)()


def _used(process: psutil.Process) -> float:
    """Processor seconds. The kernel counts them in hundredths; over a period that evens out."""
    times = process.cpu_times()
    return float(times.user + times.system)
