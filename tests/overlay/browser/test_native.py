"""The player module where the browser plays HLS by itself: it asks for the playlist as well."""

import asyncio

import pytest
from playwright.async_api import Route

from tests.overlay.browser.conftest import OpenStage
from tests.overlay.browser.stage import NTSC, On, Stage
from tests.overlay.browser.test_hls_js import REACHED, SEEK, check_changes, check_frames, cues, shown

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PLAY = """() => {
  video.src = "/hls/demo/index.m3u8";
  follow({ playlist: "/hls/demo/index.m3u8" });
}"""


async def test_every_frame_of_a_replay_has_its_own_card(open_stage: OpenStage) -> None:
    stage = Stage(cues(), by_packager=True)
    stage.end()
    page = await open_stage(stage)
    assert await page.evaluate("video.canPlayType('application/vnd.apple.mpegurl')")
    await page.evaluate(PLAY)
    await page.evaluate("until(() => products.snapshot)")
    await page.evaluate("video.play()")
    await page.evaluate(REACHED, 6.5)
    check_frames((await page.evaluate("frames"))[1:], stage.cues, 90)
    check_changes(await page.evaluate("changes"))
    await page.evaluate("video.pause()")
    for frame in (75, 70, 165, 10, 76):
        seen = await page.evaluate(SEEK, (frame + 0.5) / float(NTSC))
        assert seen[:2] == [frame, shown(stage.cues, frame)]


async def test_a_live_show_is_dated_to_the_segment(open_stage: OpenStage) -> None:
    """Chromium joins a hold-back before the end of a window that has moved on, and does not say where."""
    stage = Stage([On("A", 0)], by_packager=True, window_seconds=12)
    stage.play(18)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(stage.live(18))
        page = await open_stage(stage)
        await page.evaluate(PLAY)
        await page.evaluate("video.play()")
        await page.evaluate("until(() => products.date && frames.length > 5)")
        number, date = await page.evaluate("[frames.at(-1)[0], products.date.getTime()]")
        live.cancel()
    assert number > 5 * NTSC
    assert date == pytest.approx(stage.utc_ns(number) / 1e6, abs=2100)


async def test_stamps_of_a_browser_that_dates_its_timeline(open_stage: OpenStage) -> None:
    """As Safari has them: cues with a `value` in a metadata track, and getStartDate; no playlist is asked for."""
    stage = Stage([])
    stage.end()
    page = await open_stage(stage)
    await page.evaluate(
        """([first, second]) => {
          HTMLVideoElement.prototype.getStartDate = () => new Date(1795971603120);
          video.src = "/hls/demo/index.m3u8";
          const track = video.addTextTrack("metadata");
          for (const [time, data] of [[2, second], [0, first], [2, first]]) {
            track.addCue(Object.assign(new VTTCue(time, 1e9, ""), { value: { key: "TXXX", info: "vitrine", data } }));
          }
          track.addCue(Object.assign(new VTTCue(3, 4, ""), { value: { key: "X-PRODUCT", data: "other" } }));
          follow({});
        }""",
        ['{"v":1,"seq":1,"on":[]}', '{"v":1,"seq":2,"on":[{"s":1,"p":"A","c":"c2","t0":0}]}'],
    )
    await page.evaluate("until(() => products.snapshot)")
    assert await page.evaluate("[changes[0].shown, changes[0].date]") == ["", 1795971603120]
    seen = await page.evaluate(SEEK, 4)
    assert seen[1:] == ["1:A", 2]


async def test_a_playlist_that_is_not_there_is_asked_for_again(open_stage: OpenStage) -> None:
    stage = Stage([On("A", 0)], by_packager=True)
    stage.end()
    page = await open_stage(stage)
    answers = iter([404, 200])

    async def answer(route: Route) -> None:
        status = next(answers, 200)
        await (route.continue_() if status == 200 else route.fulfill(status=status))

    await page.route("**/again/index.m3u8", answer)
    await page.clock.install()
    await page.evaluate(PLAY.replace('demo/index.m3u8" })', 'again/index.m3u8" })'))
    await page.evaluate("until(() => frames.length)")
    assert await page.evaluate("products.snapshot") is None
    await page.clock.fast_forward(4000)
    await page.evaluate("until(() => products.snapshot)")
    assert await page.evaluate("shown(products.snapshot)") == "1:A"
