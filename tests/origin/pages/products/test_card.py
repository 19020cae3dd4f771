"""What a card says of a product, whoever wrote its record."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.origin.pages.shopfront import COFFEE, HOSTILE, MIXER, SALE, TEN, Shop, Visit, replay, shop
from tests.overlay.browser.stage import On

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


async def test_a_card_tells_what_it_is_and_costs(visit: Visit) -> None:
    page = await visit(shop(On("WM-4411", 0, None)))
    card = page.locator("#cards .card")
    await expect(card.get_by_role("heading", level=3)).to_have_text("Stand mixer, 5 qt")
    await expect(card.locator(".price-now")).to_have_text("$249")
    await expect(card.locator("s")).to_have_text("$329")
    await expect(card.locator(".saving")).to_have_text("Save 24%")
    await expect(card.locator(".stock")).to_have_text("Only 4 left")
    await expect(card.get_by_role("img", name="Red stand mixer")).to_be_visible()
    link = card.get_by_role("link", name="View in shop: Stand mixer, 5 qt (new tab)")
    assert await link.get_attribute("href") == MIXER["url"]
    assert await link.get_attribute("rel") == "noopener"
    await expect(page.locator("#now-heard")).to_have_text("Now showing: Stand mixer, 249 US dollars, Only 4 left")
    assert await page.locator("#now-heard").get_attribute("aria-live") == "polite"
    row = page.get_by_role("listitem").filter(has_text="Stand mixer")
    await expect(row).to_have_attribute("aria-current", "true")
    await expect(row).to_contain_text("On show now")


async def test_the_page_has_names_for_its_parts(visit: Visit) -> None:
    page = await visit(shop(On("WM-4411", 0, None)))
    await expect(page.get_by_role("region", name="On show now")).to_be_visible()
    await expect(page.get_by_role("region", name="In this show").get_by_role("listitem")).to_have_count(2)
    levels = await page.evaluate("""[...document.querySelectorAll("h1, h2, h3")]
      .filter((each) => each.checkVisibility() && !each.closest("[inert]")).map(({ localName }) => localName)""")
    assert levels == ["h1", "h2", "h3", "h2"]
    nameless = await page.evaluate("""[...document.querySelectorAll("a, button, input, img, video")]
      .filter((each) => each.checkVisibility() && each.id !== "video")
      .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.hasAttribute("alt"))).length""")
    assert nameless == 0
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids))


async def test_names_in_every_script_are_text(visit: Visit) -> None:
    page = await visit(shop(On("قهوة ☕", 0, None), On(HOSTILE["id"], 0, None, slot=2), products=[COFFEE, HOSTILE]))
    first, second = (page.locator("#cards .card").nth(index) for index in (0, 1))
    name = first.locator(".name")
    await expect(name).to_have_text(COFFEE["title"])
    assert await name.evaluate("(name) => [name.dir, getComputedStyle(name).direction]") == ["auto", "rtl"]
    await expect(first.locator(".price-now")).to_have_text("AED 1,250.50")
    await expect(first.locator(".stock")).to_have_text("Pre-order")
    await expect(second.locator(".name")).to_have_text("<script>alert(1)</script>")
    await expect(second.locator(".price-now")).to_have_text("1 not one")
    await expect(second.locator("a")).to_be_hidden()
    assert await second.locator("a").get_attribute("href") is None
    assert await second.locator("img").get_attribute("src") is None


async def test_without_a_catalogue_products_have_their_ids(visit: Visit) -> None:
    channel = Shop(replay(On("WM-4411", 45, 120)), None, has_events=False)
    page = await visit(channel)
    await expect(page.locator("#now")).to_be_hidden()
    await expect(page.locator("#catalogue")).to_be_hidden()
    await expect(page.locator("#cards .card .name")).to_have_text("WM-4411")
    await expect(page.locator("#cards a")).to_be_hidden()
    await expect(page.locator("#list .row")).to_have_count(1)
    await expect(page.locator("#nothing")).to_be_visible()
    assert channel.asked == 2  # at first, and once for the product that was not known


async def test_a_sale_begins_and_ends_on_its_time(visit: Visit) -> None:
    sale = {**MIXER["sale_price"], "from": "2026-11-29T17:05:00Z", "to": "2026-11-29T17:10:00Z"}
    page = await visit(shop(On("WM-4411", 0, None), products=[{**MIXER, "sale_price": sale}]), clock=True)
    price = page.locator("#cards .price-now")
    await expect(price).to_have_text("$329")
    await expect(page.locator("#cards s")).to_be_hidden()
    await page.clock.fast_forward("05:00")
    await expect(price).to_have_text("$249")
    await expect(page.locator("#cards .until")).to_have_text("Until 5:10 PM")
    await page.clock.fast_forward("05:00")
    await expect(price).to_have_text("$329")


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ({}, ["", "", "", 0]),
        ({"price": TEN}, ["€10", "", "", 0]),
        ({"price": {"amount": "9007199254740993.15", "currency": "USD"}}, ["$9,007,199,254,740,993.15", "", "", 0]),
        ({"price": {"amount": "1500", "currency": "JPY"}}, ["¥1,500", "", "", 0]),
        ({"availability": "backorder"}, ["", "", "On back order", 0]),
        ({"availability": "in_stock"}, ["", "", "In stock", 0]),
        ({"availability": "in_stock", "stock": 9}, ["", "", "Only 9 left", 0]),
        ({"availability": "in_stock", "stock": 10}, ["", "", "In stock", 0]),
        ({"availability": "in_stock", "stock": 0}, ["", "", "Sold out", 0]),
        ({"availability": "out_of_stock", "stock": 5}, ["", "", "Sold out", 0]),
        ({"availability": "who knows"}, ["", "", "", 0]),
        # No saving, another currency, not yet, no longer: no sale.
        ({"price": TEN, "sale_price": {"amount": "10.00", "currency": "EUR"}}, ["€10", "", "", 0]),
        ({"price": TEN, "sale_price": {"amount": "5", "currency": "USD"}}, ["€10", "", "", 0]),
        ({"price": TEN, "sale_price": {**SALE, "from": "2026-11-29T17:00:01Z"}}, ["€10", "", "", 0]),
        ({"price": TEN, "sale_price": {**SALE, "to": "2026-11-29T17:00:00Z"}}, ["€10", "", "", 0]),
        ({"price": TEN, "sale_price": SALE}, ["€7.50", "€10", "", 25]),
        ({"sale_price": {"amount": "7.5", "currency": "EUR"}}, ["", "", "", 0]),
    ],
)  # fmt: skip
async def test_what_a_record_comes_to(product: dict[str, Any], expected: list[object], visit: Visit) -> None:
    page = await visit(shop(), plays=False)
    seen = await page.evaluate(
        """async (product) => {
          const price = await import("/static/price.js");
          const offer = price.offerAt(product, Date.parse("2026-11-29T17:00Z"));
          const text = (money) => money ? price.written(money) : "";
          return [text(offer.price), text(offer.list), price.availabilityOf(product).text, price.saving(offer)];
        }""",
        product,
    )
    assert seen == expected


async def test_pictures_come_by_tls_or_from_here(visit: Visit) -> None:
    page = await visit(shop(), plays=False)
    seen = await page.evaluate("""async () => {
      const { pictureOf, linkOf } = await import("/static/price.js");
      const base = new URL("/api/channels/demo/", location.href);
      const given = ["https://cdn.example/a.jpg", "http://cdn.example/a.jpg", "images/a.jpg", "data:image/png,x", "",
        undefined, "http://[", "//cdn.example/a"];
      return [given.map((each) => pictureOf(each, base)?.replace(location.origin, "") ?? null),
        ["https://a.example/", "http://a.example/", "javascript:1", "p/1", "", undefined].map(linkOf)];
    }""")
    assert seen == [
        [
            "https://cdn.example/a.jpg",
            None,
            "/api/channels/demo/images/a.jpg",
            None,
            None,
            None,
            None,
            None,
        ],
        ["https://a.example/", "http://a.example/", None, None, None, None],
    ]
