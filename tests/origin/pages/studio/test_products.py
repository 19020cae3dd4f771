"""Products by keys and presses in the studio, before a real desk and its ledger."""

import pytest
from playwright.async_api import expect

from tests.origin.pages.studio.visit import Visit, filming, until, until_page
from vitrine.overlay.date_time import parse_date_time

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def test_a_key_shows_its_product_and_next_goes_on(visit: Visit) -> None:
    page = await visit(films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    await page.keyboard.press("2")
    await expect(page.locator("#slots li").nth(1)).to_contain_text("Reading lamp")
    await page.keyboard.press("n")
    await expect(page.locator("#slots li").first).to_contain_text("Chef's knife")
    await expect(page.locator("#next")).to_be_disabled()
    await expect(page.locator("#next")).to_contain_text("The rundown is over")
    await page.keyboard.press("c")
    await expect(page.locator("#slots [data-on]")).to_have_count(0)
    actions = [("show", ("LT-2070",), 60), ("show", ("KD-1180",), 60), ("clear", (), 60)]
    assert visit.house.entries == actions


async def test_a_press_while_a_proxy_has_no_server_is_sent_again(visit: Visit) -> None:
    visit.expected = "502"
    page = await visit(films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    await page.route("**/cues", lambda route: route.fulfill(status=502, body="Bad Gateway"), times=2)
    await page.keyboard.press("2")
    await expect(page.locator("#slots li").nth(1)).to_contain_text("Reading lamp")
    assert visit.house.entries == [("show", ("LT-2070",), 60)]


async def test_undo_restores_what_was_on_show_from_the_very_frame(visit: Visit) -> None:
    page = await visit(films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    await page.keyboard.press("1")
    await expect(page.locator("#slots li").first).to_contain_text("Stand mixer")
    visit.house.newest = 100
    await page.keyboard.press("3")
    await expect(page.locator("#slots li").first).to_contain_text("Chef's knife")
    visit.house.newest = 150
    await page.keyboard.press("u")
    await expect(page.locator("#slots li").first).to_contain_text("Stand mixer")
    assert visit.house.entries[-1] == ("undo", (), 100)
    show = visit.house.desk_here.show
    assert show is not None
    assert [showing.cue for showing in show.ledger.snapshot(100).on] == ["c1"]
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()


async def test_keys_are_silent_while_somebody_types_or_is_asked_or_does_not_want_them(visit: Visit) -> None:
    page = await visit()
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    await page.keyboard.press("/")
    await page.keyboard.type("1n2")
    await page.keyboard.press("Escape")
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.keyboard.press("1")
    await page.keyboard.press("Escape")
    await page.get_by_label("Keys").uncheck()
    await page.keyboard.press("1")
    assert visit.house.entries == []
    await page.get_by_label("Keys").check()
    await page.keyboard.press("1")
    await expect(page.locator("#slots li").first).to_contain_text("Stand mixer")
    assert len(visit.house.entries) == 1


async def test_any_product_of_the_catalogue_is_found_and_shown_in_a_slot(visit: Visit) -> None:
    page = await visit(films=False)
    visit.house.go_on_air()
    await page.get_by_label("Search the catalogue").fill("canvas")
    await expect(page.locator("#items li")).to_have_count(1)
    await page.get_by_role("radio", name="3").check(force=True)
    await page.get_by_role("button", name="Canvas bag").click()
    await expect(page.locator("#slots li").nth(2)).to_contain_text("Canvas bag")
    await page.get_by_role("button", name="Hide Canvas bag").click()
    await expect(page.locator("#slots [data-on]")).to_have_count(0)


async def test_what_is_refused_is_said_at_the_button(visit: Visit) -> None:
    visit.expected = "409"
    page = await visit(films=False)
    await expect(page.locator("#items li")).to_have_count(3)
    await page.keyboard.press("1")
    await expect(page.locator("#refused")).to_have_text("Nothing is on air here.")


async def test_a_command_means_the_frame_that_the_return_picture_shows(visit: Visit) -> None:
    page = await visit(films=False)
    stage = visit.house.go_on_air()
    stage.play(9)
    visit.house.newest = 400
    await until_page(page, "studio.picture.seen !== null")
    await page.keyboard.press("1")
    await expect(page.locator("#slots li").first).to_contain_text("Stand mixer")
    (_, _, frame), *_ = visit.house.entries
    seen = await page.evaluate("studio.picture.seen.toISOString()")
    show = visit.house.desk_here.show
    assert show is not None
    assert 0 <= show.at(parse_date_time(seen)) - frame <= 90
    assert frame < 400
    await page.get_by_label("Commands mean").select_option("now")
    await page.keyboard.press("3")
    await until(lambda: len(visit.house.entries) == 2)
    assert visit.house.entries[1] == ("show", ("KD-1180",), 400)


PLACES = """() => ["#next", "#search", "#clear", "#go", "#items li:nth-child(3)"].map((each) => {
    const { x, y, width, height } = document.querySelector(each).getBoundingClientRect();
    return [each, x, y, width, height];
})"""


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1440, 900)])
async def test_nothing_moves_under_the_next_press(visit: Visit, size: tuple[int, int]) -> None:
    page = await visit(viewport={"width": size[0], "height": size[1]})
    await expect(page.locator("#items li")).to_have_count(3)
    await filming(page)
    await expect(page.locator("#choices")).to_be_visible()
    before = await page.evaluate(PLACES)
    visit.house.go_on_air()
    await expect(page.locator("#air-word")).to_have_text("On air")
    assert await page.evaluate(PLACES) == before
    for name in ("Stand mixer", "Reading lamp", "Chef's knife"):  # on two lines, and on one
        await page.keyboard.press("n")
        await expect(page.locator("#slots")).to_contain_text(name)
        await expect(page.locator("#undo-words")).to_contain_text(name)
        assert await page.evaluate(PLACES) == before
    await page.keyboard.press("u")
    await expect(page.locator("#slots")).not_to_contain_text("Chef's knife")
    assert await page.evaluate(PLACES) == before


async def test_on_a_phone_next_and_undo_are_under_the_thumb_wherever_the_page_stands(visit: Visit) -> None:
    page = await visit(viewport={"width": 390, "height": 844}, has_touch=True, films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    for end in ("0", "document.body.scrollHeight"):
        await page.evaluate(f"scrollTo(0, {end})")
        await page.locator("#next").tap()
        await expect(page.locator("#undo-button")).to_be_in_viewport()
        await page.locator("#undo-button").tap()
        await expect(page.locator("#slots [data-on]")).to_have_count(0)
    assert [entry[0] for entry in visit.house.entries] == ["show", "undo", "show", "undo"]
    last = "document.querySelector('.rehearsal').getBoundingClientRect().bottom"
    assert await page.evaluate(f"{last} <= document.querySelector('#next').getBoundingClientRect().top")


@pytest.mark.parametrize(
    ("key", "code", "shows"), [("é", "Digit2", "LT-2070"), ("т", "KeyN", "WM-4411"), (",", "KeyM", None)]
)
async def test_keys_are_found_by_their_place_on_other_keyboards(
    visit: Visit, key: str, code: str, shows: str | None
) -> None:
    page = await visit(films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    press = "([key, code]) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true}))"
    await page.evaluate(press, [key, code])
    await page.keyboard.press("3")
    await expect(page.locator("#slots")).to_contain_text("Chef's knife")
    assert [products for _, products, _ in visit.house.entries] == [(each,) for each in (shows, "KD-1180") if each]
