"""One Chromium for each module, and visits that leave no error behind."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page

from bench.chromium import chromium
from tests.origin.pages.shopfront import Visit
from tests.overlay.browser.conftest import serve
from vitrine.origin import pages


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:
        visit = Visit(browser, stack)
        yield visit
    assert [trouble for trouble in visit.troubles if "404 (Not Found)" not in trouble] == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page with nothing on it, from which the modules can be imported."""

    async def static(request: web.Request) -> web.Response:
        asset = pages.static_file(request.match_info["name"])
        assert asset is not None
        answer = web.Response(body=asset.body, headers={**asset.headers, "Content-Type": asset.content_type})
        answer.force_close()  # a connection that is kept would be one that a test leaves
        return answer

    async def blank(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>test</title>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", blank), web.get("/static/{name:.+}", static)])
    async with AsyncExitStack() as stack:
        origin = await serve(app, stack)
        page = await browser.new_page()
        await page.goto(origin)
        yield page
        await page.close()
