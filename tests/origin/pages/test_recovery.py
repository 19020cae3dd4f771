"""The watch page comes back from everything that networks and servers do to it, and stays at the edge."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from playwright.async_api import Browser, Route

from tests.origin.pages.viewer import Viewer, watching

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


# Each of these is a trouble that lasts for as long as its block.


@asynccontextmanager
async def refused(viewer: Viewer) -> AsyncIterator[None]:
    await viewer.broadcast.close()
    yield
    await viewer.broadcast.open()


@asynccontextmanager
async def started_again(viewer: Viewer) -> AsyncIterator[None]:
    async with refused(viewer):
        yield
        await viewer.broadcast.another()


@asynccontextmanager
async def offline(viewer: Viewer) -> AsyncIterator[None]:
    await viewer.context.set_offline(True)
    yield
    await viewer.context.set_offline(False)


@asynccontextmanager
async def answered(viewer: Viewer, pattern: str, answer: Callable[[Route], object]) -> AsyncIterator[None]:
    await viewer.context.route(pattern, answer)
    yield
    await viewer.context.unroute(pattern)


def stream_not_found(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    return answered(viewer, "**/hls/**", lambda route: route.fulfill(status=404))


def parts_not_found(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    return answered(viewer, "**/*.m4s", lambda route: route.fulfill(status=404))


def all_not_found(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    return answered(viewer, "**/*", lambda route: route.fulfill(status=404))


def unavailable(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    return answered(viewer, "**/*", lambda route: route.fulfill(status=503))


def stalled(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    """Requests are taken and never answered, also not when the trouble is over."""
    return answered(viewer, "**/hls/**", lambda _: None)


def damaged(viewer: Viewer) -> AbstractAsyncContextManager[None]:
    """What comes as pictures is not."""
    return answered(viewer, "**/*.m4s", lambda route: route.fulfill(body=bytes(5000), content_type="video/mp4"))


Trouble = tuple[Callable[[Viewer], AbstractAsyncContextManager[None]], str]
"""What happens, and the title of what the viewer is told meanwhile."""

SERVER: dict[str, Trouble] = {
    "refused": (refused, "No connection"),
    "started again": (started_again, "No connection"),
    "404 for everything": (all_not_found, "There is no show here"),
    "503": (unavailable, "No connection"),
}
NETWORK: dict[str, Trouble] = {
    "offline": (offline, "No connection"),
    "404 for the stream": (stream_not_found, "One moment"),
    "404 for its parts": (parts_not_found, "One moment"),
    "stalled": (stalled, "One moment"),
}
MEDIA: dict[str, Trouble] = {"damaged": (damaged, "One moment")}
"""By itself: what brings it back is decoding, for which five pages at once leave no time."""


@pytest.mark.parametrize("troubles", [SERVER, NETWORK, MEDIA], ids=["server", "network", "media"])
async def test_the_picture_comes_back_by_itself(troubles: dict[str, Trouble], browser: Browser) -> None:
    async def endure(name: str) -> None:
        trouble, title = troubles[name]
        try:
            async with watching(browser) as viewer:
                async with trouble(viewer):
                    await viewer.is_told(title)
                await viewer.sees_the_picture()
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"{name}: {error}") from error

    async with asyncio.TaskGroup() as tasks:
        for name in troubles:
            tasks.create_task(endure(name))


async def test_a_browser_that_plays_by_itself_comes_back_too(browser: Browser) -> None:
    async with watching(browser, native=True) as viewer:
        assert await viewer.page.evaluate("vitrine.hls") is None
        async with refused(viewer):
            await viewer.is_told("No connection")
        await viewer.sees_the_picture()


async def test_a_viewer_who_fell_behind_catches_up(browser: Browser) -> None:
    """By playing faster where that takes seconds, by a jump where it would take a minute; never after going back."""
    async with watching(browser) as viewer:
        await viewer.falls_behind(1.2)
        await viewer.until("vitrine.video.playbackRate > 1")
        await viewer.caught_up()  # which takes a quarter of a minute, or more where it began late
        await viewer.until("vitrine.video.playbackRate === 1")
        await viewer.sees_the_picture()
        await viewer.falls_behind(8)
        await viewer.sees_the_picture()
        await viewer.page.keyboard.press("ArrowLeft")
        await viewer.page.keyboard.press("ArrowLeft")
        await viewer.until("!vitrine.video.seeking")
        before = await viewer.behind()
        await viewer.until(f"vitrine.video.currentTime > {await viewer.time() + 2}")
        assert await viewer.behind() > before - 0.5
        assert await viewer.page.evaluate("vitrine.video.playbackRate") == 1


MEDIA_ERROR = """() => {
  const { ErrorDetails, ErrorTypes, Events } = Hls;
  const error = { type: ErrorTypes.MEDIA_ERROR, details: ErrorDetails.BUFFER_APPENDING_ERROR, fatal: true };
  vitrine.hls.trigger(Events.ERROR, error);
}"""


async def test_one_media_error_does_not_leave_the_picture_paused(browser: Browser) -> None:
    """As where a decoder is lost, or one sample is damaged: hls.js takes the media away and brings them back."""
    async with watching(browser) as viewer:
        await viewer.page.evaluate("void (globalThis.same = vitrine.hls)")
        await viewer.page.evaluate(MEDIA_ERROR)
        await viewer.sees_the_picture()
        assert await viewer.page.evaluate("same === vitrine.hls"), "it was not opened anew"


async def test_a_media_error_does_not_overrule_a_viewer_who_paused(browser: Browser) -> None:
    async with watching(browser) as viewer:
        await viewer.page.evaluate("vitrine.video.pause()")  # as a media key or a lock screen does
        await viewer.page.evaluate("void vitrine.hls.once(Hls.Events.MEDIA_ATTACHED, () => (globalThis.back = true))")
        await viewer.page.evaluate(MEDIA_ERROR)
        await viewer.until("globalThis.back")
        assert await viewer.page.evaluate("vitrine.video.paused")


async def test_a_hidden_picture_does_not_outrun_what_comes(browser: Browser) -> None:
    """Its sound is listened to; as fast as before it would run dry again and again."""
    async with watching(browser) as viewer:
        await viewer.falls_behind(1.2)
        await viewer.until("vitrine.video.playbackRate > 1")
        await viewer.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
        await viewer.until("vitrine.video.playbackRate === 1")
        assert not await viewer.page.evaluate("vitrine.video.paused")


async def test_a_viewer_whose_link_is_over_is_told_so_and_asks_no_more(browser: Browser) -> None:
    async with watching(browser) as viewer:
        asked: list[str] = []

        async def refuse(route: Route) -> None:
            asked.append(route.request.url)
            await route.fulfill(status=403)

        async def protect(route: Route) -> None:
            answer = await route.fetch()
            await route.fulfill(response=answer, json={**await answer.json(), "protected": True})

        async with answered(viewer, "**/api/channels/show", protect), answered(viewer, "**/hls/**", refuse):
            await viewer.page.wait_for_event("response", lambda response: response.url.endswith("/api/channels/show"))
            await viewer.is_told("This link is no longer valid")
            asked.clear()
            await viewer.page.wait_for_event("response", lambda response: response.url.endswith("/api/channels/show"))
            assert await viewer.page.locator("#notice-title").text_content() == "This link is no longer valid"
            assert asked == []


STALL = """() => {
  const { ErrorDetails, ErrorTypes, Events } = Hls;
  const stall = { type: ErrorTypes.MEDIA_ERROR, details: ErrorDetails.BUFFER_STALLED_ERROR, fatal: false };
  vitrine.hls.trigger(Events.ERROR, stall);
}"""


async def test_a_viewer_who_stalled_keeps_further_back(browser: Browser) -> None:
    async with watching(browser) as viewer:
        for _ in range(4):
            await viewer.page.evaluate(STALL)
        await viewer.caught_up()
        await viewer.falls_behind(1)
        await viewer.until(f"vitrine.video.currentTime > {await viewer.time() + 1.5}")
        assert await viewer.page.evaluate("vitrine.video.playbackRate") == 1
