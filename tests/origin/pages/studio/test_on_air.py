"""Going live from the studio, in a real Chromium with its fake camera, to a stand-in that takes WHIP."""

import re

import pytest
from playwright.async_api import expect

from tests.origin.pages.studio.visit import PATIENCE, Visit, filming, go_live, until
from vitrine.origin.status import Health

KEEP_PEER = """
() => {
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) { super(...settings); globalThis.peer = this; }
  };
}
"""

COUNT_SILENCES = """
() => {
  globalThis.silences = 0;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      this.addEventListener("iceconnectionstatechange", () => (silences += this.iceConnectionState === "disconnected"));
    }
  };
}
"""

DISCONNECT = """
() => {
  Object.defineProperty(peer, "iceConnectionState", { get: () => "disconnected" });
  peer.dispatchEvent(new Event("iceconnectionstatechange"));
}
"""
"""What a browser does when it has heard nothing for some five seconds."""

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


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
    await until(lambda: visit.house.whip.asked.count("POST again") == 1)
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)
    await expect(page.locator("#air-word")).not_to_have_text("Connection lost")
    await page.wait_for_timeout(2000)  # longer than the pause before a second try
    assert visit.house.whip.asked.count("POST again") == 1


async def test_a_server_that_forgot_us_is_published_to_again(visit: Visit) -> None:
    page = await visit()
    await go_live(page, visit)
    visit.house.whip.frames.clear()
    await visit.house.whip.lose()
    await until(lambda: visit.house.whip.asked.count("POST") == 2)
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)


async def test_a_silent_server_that_forgot_us_is_published_to_again(visit: Visit) -> None:
    visit.expected = "404"
    page = await visit()
    await page.evaluate(KEEP_PEER)
    await go_live(page, visit)
    await page.route("**/whip/demo/*", lambda route: route.fulfill(status=404))
    await page.evaluate(DISCONNECT)
    await expect(page.locator("#air-word")).to_have_text("Connection lost")
    await until(lambda: visit.house.whip.asked.count("POST again") == 1)


async def test_a_server_that_is_back_is_asked_whether_it_knows_us(visit: Visit) -> None:
    visit.expected = "404|ERR_FAILED"
    page = await visit()
    await go_live(page, visit)
    visit.house.go_on_air()
    await page.route("**/api/channels/demo/studio", lambda route: route.abort())
    await expect(page.locator("#air-word")).to_have_text("Connection lost")
    await expect(page.locator("#verdict")).to_have_text("Nothing is being published.")
    await page.route(
        "**/whip/demo/*",
        lambda route: route.fulfill(status=404) if route.request.method == "HEAD" else route.continue_(),
    )
    await page.unroute("**/api/channels/demo/studio")
    await until(lambda: visit.house.whip.asked.count("POST again") == 1)  # the connection itself has not been lost
    await expect(page.locator("#air-word")).to_have_text("On air")


async def test_who_is_on_air_already_is_only_taken_over_from_when_the_host_says_so(visit: Visit) -> None:
    visit.expected = "409|503"
    visit.house.whip.busy = True
    page = await visit()
    await filming(page)
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Somebody else is on air")
    visit.house.whip.refuses = (503, "It is being started again; try again")
    await page.get_by_role("button", name="Take over").click()
    await until(lambda: len(visit.house.whip.asked) == 2)
    visit.house.whip.refuses = None
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)
    assert visit.house.whip.asked[:3] == ["POST", "POST takeover", "POST takeover"]


async def test_who_was_taken_over_from_stays_off_until_the_host_says_otherwise(visit: Visit) -> None:
    visit.expected = "404|409|503"  # and the stream stands still
    page = await visit()
    await go_live(page, visit)
    visit.house.go_on_air()
    visit.house.health = Health(publisher="whip", encoder="Mozilla/5.0 (Macintosh) Safari/605")
    visit.house.whip.frames.clear()
    await visit.house.whip.give_way()
    again = page.get_by_role("button", name="Take over again")
    await expect(again).to_be_visible(timeout=1000 * PATIENCE)
    await expect(page.locator("#alarm")).to_contain_text("Another studio went on air in your place")
    await expect(page.get_by_role("button", name="Go live")).to_be_enabled()
    assert await page.evaluate("studio.camera.stream.active")
    await page.wait_for_timeout(3000)  # longer than any pause between two tries
    assert visit.house.whip.asked.count("POST") == 2
    assert "POST takeover" not in visit.house.whip.asked
    await again.click()
    await page.get_by_role("dialog").get_by_role("button", name="Take over").click()
    await until(lambda: visit.house.whip.frames.get("video", 0) > 5)
    await expect(again).to_be_hidden()


async def test_a_question_whether_to_stop_ends_nobody_elses_show(visit: Visit) -> None:
    visit.expected = "404|409|503"
    page = await visit()
    await go_live(page, visit)
    visit.house.go_on_air()
    await page.get_by_role("button", name="Stop").click()
    await visit.house.whip.give_way()
    await expect(page.locator("#again")).to_be_visible(timeout=1000 * PATIENCE)
    await page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.wait_for_timeout(300)
    assert visit.house.finished == []


async def test_who_took_over_is_told_of_at_once_and_not_any_more_when_it_is_gone(visit: Visit) -> None:
    visit.expected = "404|409|503"
    page = await visit()
    await page.evaluate(COUNT_SILENCES)
    await go_live(page, visit)
    visit.house.go_on_air()
    await visit.house.whip.give_way()
    await expect(page.locator("#alarm")).to_contain_text("An encoder (RTMP, OBS 31) went", timeout=1000 * PATIENCE)
    assert await page.evaluate("silences") == 0  # the server's goodbye was heard, and no silence waited for
    visit.house.state_word = "ended"
    await expect(page.locator("#alarm")).to_be_hidden()
    await expect(page.locator("#air-word")).to_have_text("Off air")


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


async def test_the_browsers_own_connection_is_measured(visit: Visit) -> None:
    page = await visit()
    await go_live(page, visit)
    await expect(page.locator("[data-kind=kbps] output")).to_have_text(re.compile(r"[1-9][\d,]* kbit/s"))
    await expect(page.locator("[data-kind=trip] output")).to_have_text(re.compile(r"\d+ ms"))
    await expect(page.locator("#health-source")).to_have_text("This browser")
