"""A host goes live from the studio with Chromium's fake camera, and viewers see it, or do not see a rehearsal."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, Page, expect

from bench.chromium import FILMS, chromium
from tests.interop.conftest import PATIENCE, TOKEN, state_of, until_state
from vitrine.server.serve import Running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium(*FILMS) as browser:
        yield browser


async def open_page(browser: Browser, server: Running, path: str, complaints: list[str]) -> Page:
    context = await browser.new_context(
        base_url=f"http://127.0.0.1:{server.http_port}", viewport={"width": 1280, "height": 800}
    )
    await context.grant_permissions(["camera", "microphone"])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.on(
        "console",
        lambda message: complaints.append(f"{message.text} {message.location}") if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(path)
    return page


async def publish(studio: Page, word: str = "Go live") -> None:
    await expect(studio.get_by_role("button", name="Go live")).to_be_enabled()
    await studio.get_by_role("button", name="Go live").click()
    await studio.get_by_role("dialog").get_by_role("button", name=word).click()


async def stop(studio: Page) -> None:
    await studio.get_by_role("button", name="Stop").click()
    await studio.get_by_role("dialog").get_by_role("button", name="Stop").click()


async def test_from_the_camera_to_the_viewer_with_a_product_on_show(
    browser: Browser, server: Running, http: ClientSession
) -> None:
    complaints: list[str] = []
    studio = await open_page(browser, server, f"/studio/show#token={TOKEN}", complaints)
    viewer = await open_page(browser, server, "/watch/show", complaints)
    await publish(studio)
    await until_state(http, "live")
    await expect(studio.locator("#air-word")).to_have_text("On air")
    await expect(viewer.locator("body")).to_have_attribute("data-picture", "on", timeout=PATIENCE * 1000)
    await expect(studio.locator("#latency")).to_contain_text("s behind", timeout=PATIENCE * 1000)
    command = {"action": "show", "products": ["WM-4411"]}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with http.post("/api/channels/show/cues", json=command, headers=headers) as response:
        assert response.status == 200
    await expect(studio.locator("#slots li").first).to_contain_text("WM-4411")
    await expect(studio.locator("#in-picture")).to_have_text("WM-4411", timeout=PATIENCE * 1000)
    await expect(viewer.locator("#cards")).to_contain_text("WM-4411", timeout=PATIENCE * 1000)
    await stop(studio)
    ended = await until_state(http, "ended")
    assert ended["reason"]
    assert [each for each in complaints if "409" not in each] == []  # the broadcast may be over before it is ended


async def test_of_two_studios_only_the_one_that_its_host_chose_is_on_air(
    browser: Browser, server: Running, http: ClientSession
) -> None:
    complaints: list[str] = []
    first, second = [await open_page(browser, server, f"/studio/show#token={TOKEN}", complaints) for _ in range(2)]
    await publish(first)
    await until_state(http, "live")
    await publish(second)
    await expect(second.get_by_role("dialog")).to_contain_text("Another studio is on air")
    await second.get_by_role("dialog").get_by_role("button", name="Take over").click()
    for gone, on_air in ((first, second), (second, first)):
        again = gone.get_by_role("button", name="Take over again")
        await expect(again).to_be_visible(timeout=PATIENCE * 1000)
        await expect(gone.locator("#alarm")).to_contain_text("Another studio went on air in your place")
        await on_air.wait_for_timeout(2000)  # longer than the first tries of one that would come back by itself
        assert await gone.evaluate("studio.publisher.state") == "taken"
        assert await on_air.evaluate("studio.publisher.state") == "on"
        if gone is first:
            await again.click()
            await gone.get_by_role("dialog").get_by_role("button", name="Take over").click()
    assert (await state_of(http))["state"] == "live"
    await stop(first)
    await until_state(http, "ended")
    expected = re.compile("404|409")  # a session that is gone already, and a channel that is taken
    assert [each for each in complaints if not expected.search(each)] == []


async def test_a_rehearsal_is_seen_by_its_link_only(browser: Browser, server: Running, http: ClientSession) -> None:
    complaints: list[str] = []
    studio = await open_page(browser, server, f"/studio/show#token={TOKEN}", complaints)
    await studio.get_by_role("switch", name="Next broadcast").check()
    await publish(studio, "Begin the rehearsal")
    await expect(studio.locator("#air-word")).to_have_text("Rehearsal", timeout=PATIENCE * 1000)
    link = await studio.locator("#share-link").get_attribute("href")
    assert link is not None
    team = await open_page(browser, server, link, complaints)
    await expect(team.locator("body")).to_have_attribute("data-picture", "on", timeout=PATIENCE * 1000)
    assert (await state_of(http))["state"] == "idle"
    for address in ("/hls/show/index.m3u8", "/hls/show/audio/index.m3u8"):
        async with http.get(address) as response:
            assert response.status == 404
    async with http.get("/api/channels") as response:
        assert "~" not in await response.text()
    await stop(studio)
    await studio.get_by_role("switch", name="Next broadcast").uncheck()
    async with asyncio.timeout(PATIENCE):
        while (await state_of(http, link.removeprefix("/watch/")))["state"] != "ended":  # noqa: ASYNC110 - the API is asked
            await asyncio.sleep(0.05)
    await publish(studio)
    await until_state(http, "live")
    assert [each for each in complaints if "409" not in each] == []  # the broadcast may be over before it is ended
