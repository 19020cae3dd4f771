"""The card changes with the picture, on its very frame."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.origin.pages.shopfront import (
    COFFEE,
    MIXER,
    SEEK,
    Shop,
    Visit,
    check_frames,
    shop,
    shown,
    until,
)
from tests.overlay.browser.stage import NTSC, On, Stage

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def test_the_card_changes_on_its_frame_and_after_a_seek(visit: Visit) -> None:
    cues = [On("WM-4411", 20, 50), On("قهوة ☕", 50, 80), On("WM-4411", 60, 70, slot=2), On("unheard of", 80, None)]
    page = await visit(shop(*cues))
    await until(page, "vitrine.video.currentTime > 3.5")
    check_frames(await page.evaluate("frames_seen"), cues, 25)
    await page.evaluate("vitrine.video.pause()")
    for frame in (50, 49, 65, 10, 120):
        seen = await page.evaluate(SEEK, (frame + 0.5) / float(NTSC))
        assert seen == [frame, shown(cues, frame)]


async def test_a_late_joiner_has_the_card_with_the_first_frame(visit: Visit) -> None:
    cues = [On("WM-4411", 60, 380), On("قهوة ☕", 380, None)]
    stage = Stage(cues, by_packager=True)
    stage.play(10)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(stage.live(10))
        page = await visit(Shop(stage, [MIXER, COFFEE]), live=True)
        await until(page, "vitrine.products.snapshot?.on[0]?.product !== 'WM-4411'")
        live.cancel()
    seen = await page.evaluate("frames_seen")
    assert seen[0][0] > 150
    check_frames(seen, cues, 25)


async def test_the_picture_stays_where_it_is(visit: Visit) -> None:
    for width, height in ((1440, 900), (390, 844)):
        page = await visit(
            shop(On("WM-4411", 60, 120), On("قهوة ☕", 80, 120, slot=2), products=[]),
            viewport={"width": width, "height": height},
        )
        boxes = []
        for frame in (10, 70, 90, 150):
            await page.evaluate("vitrine.video.pause()")
            await page.evaluate(SEEK, (frame + 0.5) / float(NTSC))
            boxes.append(await page.locator("#video").bounding_box())
        assert all(box == boxes[0] for box in boxes)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_show_that_is_over_shows_nothing_and_keeps_its_list(visit: Visit) -> None:
    channel = shop(On("WM-4411", 0, None))
    page = await visit(channel)
    await expect(page.locator("#cards .card")).to_have_count(1)
    channel.state = "ended"
    await page.evaluate("vitrine.video.currentTime = 23.8")
    await expect(page.locator("#notice-title")).to_have_text("That was the show")
    await expect(page.locator("#now")).to_be_hidden()
    await expect(page.locator("#list .row").first).to_contain_text("Shown at 5:00 PM")
