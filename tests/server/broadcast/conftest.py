"""A broadcast's surroundings: no real worker, and a desk."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.broadcast.stage import FakeWorker, Listener
from vitrine.server import transcoder


@pytest.fixture(autouse=True)
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorker]:
    monkeypatch.setattr(transcoder, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "made", None)
    monkeypatch.setattr(FakeWorker, "refuse", None)
    return FakeWorker


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Listener]:
    async with asyncio.TaskGroup() as tasks:
        yield Listener(tmp_path, tasks)
