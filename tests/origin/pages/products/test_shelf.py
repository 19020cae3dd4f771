"""The cards and the list while the show goes on: news, the shop, the keyboard, small screens."""

import pytest
from playwright.async_api import expect

from tests.origin.pages.shopfront import COFFEE, MIXER, SEEK, Visit, shop
from tests.overlay.browser.stage import On

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def test_a_product_that_sells_out_is_said_at_once(visit: Visit) -> None:
    channel = shop(On("WM-4411", 0, None))
    page = await visit(channel)
    await expect(page.locator("#cards .stock")).to_have_text("Only 4 left")
    channel.tell("product", {**MIXER, "availability": "out_of_stock", "stock": 0})
    await expect(page.locator("#cards .stock")).to_have_text("Sold out")
    await expect(page.locator("#list .row").first).to_contain_text("Sold out")
    await expect(page.locator("#now-heard")).to_have_text("Now showing: Stand mixer, 249 US dollars, Sold out")


async def test_a_new_catalogue_is_fetched(visit: Visit) -> None:
    channel = shop(On("WM-4411", 0, None))
    page = await visit(channel)
    await expect(page.locator("#list .row")).to_have_count(2)
    channel.products = [{**MIXER, "title": "Hand mixer"}]
    channel.tell("catalogue", {"rev": "2"})
    await expect(page.locator("#cards .name")).to_have_text("Hand mixer")
    await expect(page.locator("#list .row")).to_have_count(1)
    channel.tell("product", "no record")
    channel.tell("product", {**MIXER, "title": "Whisk"})
    await expect(page.locator("#cards .name")).to_have_text("Whisk")


async def test_a_long_catalogue_is_shown_in_two_steps(visit: Visit) -> None:
    many = [{**MIXER, "id": f"P{number}", "title": f"Product {number}"} for number in range(150)]
    page = await visit(shop(products=many))
    await expect(page.locator("#list .row")).to_have_count(60)
    await page.get_by_role("button", name="Show all 150 products").click()
    await expect(page.locator("#list .row")).to_have_count(150)
    await expect(page.locator("#more")).to_be_hidden()
    await expect(page.locator("#list .row").nth(60).locator("a")).to_be_focused()


async def test_the_shop_opens_beside_the_show_that_goes_on(visit: Visit) -> None:
    page = await visit(shop(On("WM-4411", 0, None)))
    await page.evaluate("""HTMLVideoElement.prototype.requestPictureInPicture = async function () {
      vitrine.small = [this.id, navigator.userActivation.isActive];
    }""")
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="View in shop").first.click()
    tab = await opened.value
    assert tab.url == MIXER["url"]
    assert await tab.evaluate("window.opener") is None
    assert await page.evaluate("[vitrine.small, vitrine.video.paused]") == [["video", True], False]


async def test_the_keyboard_reaches_the_card_and_keeps_its_place(visit: Visit) -> None:
    page = await visit(shop(On("WM-4411", 0, 90), On("قهوة ☕", 90, None)))
    link = page.locator("#cards a")
    await page.locator("#full").focus()
    await page.keyboard.press("Tab")
    await expect(link).to_be_focused()
    assert await link.evaluate("(link) => getComputedStyle(link).outlineStyle") == "solid"
    await page.keyboard.press(" ")
    assert await page.evaluate("vitrine.video.paused") is False
    # The card goes: who was on it is neither on another product's link nor at the top of the page.
    await page.evaluate("vitrine.video.currentTime = 3.5")
    await expect(page.locator("#cards .name")).to_have_text(COFFEE["title"])
    await expect(page.locator("#now")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(link).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#list a").first).to_be_focused()


async def test_nothing_scrolls_under_a_viewer_who_looks_around(visit: Visit) -> None:
    many = [{**MIXER, "id": f"P{number}"} for number in range(30)]
    page = await visit(
        shop(On("P1", 0, 60), On("P2", 60, None), products=many), viewport={"width": 390, "height": 844}, has_touch=True
    )
    await page.evaluate("vitrine.video.pause()")
    await page.evaluate("scrollTo(0, 900)")
    await page.evaluate(SEEK, 3)
    await expect(page.locator(".row[data-current]")).to_have_attribute("data-product", "P2")
    assert await page.evaluate("scrollY") == 900
    box = await page.locator("#video").bounding_box()
    assert box is not None
    assert box["y"] == 0  # the picture stays on top


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (320, "dark"), (390, "light"), (820, "dark"), (1024, "light")]
)
async def test_nothing_is_wider_than_the_page(width: int, scheme: str, visit: Visit) -> None:
    wide = {**MIXER, "title": "Donaudampfschifffahrtsgesellschaftskapitänskajüte" * 3, "brand": "W" * 80}
    page = await visit(
        shop(On("WM-4411", 0), On("قهوة ☕", 0, slot=2), On("M" * 64, 0, slot=3), products=[wide, COFFEE]),
        viewport={"width": width, "height": 640},
        color_scheme=scheme,
    )
    await expect(page.locator("#cards .card")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = await page.evaluate("""[...document.querySelectorAll(".card *, .row *")].filter((each) => {
      const { left, right, width } = each.getBoundingClientRect();
      return each.checkVisibility() && !each.classList.contains("heard") && width && (left < 0 || right > innerWidth);
    }).map((each) => each.className)""")
    assert outside == []
    for link in await page.locator("#cards a:visible").all():
        box = await link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
