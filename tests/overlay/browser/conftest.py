"""A real Chromium before a server that hands out a stage's stream, the player module and hls.js."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page

from bench.chromium import chromium
from tests.overlay.browser.stage import READ_NUMBER, Stage
from vitrine.origin import pages

PAGE = """<!doctype html><title>test</title><link rel="icon" href="data:,"><video id="video" muted playsinline></video>
<script src="/static/vendor/hls.min.js"></script>
<script type="module">
  import { followProducts } from "/static/vitrine-products.js";
  Object.assign(globalThis, { followProducts, video: document.getElementById("video"), changes: [], frames: [] });
  globalThis.shown = (snapshot) => snapshot && snapshot.on.map(({ slot, product }) => `${slot}:${product}`).join(" ");
  globalThis.follow = (players) => {
    globalThis.products = followProducts(video, players);
    products.addEventListener("change", ({ snapshot, date, mediaTime }) =>
      changes.push({ shown: shown(snapshot), seq: snapshot.seq, date: date && date.getTime(), mediaTime }));
    const look = (_, { mediaTime }) => { // asked for after the module's own: called after it, for the same frame
      frames.push([readNumber(video), shown(products.snapshot), mediaTime]);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  };
  globalThis.playHls = (settings = {}) => {
    globalThis.hls = new Hls({ lowLatencyMode: true, ...settings });
    hls.loadSource("/hls/demo/index.m3u8");
    hls.attachMedia(video);
    follow({ hls });
  };
  globalThis.until = (test) => new Promise((done) => {
    const look = () => (test() ? done() : setTimeout(look, 20));
    look();
  });
  globalThis.ready = true;
</script>
<script>READ_NUMBER</script>
""".replace("READ_NUMBER", READ_NUMBER)


def application(stage: Stage) -> web.Application:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def static(request: web.Request) -> web.Response:
        asset = pages.static_file(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.body, headers={"Content-Type": asset.content_type, **asset.headers})

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/static/{name:.+}", static), *stage.routes(), *stage.routes("again")])
    return app


async def serve(app: web.Application, stack: AsyncExitStack) -> str:
    """The origin where an application answers until the stack is closed."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return "http://{}:{}".format(*runner.addresses[0][:2])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    assert pages.static_file("vendor/hls.min.js"), "hls.js is missing: run `pip install -e .`, which fetches it"
    async with chromium() as browser:
        yield browser


OpenStage = Callable[[Stage], Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="module")
async def open_stage(browser: Browser) -> AsyncIterator[OpenStage]:
    """Opens a page before a stage. No page may leave an error in its console."""
    troubles: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_page(stage: Stage) -> Page:
            origin = await serve(application(stage), stack)
            context = await browser.new_context(base_url=origin)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            await page.goto("/")
            await page.wait_for_function("globalThis.ready")
            return page

        yield open_page
    assert troubles == []
