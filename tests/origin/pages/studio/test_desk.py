"""The studio's door, its connection, its rehearsal, and how all of it lies on the screen."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.origin.pages.studio.house import KEY, TOKEN
from tests.origin.pages.studio.visit import Visit, filming
from vitrine.origin.status import Connection

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def test_the_token_leaves_the_address_at_once_and_opens_the_studio(visit: Visit) -> None:
    page = await visit()
    await expect(page.get_by_role("heading", name="Cyber Deals Sunday")).to_be_visible()
    assert page.url.endswith("/studio/demo")
    assert KEY not in await page.content()
    await page.reload()
    await expect(page.get_by_role("heading", name="Rundown")).to_be_visible()


async def test_a_wrong_token_is_said_in_words_and_the_right_one_can_be_typed(visit: Visit) -> None:
    visit.expected = "401"
    page = await visit(token="wrong")
    await expect(page.get_by_role("alert")).to_contain_text("not this server's API token")
    await page.get_by_label("API token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Rundown")).to_be_visible()


async def test_the_connection_of_an_encoder_elsewhere_is_drawn_from_what_the_server_says(visit: Visit) -> None:
    page = await visit(films=False)
    connection = Connection(
        packets=900, lost=9, repaired=40, loss_percent=1.5, jitter_ms=4, round_trip_ms=48.2, keyframes_requested=2
    )
    visit.house.go_on_air(frames_in=900, encode_lag_ms=1800, connection=connection)
    await expect(page.locator("#health-source")).to_have_text("RTMP, OBS 31")
    await expect(page.locator("[data-kind=kbps] output")).to_have_text("4,200 kbit/s")
    await expect(page.locator("[data-kind=loss] output")).to_have_text("1.5 %")
    await expect(page.locator("[data-kind=trip] output")).to_have_text("48 ms")
    await expect(page.locator("#verdict")).to_contain_text("The server cannot keep up", timeout=20_000)  # a mean
    chart = page.get_by_role("img", name=re.compile("Encoder lag in the last minute: now 1,800 ms"))
    await expect(chart).to_be_visible()


async def test_a_crew_is_told_that_quality_was_given_up(visit: Visit) -> None:
    page = await visit(films=False)
    visit.house.go_on_air(shed=("1080p left out",))
    await expect(page.locator("#verdict")).to_contain_text("too busy for full quality")


async def test_a_rehearsal_is_switched_and_its_link_is_shared(visit: Visit) -> None:
    page = await visit(films=False)
    await page.get_by_role("switch", name="Next broadcast").check()
    await expect(page.get_by_role("link", name="Watch the rehearsal")).to_have_attribute("href", "/watch/demo~unlisted")
    assert visit.house.rehearses
    visit.house.go_on_air()
    await expect(page.locator("#air-word")).to_have_text("Rehearsal")


async def test_a_switch_stays_where_it_was_put_until_the_server_has_it(visit: Visit) -> None:
    page = await visit(films=False)
    asked, let = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await let.wait()
        await route.continue_()

    await page.route("**/rehearsal", hold)
    switch = page.get_by_role("switch", name="Next broadcast")
    await switch.check()
    await asked.wait()
    for _ in range(2):
        async with page.expect_response("**/studio"):
            pass
    await expect(switch).to_be_checked(timeout=1)
    let.set()
    await expect(page.get_by_role("link", name="Watch the rehearsal")).to_have_attribute("href", "/watch/demo~unlisted")


async def test_the_stream_key_is_seen_only_when_it_is_asked_for(visit: Visit) -> None:
    page = await visit(films=False)
    await page.get_by_text("Publish with OBS or another encoder").click()
    await expect(page.locator("#rtmp-address")).to_contain_text(":1935/live")
    assert KEY not in await page.content()
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("#stream-key")).to_have_text(KEY)
    await page.get_by_role("button", name="Hide", exact=True).click()
    assert KEY not in await page.content()


async def test_everything_that_can_be_used_has_a_name_and_a_place_in_the_order_of_the_keyboard(visit: Visit) -> None:
    page = await visit()
    await filming(page)
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, video, svg[role=img], [role=meter]")]
            .filter((each) => each.checkVisibility())
            .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length || each.placeholder))
            .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    seen = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        seen.append(await page.evaluate("document.activeElement.id"))
    assert "go" in seen
    assert "camera-choice" in seen


FOCUSED = """() => {
    const { activeElement: focused } = document;
    const mark = focused.matches("[name=slot]") ? focused.nextElementSibling : focused;
    const { outlineStyle, outlineWidth } = getComputedStyle(mark);
    const { left, top, width, height } = mark.getBoundingClientRect();
    const over = document.elementFromPoint(left + width / 2, top + height / 2);
    return {
        name: focused.id || focused.name || focused.closest("li")?.textContent.trim() || focused.tagName,
        outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        covered: !(mark.contains(over) || over?.contains(mark) || focused.contains(over)),
    };
}"""


@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
async def test_what_the_keyboard_is_at_is_seen(visit: Visit, size: tuple[int, int]) -> None:
    page = await visit(viewport={"width": size[0], "height": size[1]})
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    await filming(page)
    await page.keyboard.press("1")
    await expect(page.locator("#slots [data-on]")).to_have_count(1)
    await expect(page.locator("#undo")).to_be_hidden()
    seen: list[str] = []
    while not seen or seen[-1] != "BODY":
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        seen.append(focused["name"])
        assert seen[-1] == "BODY" or (focused["outlined"] and not focused["covered"]), (focused, seen)
    wanted = ("theme", "go", "camera-choice", "clear", "keys", "next", "search", "slot", "moment", "return-sound")
    assert [each for each in seen if each in wanted] == list(wanted)
    assert sum("Chef's knife" in each for each in seen) == 1


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1440, 900)])
async def test_nothing_is_wider_than_the_screen(visit: Visit, size: tuple[int, int]) -> None:
    page = await visit(viewport={"width": size[0], "height": size[1]})
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
