"""The products beside the picture, in a real Chromium: on their frame, and for everybody."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.overlay.browser.conftest import CHROMIUM_ARGUMENTS, serve
from tests.overlay.browser.stage import NTSC, READ_NUMBER, On, Stage
from vitrine.origin import pages

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

MIXER: dict[str, Any] = {
    "id": "WM-4411",
    "title": "Stand mixer, 5 qt",
    "short_title": "Stand mixer",
    "url": "https://shop.example/p/4411?utm_source=live",
    "image": "images/4411.svg",
    "image_alt": "Red stand mixer",
    "price": {"amount": "329.00", "currency": "USD"},
    "sale_price": {"amount": "249.00", "currency": "USD", "from": "2020-01-01T00:00Z", "to": None},
    "availability": "in_stock",
    "stock": 4,
}
COFFEE: dict[str, Any] = {
    "id": "قهوة ☕",
    "title": "قهوة عربية ☕ <b>طازجة</b>",
    "url": "https://shop.example/p/coffee",
    "price": {"amount": "1250.50", "currency": "AED"},
    "availability": "preorder",
}
HOSTILE: dict[str, Any] = {
    "id": "<img src=x onerror=alert(1)>",
    "title": "<script>alert(1)</script>",
    "url": "javascript:alert(1)",
    "image": "javascript:alert(1)",
    "price": {"amount": "1", "currency": "not one"},
    "availability": "in_stock",
}

TEN = {"amount": "10", "currency": "EUR"}
SALE = {"amount": "7.5", "currency": "EUR", "from": "2026-11-29T17:00:00Z", "to": "2026-11-29T17:00:01Z"}

WATCH_FRAMES = (
    READ_NUMBER
    + """
globalThis.frames_seen = [];
document.addEventListener("DOMContentLoaded", () => {
  const video = document.getElementById("video");
  const look = (_, { mediaTime }) => {
    // The module's turn comes after this one, and both before the frame is painted: looked at in between.
    requestAnimationFrame(() => {
      const cards = [...document.querySelectorAll("#cards .card")].map((card) => card.dataset.product);
      frames_seen.push([readNumber(video), cards.join(" "), mediaTime]);
    });
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
});
"""
)

SEEK = """async (seconds) => {
  const count = frames_seen.length;
  vitrine.video.currentTime = seconds;
  const look = (done) => !vitrine.video.seeking && frames_seen.length > count ? done() : setTimeout(look, 20, done);
  await new Promise(look);
  return frames_seen.at(-1).slice(0, 2);
}"""


@dataclass
class Shop:
    """The channel `demo`, its stream, and what its API says of the products."""

    stage: Stage
    products: list[dict[str, Any]] | None
    state: str = "live"
    has_events: bool = True
    asked: int = 0
    listeners: list[asyncio.Queue[str | None]] = field(default_factory=list)

    def tell(self, event: str, data: object) -> None:
        for listener in self.listeners:
            listener.put_nowait(f"event: {event}\ndata: {json.dumps(data)}\n\n")

    async def static(self, request: web.Request) -> web.Response:
        asset = pages.static_file(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.body, headers={**asset.headers, "Content-Type": asset.content_type})

    async def watch(self, _: web.Request) -> web.Response:
        asset = pages.page("watch")
        return web.Response(body=asset.body, headers={**asset.headers, "Content-Type": asset.content_type})

    async def channel(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "channel": "demo",
                "title": "Cyber Deals Sunday",
                "state": self.state,
                "reason": None,
                "broadcast": "b7",
                "started": "2026-11-29T17:00:00Z",
                "playlist": "/hls/demo/index.m3u8",
                "renditions": [],
                "health": {},
            }
        )

    async def catalogue(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.products is None:
            raise web.HTTPNotFound
        return web.json_response({"rev": str(self.asked), "products": self.products})

    async def image(self, _: web.Request) -> web.Response:
        return web.Response(text='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")

    async def events(self, request: web.Request) -> web.StreamResponse:
        if not self.has_events:
            raise web.HTTPNotFound
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        await answer.write(b": hello\n\n")
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self.listeners.append(listener)
        while text := await listener.get():
            await answer.write(text.encode())
        return answer

    async def close(self, _: web.Application) -> None:
        for listener in self.listeners:
            listener.put_nowait(None)

    def application(self) -> web.Application:
        app = web.Application()
        app.on_shutdown.append(self.close)
        app.add_routes(
            [
                web.get("/watch/{channel}", self.watch),
                web.get("/static/{name:.+}", self.static),
                web.get("/api/channels/demo", self.channel),
                web.get("/api/channels/demo/catalogue", self.catalogue),
                web.get("/api/channels/demo/images/{name}", self.image),
                web.get("/api/channels/demo/events", self.events),
                *self.stage.routes(),
            ]
        )
        return app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_ARGUMENTS)
        )
        yield chromium
        await chromium.close()


class Visit:
    """Opens the watch page of a shop; no visit may leave an error in the console: a broken policy would be one."""

    def __init__(self, browser: Browser, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._stack = stack
        self.troubles: list[str] = []

    async def __call__(
        self, shop: Shop, *, plays: bool = True, live: bool = False, clock: bool = False, **options: Any
    ) -> Page:
        origin = await serve(shop.application(), self._stack)
        context = await self._browser.new_context(
            base_url=origin, reduced_motion="reduce", locale="en-US", timezone_id="UTC", **options
        )
        self._stack.push_async_callback(context.close)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda message: self.troubles.append(message.text) if message.type in {"error", "warning"} else None,
        )
        await context.route("https://shop.example/**", lambda route: route.fulfill(body="the shop"))
        await page.add_init_script(WATCH_FRAMES)
        if clock:
            await page.clock.install(time="2026-11-29T17:00:00Z")
        await page.goto("/watch/demo")
        if plays:
            await page.wait_for_selector("body[data-picture=on]")
        if plays and not live:
            await page.keyboard.press("ArrowLeft")  # a viewer who goes back does not follow the live edge
            await page.evaluate("frames_seen.length = 0, vitrine.video.currentTime = 0, vitrine.video.play()")
        return page


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:
        visit = Visit(browser, stack)
        yield visit
    assert [trouble for trouble in visit.troubles if "404 (Not Found)" not in trouble] == []


def replay(*cues: On) -> Stage:
    """A show that is all there: the page plays it from its start."""
    stage = Stage(list(cues), by_packager=True)
    stage.end()
    return stage


def shop(*cues: On, products: list[dict[str, Any]] | None = None, **more: Any) -> Shop:
    return Shop(replay(*cues), [MIXER, COFFEE] if products is None else products, **more)


def shown(cues: list[On], frame: int) -> str:
    on = [cue for cue in cues if cue.start <= frame and (cue.end is None or frame < cue.end)]
    return " ".join(cue.product for cue in sorted(on, key=lambda cue: cue.slot))


def check_frames(seen: list[list[Any]], cues: list[On], least: int) -> None:
    """On a busy machine a picture may have been replaced by the time it is looked at: those are left out."""
    prompt = [(number, cards) for number, cards, time in seen if number == round(time * NTSC)]
    assert [(number, cards) for number, cards in prompt if cards != shown(cues, number)] == []
    assert len({number for number, _ in prompt}) >= least


async def until(page: Page, test: str) -> None:
    """Not by wait_for_function: the page's policy lets nobody make code out of text."""
    await page.evaluate(
        f"new Promise((done) => {{ const look = () => {test} ? done() : setTimeout(look, 20); look(); }})"
    )


# -- On its frame --


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


# -- What is written --


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


# -- What is told meanwhile --


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


# -- For everybody --


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
