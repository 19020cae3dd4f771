"""A watch page that listens is told how the channel is, and need not ask."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.origin.pages.shopfront import Shop, Visit, shop

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def until_heard(channel: Shop) -> None:
    async with asyncio.timeout(20):
        while not channel.listeners:  # noqa: ASYNC110 - the page connects
            await asyncio.sleep(0.02)


async def test_a_page_that_waits_plays_when_it_is_told_of_the_start(visit: Visit) -> None:
    channel = shop(state="idle")  # and so it answers to who asks
    page = await visit(channel, plays=False)
    await expect(page.locator("#notice-title")).to_have_text("Opening soon")
    await until_heard(channel)
    channel.tell("state", channel.as_json("starting"))
    await expect(page.locator("#notice-title")).to_have_text("The lights are on")
    channel.tell("state", channel.as_json("live"))
    await expect(page.locator("body")).to_have_attribute("data-picture", "on")


async def test_one_connection_tells_of_state_and_products(visit: Visit) -> None:
    channel = shop()
    page = await visit(channel, plays=False)
    await until_heard(channel)
    await expect(page.locator("#list .row").first).to_be_visible()
    assert len(channel.listeners) == 1
