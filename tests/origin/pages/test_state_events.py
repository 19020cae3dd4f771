"""A watch page that listens is told how the channel is, and need not ask."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.origin.pages.shopfront import Shop, Visit, shop

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def until_heard(channel: Shop, patience: float = 20.0) -> None:
    async with asyncio.timeout(patience):
        while not channel.listeners:  # noqa: ASYNC110 - the page connects
            await asyncio.sleep(0.02)


async def test_a_page_that_waits_is_told_of_the_start_and_need_not_ask(visit: Visit) -> None:
    channel = shop(state="idle")
    page = await visit(channel, plays=False)
    await expect(page.locator("#notice-title")).to_have_text("Opening soon")
    await until_heard(channel)
    channel.tell("state", channel.as_json("starting"))  # to who asks it is idle still
    await expect(page.locator("#state")).to_have_text("Starting")
    channel.tell("state", channel.as_json("live"))
    await expect(page.locator("#state")).to_have_text("Live")
    channel.state = "live"
    await page.wait_for_selector("body[data-picture=on]")


async def test_one_connection_tells_of_state_and_products(visit: Visit) -> None:
    channel = shop()
    page = await visit(channel, plays=False)
    await until_heard(channel)
    await expect(page.locator("#list .row").first).to_be_visible()
    assert len(channel.listeners) == 1


async def test_behind_a_proxy_that_had_no_server_it_soon_listens_again(visit: Visit) -> None:
    channel = shop(has_events=False)  # what the proxy answers itself makes browsers give up
    page = await visit(channel, plays=False)
    await expect(page.locator("#list .row").first).to_be_visible()
    channel.has_events = True
    await until_heard(channel, 10)  # where no events get through at all it is tried every twenty seconds
