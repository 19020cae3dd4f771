"""The watch page and the list of shows in a real Chromium, before a server with a fake API and a small live stream."""

import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import imageio_ffmpeg
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from vitrine.origin import pages

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = 40
LISTED = 10
RENDITIONS = {"180p": (320, 180, 300), "90p": (160, 90, 100)}

GROWS = """(seconds) => new Promise((done) => {
  const { video } = vitrine;
  const start = video.currentTime;
  video.addEventListener("timeupdate", function look() {
    if (video.currentTime >= start + seconds) {
      video.removeEventListener("timeupdate", look);
      done(true);
    }
  });
})"""

STICK = """() => new Promise((done) => {
  vitrine.stuck = vitrine.hls;
  vitrine.hls.config.maxLiveSyncPlaybackRate = 1; // hls.js would set the rate again
  vitrine.video.playbackRate = 0;
  Object.defineProperty(vitrine.video, "playbackRate", { value: 1, writable: true }); // and so would the page
  vitrine.hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
    if (details.edge > vitrine.video.currentTime + 5) {
      done();
    }
  });
})"""


@dataclass
class Show:
    """A channel `demo` whose stream runs in real time from `go_live` on, and what its API says."""

    folder: Path
    state: str = "idle"
    reason: str | None = None
    broadcast: int = 0
    began: float = 0.0
    newest: int = LISTED
    closed: bool = False
    silent: bool = False
    origin: str = ""
    asked: list[str] = field(default_factory=list)

    def go_live(self) -> None:
        self.state, self.closed = "live", False
        self.broadcast += 1
        self.began = time.monotonic()

    def end(self) -> None:
        self.state, self.closed, self.reason = "ended", True, "the publisher stopped"

    def as_json(self) -> dict[str, object]:
        return {
            "channel": "demo",
            "title": "Cyber Deals Sunday",
            "state": self.state,
            "reason": self.reason,
            "broadcast": f"b{self.broadcast}" if self.broadcast else None,
            "started": "2026-11-29T17:00:00Z" if self.broadcast else None,
            "playlist": "/hls/demo/index.m3u8",
            "renditions": [],
            "health": {},
        }

    def multivariant(self) -> str:
        lines = ["#EXTM3U"]
        for name, (width, height, kbps) in RENDITIONS.items():
            lines += [
                f'#EXT-X-STREAM-INF:BANDWIDTH={kbps}000,RESOLUTION={width}x{height},CODECS="avc1.42C01E,mp4a.40.2"',
                f"{name}/index.m3u8",
            ]
        return "\n".join(lines) + "\n"

    def playlist(self) -> str:
        """The last LISTED segments of one second; programme time runs with the wall clock."""
        if not self.silent:
            self.newest = min(LISTED + int(time.monotonic() - self.began), SEGMENTS)
        newest = self.newest
        first = newest - LISTED
        date = datetime.now(UTC) - timedelta(seconds=time.monotonic() - self.began) + timedelta(seconds=first - LISTED)
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        lines += ['#EXT-X-MAP:URI="init.mp4"', f"#EXT-X-PROGRAM-DATE-TIME:{date.isoformat(timespec='milliseconds')}"]
        for index in range(first, newest):
            lines += ["#EXTINF:1.0,", f"{index}.m4s"]
        return "\n".join(lines + ["#EXT-X-ENDLIST"] * self.closed) + "\n"


def answer(asset: pages.Asset | None) -> web.Response:
    if asset is None:
        raise web.HTTPNotFound
    headers = {**pages.HEADERS, "Content-Type": asset.content_type, "ETag": asset.etag}
    return web.Response(body=asset.body, headers=headers)


