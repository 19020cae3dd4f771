"""What every test must leave as it found it, and that none is skipped where it counts."""

import asyncio
import contextlib
import gc
import os
from collections.abc import Generator
from pathlib import Path

import hypothesis
import psutil
import pytest

asyncio.constants.DEBUG_STACK_DEPTH = 1  # type: ignore[attr-defined]  # of where a task was made
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

ENDING_TIME = 5.0
"""Seconds that a child may take from its end being asked for to its end."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI is set: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)  # tests/interop/conftest.py marks its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that keep time with real programs are spread among those that compute: fewer of them run at once, so that
    they do not starve one another.
    """
    real = {item.path: item.get_closest_marker("interop") is not None for item in items}
    places = dict[Path, float]()
    for kind in (True, False):
        paths = [path for path, is_real in real.items() if is_real == kind]
        places |= {path: index / len(paths) for index, path in enumerate(paths)}
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(tryfirst=True)  # before pytest-asyncio makes the loop
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without asyncio's debug mode where real programs keep time with us: it costs our side a fifth more."""
    item.config.option.asyncio_debug = item.get_closest_marker("interop") is None


def children() -> set[int]:
    """Processes that this one started and has not seen end."""
    found = set[int]()
    for each in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended since it was listed
            found.update(int(pid) for pid in each.read_text().split())
    return found


def sockets() -> set[str]:
    """Every open socket by the kernel's name. The kernel is asked directly: this runs around each of 2,000 tests."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return {name for name in found if name.startswith("socket:")}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Generator[None, None, None]:
    """Fail a test that leaves a child process or a socket, or a priority that what comes after it would inherit."""
    children_before, sockets_before, policy = children(), sockets(), os.sched_getscheduler(0)
    yield
    assert os.sched_getscheduler(0) == policy, "another scheduling policy left; see tests/priority.py"
    if left := children() - children_before:
        end_in_time(left)
    if sockets() - sockets_before:
        gc.collect()
        assert not sockets() - sockets_before, "sockets left"


def end_in_time(pids: set[int]) -> None:
    processes = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    _, alive = psutil.wait_procs(processes, timeout=ENDING_TIME)
    names = [" ".join(process.cmdline()) for process in alive]
    for process in alive:
        process.kill()
    assert not names, f"processes left: {names}"
