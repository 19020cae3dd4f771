"""A visit of a crew to the studio: the page in Chromium, its camera, and what is awaited of it."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.origin.pages.studio.house import TOKEN, House
from tests.overlay.browser.conftest import serve

PATIENCE = 20.0


class Visit:
    """Opens the studio of a house; no visit may leave an error in the console but what a test names."""

    def __init__(self, browser: Browser, stack: AsyncExitStack, folder: Path, tasks: asyncio.TaskGroup) -> None:
        self._browser = browser
        self._stack = stack
        self.house = House(folder, tasks)
        self.troubles: list[str] = []
        self.expected = ""

    async def __call__(self, *, token: str | None = TOKEN, films: bool = True, **options: object) -> Page:
        origin = await serve(self.house.application(), self._stack)
        self._stack.push_async_callback(self.house.whip.close)
        context = await self._browser.new_context(
            base_url=origin,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        self._stack.push_async_callback(context.close)
        if films:
            await context.grant_permissions(["camera", "microphone"])
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda message: self.troubles.append(message.text) if message.type == "error" else None)
        await page.goto("/studio/demo" + ("" if token is None else f"#token={token}"))
        return page


async def until(test: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():  # noqa: ASYNC110 - what a stand-in counts
            await asyncio.sleep(0.05)


async def until_page(page: Page, expression: str) -> None:
    """The page's policy forbids what Playwright's own wait_for_function does."""
    async with asyncio.timeout(PATIENCE):
        while not await page.evaluate(expression):  # noqa: ASYNC110 - the page is asked
            await asyncio.sleep(0.05)


async def filming(page: Page) -> None:
    await until_page(page, "document.getElementById('preview').videoWidth > 0")


async def go_live(page: Page, visit: Visit) -> None:
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5 and visit.house.whip.frames.get("audio", 0) > 5)
