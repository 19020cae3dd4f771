"""A media process behind an HTTP address, without the rest of the server, and publishers in processes of their own."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from bench.served import child
from vitrine.ingest.whip.events import PeerEvent

Open = Callable[[str, Callable[[PeerEvent], None]], Awaitable[str]]
"""An answer for an offer."""


@asynccontextmanager
async def answering(opened: Open, heard: Callable[[PeerEvent], None]) -> AsyncIterator[str]:
    """The address that answers every offer posted to it."""

    async def post(request: web.Request) -> web.Response:
        return web.Response(status=201, text=await opened(await request.text(), heard))

    application = web.Application()
    application.router.add_post("/", post)
    application.router.add_get("/", _empty_page)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _empty_page(_: web.Request) -> web.Response:
    """For a browser to publish from."""
    return web.Response(text="<!doctype html><title>Publisher</title>", content_type="text/html")


@asynccontextmanager
async def cameras(clip: Path, url: str, count: int, key: str = "bench", *options: str) -> AsyncIterator[None]:
    """So many publishers, connected."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            command = (sys.executable, "-m", "bench.whip_camera", str(clip), url, key, *options)
            camera = await stack.enter_async_context(child(*command))
            assert camera.stdout is not None
            if not await camera.stdout.readline():
                raise RuntimeError("a publisher did not connect")
        yield
