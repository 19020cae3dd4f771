"""The player module with Shaka Player, which is fetched for these tests only (browser/package-lock.json)."""

import asyncio
from typing import Any

import pytest

from tests.browser.shaka import shaka_script
from tests.overlay.browser.conftest import OpenStage
from tests.overlay.browser.stage import NTSC, On, Stage
from tests.overlay.browser.test_hls_js import REACHED, SEEK, check_changes, check_frames, cues, shown

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PLAY = """async ([settings, start]) => {
  globalThis.player = new shaka.Player();
  await player.attach(video);
  player.configure(settings);
  follow({ shaka: player });
  await player.load("/hls/demo/index.m3u8", start);
}"""


@pytest.fixture(scope="session")
def shaka(request: pytest.FixtureRequest) -> str:
    return shaka_script(request.config.cache.mkdir("vitrine-browser"))


async def play(open_stage: OpenStage, stage: Stage, shaka: str, start: float | None, stamps: bool) -> Any:
    page = await open_stage(stage)
    await page.add_script_tag(content=shaka)
    settings = {"mediaSource": {"dispatchAllEmsgBoxes": stamps}, "streaming": {"lowLatencyMode": True}}
    await page.evaluate(PLAY, [settings, start])
    return page


@pytest.mark.parametrize(
    ("ranges", "stamps"), [(True, True), (True, False), (False, True)], ids=["both", "ranges", "stamps"]
)
async def test_every_frame_has_its_own_card(ranges: bool, stamps: bool, open_stage: OpenStage, shaka: str) -> None:
    stage = Stage(cues(), ranges=ranges, stamps=stamps)
    stage.end()
    page = await play(open_stage, stage, shaka, 0, stamps)
    await page.evaluate("video.play()")
    await page.evaluate(REACHED, 6.5)
    check_frames(await page.evaluate("frames"), stage.cues, 90)
    check_changes(await page.evaluate("changes"))


async def test_a_seek_shows_the_card_of_that_moment(open_stage: OpenStage, shaka: str) -> None:
    stage = Stage(cues())
    stage.end()
    page = await play(open_stage, stage, shaka, 0, stamps=True)
    await page.evaluate("until(() => frames.length)")
    for frame in (75, 70, 165, 10, 76):
        seen = await page.evaluate(SEEK, (frame + 0.5) / float(NTSC))
        assert seen[:2] == [frame, shown(stage.cues, frame)]


async def test_a_late_joiner_has_the_card_with_the_first_frame(open_stage: OpenStage, shaka: str) -> None:
    """Live, by the packager's own date ranges and delta updates; no emsg, as Shaka is by default."""
    on = [On("WM-4411", 30, 330), On("LT-2070", 330, 400), On("KD-1180", 350, 360, slot=2), On("BW-5502", 400)]
    stage = Stage(on, by_packager=True)
    stage.play(10)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(stage.live(10))
        page = await play(open_stage, stage, shaka, None, stamps=False)
        await page.evaluate("video.play()")
        await page.evaluate("until(() => changes.some(({ shown }) => shown === '1:BW-5502'))")
        live.cancel()
    frames = await page.evaluate("frames")
    check_frames(frames, stage.cues, 25)
    assert frames[0][0] > 150
    assert (await page.evaluate("changes"))[0]["shown"] == shown(on, frames[0][0])


async def test_nothing_is_left_when_it_is_closed(open_stage: OpenStage, shaka: str) -> None:
    stage = Stage(cues())
    stage.end()
    page = await play(open_stage, stage, shaka, 3, stamps=True)
    await page.evaluate("until(() => products.snapshot)")
    await page.evaluate("player.unload()")
    assert await page.evaluate("products.snapshot") is None
    await page.evaluate("products.close()")
    before = await page.evaluate("changes")
    await page.evaluate("player.load('/hls/again/index.m3u8', 1)")
    assert await page.evaluate("changes") == before
