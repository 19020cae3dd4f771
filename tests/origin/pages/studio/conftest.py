"""One Chromium with its fake camera for each module, and visits to a studio that leave no error behind."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from bench.chromium import FILMS, chromium
from tests.origin.pages.studio.visit import Visit


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium(*FILMS) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    async with asyncio.TaskGroup() as tasks:
        async with AsyncExitStack() as stack:
            visit = Visit(browser, stack, tmp_path, tasks)
            yield visit
        visit.house.desk_here.close("b7")
    left = [trouble for trouble in visit.troubles if not (visit.expected and re.search(visit.expected, trouble))]
    assert left == []
