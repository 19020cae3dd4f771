"""One Chromium for each module, and visits that leave no error behind."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.origin.pages.shopfront import Visit
from tests.overlay.browser.conftest import CHROMIUM_ARGUMENTS


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_ARGUMENTS)
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:
        visit = Visit(browser, stack)
        yield visit
    assert [trouble for trouble in visit.troubles if "404 (Not Found)" not in trouble] == []
