"""The studio in a real Chromium with its fake camera, before a real desk and a stand-in that takes WHIP."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.origin.pages.house import KEY, TOKEN, House
from tests.overlay.browser.conftest import CHROMIUM_ARGUMENTS, serve
from vitrine.origin.status import Connection
from vitrine.overlay.date_time import parse_date_time

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

FILMS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PATIENCE = 20.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*CHROMIUM_ARGUMENTS, *FILMS]
        )
        yield chromium
        await chromium.close()


class Visit:
    """Opens the studio of a house; no visit may leave an error in the console but what a test names."""

    def __init__(self, browser: Browser, stack: AsyncExitStack, folder: Path, tasks: asyncio.TaskGroup) -> None:
        self._browser = browser
        self._stack = stack
        self.house = House(folder, tasks)
        self.troubles: list[str] = []
        self.expected = ""

    async def __call__(self, *, token: str | None = TOKEN, films: bool = True, **options: object) -> Page:
        origin = await serve(self.house.application(), self._stack)
        self._stack.push_async_callback(self.house.whip.close)
        context = await self._browser.new_context(
            base_url=origin,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        self._stack.push_async_callback(context.close)
        if films:
            await context.grant_permissions(["camera", "microphone"])
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda message: self.troubles.append(message.text) if message.type == "error" else None)
        await page.goto("/studio/demo" + ("" if token is None else f"#token={token}"))
        return page


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    async with asyncio.TaskGroup() as tasks:
        async with AsyncExitStack() as stack:
            visit = Visit(browser, stack, tmp_path, tasks)
            yield visit
        visit.house.desk_here.close("b7")
    left = [trouble for trouble in visit.troubles if not (visit.expected and re.search(visit.expected, trouble))]
    assert left == []


async def until(test: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():  # noqa: ASYNC110 - what a stand-in counts
            await asyncio.sleep(0.05)


async def until_page(page: Page, expression: str) -> None:
    """The page's policy forbids what Playwright's own wait_for_function does."""
    async with asyncio.timeout(PATIENCE):
        while not await page.evaluate(expression):  # noqa: ASYNC110 - the page is asked
            await asyncio.sleep(0.05)


async def filming(page: Page) -> None:
    await until_page(page, "document.getElementById('preview').videoWidth > 0")


async def go_live(page: Page, visit: Visit) -> None:
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5 and visit.house.whip.frames.get("audio", 0) > 5)


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


async def test_going_live_and_stopping_each_take_a_second_word(visit: Visit) -> None:
    page = await visit()
    await filming(page)
    await page.get_by_role("button", name="Go live").dblclick()
    await page.keyboard.press("Enter")  # the focus is on No
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert visit.house.whip.asked == []
    await go_live(page, visit)
    assert "H264/90000" in visit.house.whip.sdp
    assert visit.house.whip.sdp.index("H264/90000") < visit.house.whip.sdp.index("VP8/90000")
    assert re.search(r"a=fmtp:\d+ .*stereo=1", visit.house.whip.sdp)
    await page.get_by_role("button", name="Stop").click()
    await page.keyboard.press("Escape")
    assert "DELETE" not in visit.house.whip.asked
    await page.get_by_role("button", name="Stop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    await until(lambda: "DELETE" in visit.house.whip.asked and visit.house.finished == ["demo"])
    await expect(page.get_by_role("button", name="Go live")).to_be_enabled()
    assert await page.evaluate("studio.camera.stream.active")  # the camera stays on


async def test_what_is_on_air_is_said_where_nobody_can_miss_it(visit: Visit) -> None:
    page = await visit()
    await expect(page.locator("#air-word")).to_have_text("Off air")
    await go_live(page, visit)
    visit.house.go_on_air()
    await expect(page.locator("#air-word")).to_have_text("On air")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"\d+:\d\d:\d\d"))
    await expect(page).to_have_title("● On air · Cyber Deals Sunday · Studio")


async def test_a_lost_network_shows_at_once_and_is_connected_again(visit: Visit) -> None:
    visit.expected = "ERR_INTERNET_DISCONNECTED|Failed to load"
    page = await visit()
    await go_live(page, visit)
    await page.context.set_offline(True)
    await expect(page.locator("#air-word")).to_have_text("Connection lost", timeout=1000)
    await expect(page.get_by_role("alert")).to_contain_text("camera stays on")
    visit.house.whip.frames.clear()
    await page.context.set_offline(False)
    await until(lambda: visit.house.whip.asked.count("POST takeover=1") == 1)
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)
    await expect(page.locator("#air-word")).not_to_have_text("Connection lost")


async def test_a_server_that_forgot_us_is_published_to_again(visit: Visit) -> None:
    page = await visit()
    await go_live(page, visit)
    visit.house.whip.frames.clear()
    await visit.house.whip.lose()
    await until(lambda: "POST takeover=1" in visit.house.whip.asked)
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)


async def test_who_is_on_air_already_is_only_taken_over_from_when_the_host_says_so(visit: Visit) -> None:
    visit.expected = "409"
    visit.house.whip.busy = True
    page = await visit()
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Somebody publishes here by rtmp")
    await page.get_by_role("button", name="Take over").click()
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)
    assert visit.house.whip.asked[:2] == ["POST", "POST takeover=1"]


async def test_what_the_server_does_not_take_is_said_in_its_words(visit: Visit) -> None:
    visit.expected = "422"
    visit.house.whip.refuses = (422, "This server takes H.264 and VP8")
    page = await visit()
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await expect(page.locator("#alarm")).to_contain_text("This server takes H.264 and VP8.")
    await expect(page.get_by_role("button", name="Go live")).to_be_enabled()


async def test_a_page_that_goes_away_ends_its_session(visit: Visit) -> None:
    page = await visit()
    await go_live(page, visit)
    await page.close(run_before_unload=False)
    await until(lambda: "DELETE" in visit.house.whip.asked)


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


async def test_the_browsers_own_connection_is_measured(visit: Visit) -> None:
    page = await visit()
    await go_live(page, visit)
    await expect(page.locator("[data-kind=kbps] output")).to_have_text(re.compile(r"[1-9][\d,]* kbit/s"))
    await expect(page.locator("[data-kind=trip] output")).to_have_text(re.compile(r"\d+ ms"))
    await expect(page.locator("#health-source")).to_have_text("This browser")


async def test_a_rehearsal_is_switched_and_its_link_is_shared(visit: Visit) -> None:
    page = await visit(films=False)
    await page.get_by_role("switch", name="Next broadcast").check()
    await expect(page.get_by_role("link", name="Watch the rehearsal")).to_have_attribute("href", "/watch/demo~unlisted")
    assert visit.house.rehearses
    visit.house.go_on_air()
    await expect(page.locator("#air-word")).to_have_text("Rehearsal")


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


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1440, 900)])
async def test_nothing_is_wider_than_the_screen(visit: Visit, size: tuple[int, int]) -> None:
    page = await visit(viewport={"width": size[0], "height": size[1]})
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [(1440, 900)])
async def test_nothing_moves_under_the_next_press(visit: Visit, size: tuple[int, int]) -> None:
    page = await visit(viewport={"width": size[0], "height": size[1]}, films=False)
    visit.house.go_on_air()
    await expect(page.locator("#items li")).to_have_count(3)
    before = await page.locator(".tools").bounding_box()
    await page.keyboard.press("1")
    await expect(page.locator("#slots li").first).to_contain_text("Stand mixer")
    await expect(page.locator("#undo")).to_be_visible()
    assert await page.locator(".tools").bounding_box() == before
