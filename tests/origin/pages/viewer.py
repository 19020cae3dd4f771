"""Somebody before the watch page of a broadcast of numbered pictures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.origin.on_air import RATE, Broadcast, on_air
from tests.overlay.browser.stage import READ_NUMBER

WINDOW = 60
PATIENCE = 50.0
"""Seconds that anything may take on a busy machine before it counts as hung."""

EDGE = 4.0
"""Seconds that the picture may be from the studio; it is 1.5 on a machine with time."""

NATIVE_EDGE = 12.0
"""The same where the browser plays by itself, without low latency; 8 on a machine with time."""

NO_MEDIA_SOURCE = (
    "for (const name of ['MediaSource', 'ManagedMediaSource', 'WebKitMediaSource']) delete globalThis[name];"
)

INSIDE = (
    READ_NUMBER
    + """
globalThis.numberOnScreen = () => (vitrine.video.readyState > 1 ? readNumber(vitrine.video) : -1);
globalThis.until = async (test) => {
  while (!test()) {
    await new Promise((done) => setTimeout(done, 50));
  }
};
"""
)


class Viewer:
    """Looks, and says what is there."""

    def __init__(self, context: BrowserContext, page: Page, broadcast: Broadcast, edge: float) -> None:
        self.context = context
        self.page = page
        self.broadcast = broadcast
        self._edge = edge

    async def sees_the_picture(self) -> None:
        """It moves, near the edge, and the page says so."""
        await self.until("document.body.dataset.picture === 'on' && !vitrine.video.seeking")
        await self.until(f"numberOnScreen() > {self.broadcast.stage.newest - self._edge * float(RATE)}")
        await self.until(f"vitrine.video.currentTime > {await self.time() + 0.5}")
        await expect(self.page.locator("#state")).to_have_text("Live", timeout=1000 * PATIENCE)
        await expect(self.page.locator("#shutter")).not_to_be_visible(timeout=1000 * PATIENCE)

    async def is_told(self, title: str) -> None:
        """This is written where the picture was."""
        await self.until(f"document.getElementById('notice-title').textContent === '{title}'")
        await self.until("document.body.dataset.picture === 'off'")

    async def until(self, condition: str) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.page.evaluate(f"until(() => {condition})")

    async def time(self) -> float:
        return float(await self.page.evaluate("vitrine.video.currentTime"))

    async def behind(self) -> float:
        """Seconds from the newest picture that is out to the one on screen."""
        number = await self.page.evaluate("numberOnScreen()")
        return float((self.broadcast.stage.newest - number) / RATE)

    async def falls_behind(self, seconds: float) -> None:
        """As after a stall: by no wish of the viewer's."""
        await self.page.evaluate(f"void (vitrine.video.currentTime -= {seconds})")
        await self.until("!vitrine.video.seeking")

    async def caught_up(self) -> None:
        """As after it has played faster for long enough."""
        await self.page.evaluate("void (vitrine.video.currentTime = vitrine.hls.liveSyncPosition)")
        await self.until("!vitrine.video.seeking")


@asynccontextmanager
async def watching(browser: Browser, *, native: bool = False) -> AsyncIterator[Viewer]:
    """Open the page of a new broadcast, and wait for the picture; without MediaSource the browser plays by itself."""
    async with on_air(Broadcast(WINDOW)) as broadcast:
        context = await browser.new_context(base_url=broadcast.origin, reduced_motion="reduce")
        page = await context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        await page.add_init_script(INSIDE + (NO_MEDIA_SOURCE if native else ""))
        try:
            await page.goto("/watch/show")
            viewer = Viewer(context, page, broadcast, NATIVE_EDGE if native else EDGE)
            await viewer.sees_the_picture()
            yield viewer
        finally:
            await context.close()
        assert troubles == []
