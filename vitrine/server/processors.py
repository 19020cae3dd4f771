"""How much of the machine's processors this server may use, and how much of that is idle. Linux tells; others by guess.

What a container is allowed counts (cgroup v2, `cpu.max`), and what other programs take.
"""

import os
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")
MICROSECONDS = 1_000_000


class Processors:
    """Call `measure` every few seconds; `free` is of the time between the last two."""

    def __init__(self, cgroups: Path = CGROUPS, proc: Path = PROC) -> None:
        self._proc = proc
        self._numbers = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
        self._limits = list(_limits(cgroups, proc))
        self.cores = float(min([len(self._numbers), *(quota for _, quota in self._limits)]))
        self.free = self.cores
        self._before: tuple[float, float | None, list[float]] | None = None

    def measure(self, now: float | None = None) -> None:
        """Cores that were idle since the last call, within what every limit leaves."""
        now = time.monotonic() if now is None else now
        idle, used = self._idle(), [_used(folder) for folder, _ in self._limits]
        if self._before is not None and now > self._before[0]:
            then, idle_before, used_before = self._before
            span = now - then
            left = [self.cores]
            if idle is not None and idle_before is not None:
                left.append((idle - idle_before) / span)
            for (_, quota), total, before in zip(self._limits, used, used_before, strict=True):
                left.append(quota - (total - before) / span)
            self.free = max(0.0, min(left))
        self._before = now, idle, used

    def _idle(self) -> float | None:
        """Seconds that our processors have been idle; None where nobody tells. Waiting for disks is idling."""
        try:
            lines = (self._proc / "stat").read_text().splitlines()
            ticks = os.sysconf("SC_CLK_TCK")
            ours = {f"cpu{number}" for number in self._numbers}
            fields = [line.split() for line in lines if line.split(" ", 1)[0] in ours]
            return sum(int(each[4]) + int(each[5]) for each in fields) / ticks
        except (OSError, ValueError, IndexError):
            return None


def _limits(cgroups: Path, proc: Path) -> list[tuple[Path, float]]:
    """Every cgroup above us that has a quota, with it in cores."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        number, _, path = line.split(":", 2)
        if number == "0":
            own = cgroups / path.lstrip("/")
            found += [(each, _quota(each)) for each in (own, *own.parents) if each.is_relative_to(cgroups)]
    return [(folder, quota) for folder, quota in found if quota is not None]


def _quota(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _used(folder: Path) -> float:
    """Seconds of processor that a cgroup has used."""
    try:
        lines = (folder / "cpu.stat").read_text().splitlines()
        return next(int(line.split()[1]) / MICROSECONDS for line in lines if line.startswith("usage_usec "))
    except (OSError, ValueError, StopIteration):
        return 0.0
