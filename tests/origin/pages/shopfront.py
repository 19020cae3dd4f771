"""A shop with a stream and a catalogue behind the watch page, and visits to it by a real Chromium."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page

from tests.overlay.browser.conftest import serve
from tests.overlay.browser.stage import NTSC, READ_NUMBER, On, Stage
from vitrine.origin import pages

MIXER: dict[str, Any] = {
    "id": "WM-4411",
    "title": "Stand mixer, 5 qt",
    "short_title": "Stand mixer",
    "url": "https://shop.example/p/4411?utm_source=live",
    "image": "images/4411.svg",
    "image_alt": "Red stand mixer",
    "price": {"amount": "329.00", "currency": "USD"},
    "sale_price": {"amount": "249.00", "currency": "USD", "from": "2020-01-01T00:00Z", "to": None},
    "availability": "in_stock",
    "stock": 4,
}


COFFEE: dict[str, Any] = {
    "id": "قهوة ☕",
    "title": "قهوة عربية ☕ <b>طازجة</b>",
    "url": "https://shop.example/p/coffee",
    "price": {"amount": "1250.50", "currency": "AED"},
    "availability": "preorder",
}


HOSTILE: dict[str, Any] = {
    "id": "<img src=x onerror=alert(1)>",
    "title": "<script>alert(1)</script>",
    "url": "javascript:alert(1)",
    "image": "javascript:alert(1)",
    "price": {"amount": "1", "currency": "not one"},
    "availability": "in_stock",
}

TEN = {"amount": "10", "currency": "EUR"}
SALE = {"amount": "7.5", "currency": "EUR", "from": "2026-11-29T17:00:00Z", "to": "2026-11-29T17:00:01Z"}


WATCH_FRAMES = (
    READ_NUMBER
    + """
globalThis.frames_seen = [];
document.addEventListener("DOMContentLoaded", () => {
  const video = document.getElementById("video");
  const look = (_, { mediaTime }) => {
    // The module's turn comes after this one, and both before the frame is painted: looked at in between.
    requestAnimationFrame(() => {
      const cards = [...document.querySelectorAll("#cards .card")].map((card) => card.dataset.product);
      frames_seen.push([readNumber(video), cards.join(" "), mediaTime]);
    });
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
});
"""
)


SEEK = """async (seconds) => {
  const count = frames_seen.length;
  vitrine.video.currentTime = seconds;
  const look = (done) => !vitrine.video.seeking && frames_seen.length > count ? done() : setTimeout(look, 20, done);
  await new Promise(look);
  return frames_seen.at(-1).slice(0, 2);
}"""


@dataclass
class Shop:
    """The channel `demo`, its stream, and what its API says of the products."""

    stage: Stage
    products: list[dict[str, Any]] | None
    state: str = "live"
    has_events: bool = True
    asked: int = 0
    listeners: list[asyncio.Queue[str | None]] = field(default_factory=list)

    def tell(self, event: str, data: object) -> None:
        for listener in self.listeners:
            listener.put_nowait(f"event: {event}\ndata: {json.dumps(data)}\n\n")

    async def static(self, request: web.Request) -> web.Response:
        asset = pages.static_file(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.body, headers={**asset.headers, "Content-Type": asset.content_type})

    async def watch(self, _: web.Request) -> web.Response:
        asset = pages.page("watch")
        return web.Response(body=asset.body, headers={**asset.headers, "Content-Type": asset.content_type})

    def as_json(self, state: str) -> dict[str, object]:
        return {
            "channel": "demo",
            "title": "Cyber Deals Sunday",
            "state": state,
            "reason": None,
            "broadcast": "b7",
            "started": "2026-11-29T17:00:00Z",
            "playlist": "/hls/demo/index.m3u8",
            "renditions": [],
            "health": {},
        }

    async def channel(self, _: web.Request) -> web.Response:
        return web.json_response(self.as_json(self.state))

    async def catalogue(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.products is None:
            raise web.HTTPNotFound
        return web.json_response({"rev": str(self.asked), "products": self.products})

    async def image(self, _: web.Request) -> web.Response:
        return web.Response(text='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")

    async def events(self, request: web.Request) -> web.StreamResponse:
        if not self.has_events:
            raise web.HTTPNotFound
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        await answer.write(b": hello\n\n")
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self.listeners.append(listener)
        while text := await listener.get():
            await answer.write(text.encode())
        return answer

    async def close(self, _: web.Application) -> None:
        for listener in self.listeners:
            listener.put_nowait(None)

    def application(self) -> web.Application:
        app = web.Application()
        app.on_shutdown.append(self.close)
        app.add_routes(
            [
                web.get("/watch/{channel}", self.watch),
                web.get("/static/{name:.+}", self.static),
                web.get("/api/channels/demo", self.channel),
                web.get("/api/channels/demo/catalogue", self.catalogue),
                web.get("/api/channels/demo/images/{name}", self.image),
                web.get("/api/channels/demo/events", self.events),
                *self.stage.routes(),
            ]
        )
        return app


class Visit:
    """Opens the watch page of a shop; no visit may leave an error in the console: a broken policy would be one."""

    def __init__(self, browser: Browser, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._stack = stack
        self.troubles: list[str] = []

    async def __call__(
        self, shop: Shop, *, plays: bool = True, live: bool = False, clock: bool = False, **options: Any
    ) -> Page:
        origin = await serve(shop.application(), self._stack)
        context = await self._browser.new_context(
            base_url=origin, reduced_motion="reduce", locale="en-US", timezone_id="UTC", **options
        )
        self._stack.push_async_callback(context.close)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda message: self.troubles.append(message.text) if message.type in {"error", "warning"} else None,
        )
        await context.route("https://shop.example/**", lambda route: route.fulfill(body="the shop"))
        await page.add_init_script(WATCH_FRAMES)
        if clock:
            await page.clock.install(time="2026-11-29T17:00:00Z")
        await page.goto("/watch/demo")
        if plays:
            await page.wait_for_selector("body[data-picture=on]")
        if plays and not live:
            await page.keyboard.press("ArrowLeft")  # a viewer who goes back does not follow the live edge
            await page.evaluate("frames_seen.length = 0, vitrine.video.currentTime = 0, vitrine.video.play()")
        return page


def replay(*cues: On) -> Stage:
    """A show that is all there: the page plays it from its start."""
    stage = Stage(list(cues), by_packager=True)
    stage.end()
    return stage


def shop(*cues: On, products: list[dict[str, Any]] | None = None, **more: Any) -> Shop:
    return Shop(replay(*cues), [MIXER, COFFEE] if products is None else products, **more)


def shown(cues: list[On], frame: int) -> str:
    on = [cue for cue in cues if cue.start <= frame and (cue.end is None or frame < cue.end)]
    return " ".join(cue.product for cue in sorted(on, key=lambda cue: cue.slot))


def check_frames(seen: list[list[Any]], cues: list[On], least: int) -> None:
    """On a busy machine a picture may have been replaced by the time it is looked at: those are left out."""
    prompt = [(number, cards) for number, cards, time in seen if number == round(time * NTSC)]
    assert [(number, cards) for number, cards in prompt if cards != shown(cues, number)] == []
    assert len({number for number, _ in prompt}) >= least


async def until(page: Page, test: str) -> None:
    """Not by wait_for_function: the page's policy lets nobody make code out of text."""
    await page.evaluate(
        f"new Promise((done) => {{ const look = () => {test} ? done() : setTimeout(look, 20); look(); }})"
    )
