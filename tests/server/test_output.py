import asyncio
import gc
import time
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests.origin.show import RENDITIONS
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import Grid
from vitrine.server.config import Config, Reconnect, Server
from vitrine.server.desk import Desk
from vitrine.server.output import Output
from vitrine.server.shop import Shop

SIZE = 100_000
PICTURES = 300
"""Ten seconds: all of them are in memory."""


@pytest.fixture
def nothing_is_collected() -> Iterator[None]:
    """Nobody waits for Python to look for objects that only know one another."""
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


async def test_a_show_that_is_forgotten_gives_its_memory_back(tmp_path: Path, nothing_is_collected: None) -> None:
    grid = Grid(Fraction(30))
    config = Config(server=Server(data=str(tmp_path)), reconnect=Reconnect(window=0))
    async with asyncio.TaskGroup() as tasks:
        output = Output("show", "b1", config, Desk("show", Shop("show", None, None), tmp_path, tasks))
        output.open(RENDITIONS, grid, time.time_ns(), lambda: 0)
        assert output.stream is not None
        before, _ = tracemalloc.get_traced_memory()
        for number in range(PICTURES):
            tick = grid.tick(number)
            output.stream.push(AccessUnit(1, tick, tick, grid.starts_segment(number), bytes(SIZE)))
        output.end(None)
        held, _ = tracemalloc.get_traced_memory()
        assert held - before > PICTURES * SIZE
        output.forget()
        left, _ = tracemalloc.get_traced_memory()
    assert left - before < SIZE