def application(show: Show) -> web.Application:
    async def index(_: web.Request) -> web.Response:
        return answer(pages.page("index"))

    async def watch(_: web.Request) -> web.Response:
        return answer(pages.page("watch"))

    async def static(request: web.Request) -> web.Response:
        return answer(pages.static_file(request.match_info["name"]))

    async def channels(_: web.Request) -> web.Response:
        return web.json_response({"channels": [show.as_json()]})

    async def channel(request: web.Request) -> web.Response:
        show.asked.append(request.match_info["name"])
        if request.match_info["name"] != "demo":
            raise web.HTTPNotFound
        return web.json_response(show.as_json())

    async def multivariant(_: web.Request) -> web.Response:
        return web.Response(text=show.multivariant())

    async def playlist(_: web.Request) -> web.Response:
        return web.Response(text=show.playlist())

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_get("/watch/{channel}", watch)
    app.router.add_get("/static/{name:.+}", static)
    app.router.add_get("/api/channels", channels)
    app.router.add_get("/api/channels/{name}", channel)
    app.router.add_get("/hls/demo/index.m3u8", multivariant)
    app.router.add_get("/hls/demo/{rendition}/index.m3u8", playlist)
    app.router.add_static("/hls/demo", show.folder)
    return app


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The renditions, cut into segments of one second."""
    folder = tmp_path_factory.mktemp("stream")
    for name, (width, height, _) in RENDITIONS.items():
        (folder / name).mkdir()
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
        command += ["-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate=10:duration={SEGMENTS}"]
        command += ["-f", "lavfi", "-i", f"sine=duration={SEGMENTS}:sample_rate=48000"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-g", "10", "-c:a", "aac"]
        command += ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4"]
        command += ["-hls_segment_filename", "%d.m4s", "-start_number", "0", "index.m3u8"]
        subprocess.run(command, cwd=folder / name, check=True, timeout=60)
    return folder


@pytest_asyncio.fixture(loop_scope="module")
async def show(stream: Path) -> AsyncIterator[Show]:
    show = Show(stream)
    runner = web.AppRunner(application(show), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    show.origin = "http://{}:{}".format(*runner.addresses[0][:2])
    yield show
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, show: Show) -> AsyncIterator[Page]:
    """A fresh page. No test may leave an error in its console: a broken policy would be one."""
    context = await browser.new_context(base_url=show.origin, reduced_motion="reduce")
    page = await context.new_page()
    page.set_default_timeout(15_000)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    await context.close()
    assert [trouble for trouble in troubles if "404 (Not Found)" not in trouble] == []


RUN_DRY = """() => new Promise((resolve) => {
  const { video } = vitrine;
  let at = video.currentTime;
  vitrine.sought = 0;
  video.addEventListener("timeupdate", () => { at = video.currentTime; });
  video.addEventListener("seeking", () => {
    vitrine.sought += 1;
    delete video.readyState;
    resolve(Math.abs(video.currentTime - at));
  });
  Object.defineProperty(video, "readyState", { get: () => 2, configurable: true });
  video.dispatchEvent(new Event("waiting"));
})"""
"""The page believes that the picture waits for more; answers how far it then seeks."""


async def watch(page: Page, show: Show) -> None:
    """Open the page of a live show, and wait for the picture."""
    show.go_live()
    await page.goto("/watch/demo")
    await page.wait_for_selector("body[data-picture=on]")


async def test_a_live_show_plays_by_itself_without_sound(page: Page, show: Show) -> None:
    await watch(page, show)
    assert await page.evaluate(GROWS, 1)
    await expect(page.locator("#title")).to_have_text("Cyber Deals Sunday")
    await expect(page.locator("#state")).to_have_text("Live")
    await expect(page.locator("#heard")).to_have_text("The show is live.")
    await expect(page.locator("#shutter")).not_to_be_visible()
    assert await page.title() == "Live: Cyber Deals Sunday · Vitrine"
    assert await page.evaluate("vitrine.hls.config.lowLatencyMode")
    latency = await page.evaluate("vitrine.latency()")
    assert 0 < latency < 10
    await page.locator("#sound").click()
    assert await page.evaluate("vitrine.video.muted") is False
    await expect(page.locator("#sound")).to_be_hidden()


async def test_a_page_that_waits_starts_with_the_show_and_stops_with_it(page: Page, show: Show) -> None:
    await page.goto("/watch/demo")
    await expect(page.locator("#notice-title")).to_have_text("Opening soon")
    await expect(page.locator("#controls")).to_be_hidden()
    show.go_live()
    await page.wait_for_selector("body[data-picture=on]")
    show.end()
    await expect(page.locator("#notice-title")).to_have_text("That was the show", timeout=15_000)
    await expect(page.locator("body")).to_have_attribute("data-picture", "off")
    await expect(page.locator("#notice-reason")).to_be_hidden()  # the crew knows why
    show.go_live()
    await page.wait_for_selector("body[data-picture=on]")
    await expect(page.locator("#state")).to_have_text("Live")


async def test_a_failed_show_gives_its_reason(page: Page, show: Show) -> None:
    show.state, show.reason = "failed", "HEVC is not enabled on this channel"
    await page.goto("/watch/demo")
    await expect(page.locator("#state")).to_have_text("Interrupted")
    await expect(page.locator("#notice-reason")).to_have_text("HEVC is not enabled on this channel")


async def test_an_unknown_channel_is_a_page_of_its_own(page: Page, show: Show) -> None:
    await page.goto("/watch/caf%C3%A9")
    await expect(page.locator("#notice-title")).to_have_text("There is no show here")
    await expect(page.locator("#title")).to_have_text("café")
    assert set(show.asked) == {"café"}
    await page.locator("#notice-link").click()
    await expect(page.get_by_role("heading", name="Shows")).to_be_visible()


async def test_the_keyboard_rules_the_player(page: Page, show: Show) -> None:
    await watch(page, show)
    await page.keyboard.press("k")
    assert await page.evaluate("vitrine.video.paused")
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Back to live")).to_be_visible()
    await page.keyboard.press("l")
    assert await page.evaluate(GROWS, 0.5)
    await expect(page.locator("#to-live")).to_be_hidden()
    await page.keyboard.press("m")
    await page.keyboard.press("ArrowDown")  # the page's own: it scrolls
    assert await page.evaluate("[vitrine.video.muted, vitrine.video.volume]") == [False, 1]
    await page.keyboard.press("f")
    await expect(page.locator("#stage:fullscreen")).to_be_visible()
    await page.keyboard.press("f")
    await expect(page.locator("#stage:fullscreen")).to_have_count(0)
    await page.keyboard.press(" ")
    assert await page.evaluate("vitrine.video.paused")
    await page.locator("#mute").press("ArrowDown")
    assert await page.evaluate("vitrine.video.volume") == pytest.approx(0.9)


async def test_space_on_a_button_presses_that_button_only(page: Page, show: Show) -> None:
    await watch(page, show)
    await page.locator("#mute").focus()
    await page.keyboard.press(" ")
    assert await page.evaluate("[vitrine.video.paused, vitrine.video.muted]") == [False, False]


async def test_going_back_offers_the_way_to_live(page: Page, show: Show) -> None:
    await watch(page, show)
    assert await page.evaluate(GROWS, 2)
    await page.keyboard.press("ArrowLeft")
    await page.locator("#to-live").click()
    await expect(page.locator("#live")).to_be_visible()


async def test_a_picture_is_chosen_by_keyboard(page: Page, show: Show) -> None:
    await watch(page, show)
    button = page.locator("#quality-button")
    await button.focus()
    await page.keyboard.press("Enter")
    menu = page.get_by_role("menu", name="Picture quality")
    await expect(menu.get_by_role("menuitemradio", checked=True)).to_be_focused()
    assert await menu.locator("span").all_text_contents() == ["Auto", "180p", "90p"]
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(menu).to_be_hidden()
    await expect(button).to_be_focused()
    await expect(button).to_have_text("90p")
    await expect(page.locator("#shown")).to_have_text("90p")
    await page.keyboard.press("Enter")
    await page.evaluate("vitrine.hls.trigger(Hls.Events.LEVEL_SWITCHED, {level: 0})")
    await expect(menu.get_by_role("menuitemradio", checked=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


async def test_a_lost_picture_comes_back_by_itself(page: Page, show: Show) -> None:
    await watch(page, show)
    await page.evaluate(
        "vitrine.hls.trigger(Hls.Events.ERROR, {type: Hls.ErrorTypes.NETWORK_ERROR, details: 'gone', fatal: true,"
        " error: new Error('gone')})"
    )
    await expect(page.locator("#notice-title")).to_have_text("One moment")
    await page.wait_for_selector("body[data-picture=on]")
    assert await page.evaluate(GROWS, 0.5)


async def test_a_picture_that_sticks_is_opened_again(page: Page, show: Show) -> None:
    await page.clock.install()
    await watch(page, show)
    await page.evaluate(STICK)
    await page.clock.fast_forward(9_000)
    await expect(page.locator("body")).to_have_attribute("data-picture", "off")
    await page.wait_for_selector("body[data-picture=on]")
    assert await page.evaluate("vitrine.hls !== vitrine.stuck")


async def test_a_picture_that_ran_dry_goes_on_with_the_next_part(page: Page, show: Show) -> None:
    await watch(page, show)
    # Chromium would wait for 3 s of sound after its fourth drought: a seek is what makes it forget.
    assert await page.evaluate(RUN_DRY) < 0.5
    assert await page.evaluate(GROWS, 1)
    assert await page.evaluate("vitrine.sought") == 1


async def test_a_server_without_news_lowers_the_shutter_until_it_has_some(page: Page, show: Show) -> None:
    await page.clock.install()
    await watch(page, show)
    show.silent = True
    await page.clock.fast_forward(11_000)
    await expect(page.locator("#notice-text")).to_have_text("The picture was lost. It comes back by itself.")
    assert await page.evaluate("vitrine.video.paused")
    show.silent = False
    await page.wait_for_selector("body[data-picture=on]")


async def test_a_browser_that_wants_a_gesture_gets_a_button(page: Page, show: Show) -> None:
    await page.add_init_script(
        "const play = HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = function () {"
        " return navigator.userActivation.hasBeenActive ? play.call(this)"
        " : Promise.reject(new DOMException('no gesture', 'NotAllowedError')); };"
    )
    show.go_live()
    await page.goto("/watch/demo")
    await page.get_by_role("button", name="Watch the show").click()
    await page.wait_for_selector("body[data-picture=on]")


async def test_a_browser_that_cannot_play_is_told_so(page: Page, show: Show) -> None:
    await page.add_init_script(
        "for (const name of ['MediaSource', 'ManagedMediaSource', 'WebKitMediaSource']) delete globalThis[name];"
        " HTMLMediaElement.prototype.canPlayType = () => '';"
    )
    show.go_live()
    await page.goto("/watch/demo")
    await expect(page.locator("#notice-title")).to_have_text("This browser cannot play the show")


async def test_the_list_of_shows_leads_to_each(page: Page, show: Show) -> None:
    await page.goto("/")
    link = page.get_by_role("link", name="Cyber Deals Sunday")
    await expect(link).to_contain_text("Opening soon")
    await link.click()
    await expect(page.locator("#notice-title")).to_have_text("Opening soon")
