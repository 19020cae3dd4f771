import os
from pathlib import Path

import pytest

from vitrine.server.processors import Processors

TICKS = os.sysconf("SC_CLK_TCK")


class Linux:
    """Files as the kernel would show them."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.cgroups = folder / "proc", folder / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        self.idle(0)

    def idle(self, seconds: float) -> None:
        """Of each processor, half of it waiting for disks."""
        half = int(seconds * TICKS / 2)
        numbers = (*os.sched_getaffinity(0), 9999)
        lines = ["cpu  1 1 1 1 1 0 0 0 0 0", *(f"cpu{number} 5 0 5 {half} {half} 0 0 0 0 0" for number in numbers)]
        (self.proc / "stat").write_text("\n".join([*lines, "intr 1"]))

    def cgroup(self, path: str, quota: str, used: float) -> None:
        folder = self.cgroups / path.strip("/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.max").write_text(f"{quota}\n")
        (folder / "cpu.stat").write_text(f"usage_usec {int(used * 1e6)}\nuser_usec 1\n")
        (self.proc / "self" / "cgroup").write_text(f"1:name=systemd:/x\n0::{path}\n")

    def processors(self) -> Processors:
        return Processors(self.cgroups, self.proc)


@pytest.fixture
def linux(tmp_path: Path) -> Linux:
    return Linux(tmp_path)


COUNT = len(os.sched_getaffinity(0))


def test_what_is_idle_is_free(linux: Linux) -> None:
    processors = linux.processors()
    assert processors.cores == COUNT
    processors.measure(10)
    linux.idle(1)
    processors.measure(14)
    assert processors.free == pytest.approx(COUNT / 4)


def test_a_containers_quota_is_the_limit_also_that_of_one_around_it(linux: Linux) -> None:
    linux.cgroup("/kube", "50000 100000", 100)
    linux.cgroup("/kube/pod", "max 100000", 50)
    processors = linux.processors()
    assert processors.cores == 0.5
    processors.measure(0)
    linux.idle(10)
    linux.cgroup("/kube", "50000 100000", 104)
    linux.cgroup("/kube/pod", "max 100000", 50)
    processors.measure(10)
    assert processors.free == pytest.approx(0.1)


def test_free_is_never_less_than_nothing(linux: Linux) -> None:
    linux.cgroup("/pod", "10000 100000", 0)
    processors = linux.processors()
    processors.measure(0)
    linux.cgroup("/pod", "10000 100000", 5)
    processors.measure(10)
    assert processors.free == 0


def test_where_nobody_tells_all_is_free(tmp_path: Path) -> None:
    processors = Processors(tmp_path, tmp_path)
    processors.measure(0)
    processors.measure(1)
    assert processors.free == COUNT


@pytest.mark.parametrize("text", ["cpu0 1", "cpu0 a b c d e f"])
def test_what_is_not_understood_counts_as_untold(linux: Linux, text: str) -> None:
    (linux.proc / "stat").write_text(text)
    linux.cgroup("/pod", "nonsense", 0)
    processors = linux.processors()
    processors.measure(0)
    processors.measure(1)
    assert processors.free == COUNT


def test_this_machine() -> None:
    processors = Processors()
    processors.measure(0)
    assert 0 < processors.cores <= COUNT
