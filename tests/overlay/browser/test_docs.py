"""The example of docs/player.md, as a reader would save it: on a page of another host than the server's."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from tests.overlay.browser.conftest import application, serve
from tests.overlay.browser.stage import On, Stage

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

DOCS = Path(__file__).parents[3] / "docs" / "player.md"
SERVER = "http://127.0.0.1:8080"


def example() -> str:
    blocks: list[str] = re.findall(r"```html\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


async def test_the_example_of_twenty_lines_works(browser: Browser) -> None:
    stage = Stage([On("WM-4411", 0, 60), On("قهوة", 30, None, slot=2)], seconds=8, by_packager=True)
    stage.end()

    async def catalogue(_: web.Request) -> web.Response:
        products = [{"id": "WM-4411", "title": "<b>Stand mixer</b>"}]
        return web.json_response({"products": products}, headers={"Access-Control-Allow-Origin": "*"})

    async with AsyncExitStack() as stack:
        app = application(stage)
        app.router.add_get("/api/channels/demo/catalogue", catalogue)
        server = await serve(app, stack)
        text = example()
        assert len(text.splitlines()) == 20
        assert text.count(SERVER) == 4

        async def page_of_another_host(_: web.Request) -> web.Response:
            return web.Response(text=text.replace(SERVER, server), content_type="text/html")

        elsewhere = web.Application()
        elsewhere.router.add_get("/", page_of_another_host)
        context = await browser.new_context()
        stack.push_async_callback(context.close)
        page = await context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        await page.goto(await serve(elsewhere, stack))
        items = page.locator("#list li")
        await expect(items).to_have_text(["<b>Stand mixer</b>"])
        await expect(items).to_have_text(["<b>Stand mixer</b>", "قهوة"])
        await expect(items).to_have_text(["قهوة"])
        assert troubles == []
