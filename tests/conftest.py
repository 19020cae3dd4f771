"""What every test must leave as it found it, and that none is skipped where it counts."""

import gc
import os
from collections.abc import Generator

import psutil
import pytest

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


def listening_and_connected(process: psutil.Process) -> set[tuple[object, ...]]:
    return {(each.laddr, each.raddr) for each in process.net_connections("inet") if each.status != "TIME_WAIT"}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Generator[None, None, None]:
    """Fail a test that leaves a child process or a socket."""
    process = psutil.Process()
    children = set(process.children(recursive=True))
    sockets = listening_and_connected(process)
    yield
    left = [child for child in process.children(recursive=True) if child not in children]
    _, alive = psutil.wait_procs(left, timeout=ENDING_TIME)
    names = [" ".join(child.cmdline()) for child in alive]
    for child in alive:
        child.kill()
    assert not names, f"processes left: {names}"
    gc.collect()
    open_sockets = listening_and_connected(process) - sockets
    assert not open_sockets, f"sockets left: {open_sockets}"
