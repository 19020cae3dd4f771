"""The player module with hls.js, in a real Chromium, on pictures that carry their own number."""

import asyncio
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from tests.overlay.browser.conftest import OpenStage
from tests.overlay.browser.stage import NTSC, START_UTC_NS, On, Stage

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

REACHED = "(seconds) => until(() => video.currentTime >= seconds)"

SEEK = """async (seconds) => {
  const count = frames.length;
  video.currentTime = seconds;
  await until(() => !video.seeking && frames.length > count);
  const [number, shown] = frames.at(-1);
  return [number, shown, changes.length];
}"""


def cues() -> list[On]:
    return [
        On("WM-4411", 35, 66),
        On("LT-2070", 66, 100),
        On("KD-1180", 75, 130, slot=2),
        On("قهوة ☕", 76, 77, slot=3),
        On('5" 100%', 100, 165),
        On("BW-5502", 165, None),
    ]


def shown(on: list[On], frame: int) -> str:
    found = [cue for cue in on if cue.start <= frame and (cue.end is None or frame < cue.end) and not cue.withdrawn]
    return " ".join(f"{cue.slot}:{cue.product}" for cue in sorted(found, key=lambda cue: cue.slot))


def check_frames(frames: list[list[Any]], on: list[On], least: int, rate: Fraction = NTSC) -> None:
    """Every picture that was seen had what belongs to its number beside it.

    A busy machine tells of a frame when the next has taken its place already, and then of that one too.
    """
    prompt = [(number, seen) for number, seen, time in frames if number == round(time * rate)]
    assert [(number, seen, shown(on, number)) for number, seen in prompt if seen != shown(on, number)] == []
    late = [(seen, shown(on, round(time * rate))) for number, seen, time in frames if number != round(time * rate)]
    assert [pair for pair in late if pair[0] != pair[1]] == []
    assert len({number for number, _ in prompt}) >= least


def check_changes(changes: list[dict[str, Any]]) -> None:
    """No change says what the one before it said."""
    told = [change["shown"] for change in changes]
    assert all(one != other for one, other in pairwise(told))


CARRIED: dict[str, dict[str, bool]] = {
    "by the packager": {"by_packager": True},
    "by both": {},
    "by ranges": {"stamps": False},
    "by stamps": {"ranges": False},
}


async def test_every_frame_has_its_own_card(open_stage: OpenStage) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name, how in CARRIED.items():
            tasks.create_task(see_every_frame(open_stage, **how), name=name)


async def see_every_frame(
    open_stage: OpenStage, *, by_packager: bool = False, ranges: bool = True, stamps: bool = True
) -> None:
    stage = Stage(cues(), ranges=ranges, stamps=stamps, by_packager=by_packager)
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0})")
    await page.evaluate("video.play()")
    await page.evaluate(REACHED, 6.5)
    check_frames(await page.evaluate("frames"), stage.cues, 90)
    changes = await page.evaluate("changes")
    assert changes[0]["shown"] == ""
    assert changes[-1]["shown"] == "1:BW-5502"
    check_changes(changes)
    for change in changes:
        frame = round(change["mediaTime"] * NTSC)
        assert change["date"] == pytest.approx(START_UTC_NS / 1e6 + 1000 * float(frame / NTSC), abs=2)
        expected = sum(edge <= frame for edge in stage.edges(stage.cues)) if stamps else None
        assert by_packager or change["seq"] == expected


@pytest.mark.parametrize(
    "rates", [(24, 30, 50), (25, Fraction(60000, 1001), 60)], ids=lambda rates: "+".join(map(str, rates))
)
async def test_every_rate_is_exact(rates: tuple[Fraction | int, ...], open_stage: OpenStage) -> None:
    async with asyncio.TaskGroup() as tasks:
        for rate in rates:
            tasks.create_task(see_rate(Fraction(rate), open_stage), name=str(rate))


async def see_rate(rate: Fraction, open_stage: OpenStage) -> None:
    on = [On(f"P{number}", start, start + 7) for number, start in enumerate(range(20, 300, 7))]
    stage = Stage(on, rate=rate, seconds=6, by_packager=True)
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0})")
    await page.evaluate("video.play()")
    await page.evaluate(REACHED, 5)
    check_frames(await page.evaluate("frames"), stage.cues, 50, rate)


@pytest.mark.parametrize("stamps", [True, False])
async def test_a_seek_shows_the_card_of_that_moment(stamps: bool, open_stage: OpenStage) -> None:
    stage = Stage(cues(), stamps=stamps)
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0})")
    await page.evaluate("until(() => frames.length)")
    told = 1
    for frame in (75, 70, 164, 165, 10, 76, 77, 130):
        before = shown(stage.cues, (await page.evaluate("frames.at(-1)"))[0])
        seen = await page.evaluate(SEEK, float((frame + Fraction(1, 2)) / NTSC))
        told += before != shown(stage.cues, frame)
        assert seen == [frame, shown(stage.cues, frame), told]


async def test_a_late_joiner_has_the_card_with_the_first_frame(open_stage: OpenStage) -> None:
    on = [On("WM-4411", 30, 400), On("LT-2070", 400, 500), On("KD-1180", 430, 450, slot=2), On("BW-5502", 500)]
    stage = Stage(on, by_packager=True)
    stage.play(12)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(stage.live(12))
        page = await open_stage(stage)
        await page.evaluate("playHls()")
        await page.evaluate("video.play()")
        await page.evaluate("until(() => changes.some(({ shown }) => shown === '1:BW-5502'))")
        live.cancel()
    frames = await page.evaluate("frames")
    assert frames[0][0] > 200
    check_frames(frames, stage.cues, 40)
    changes = await page.evaluate("changes")
    assert changes[0]["shown"] == shown(on, frames[0][0])
    check_changes(changes)


async def test_a_correction_reaches_the_frame_on_screen(open_stage: OpenStage) -> None:
    """The stamps say what was thought at first; a viewer who stands still sees the range withdrawn and said anew."""
    stage = Stage([On("WM-4411", 60, None)], stamped=[On("WM-4411", 60, None, cue="c1")])
    stage.play(8)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(stage.live(8))
        page = await open_stage(stage)
        await page.evaluate("playHls()")
        await page.evaluate("until(() => changes.length)")
        frame = (await page.evaluate("frames.at(-1)"))[0]
        assert await page.evaluate("changes.at(-1).shown") == "1:WM-4411"
        stage.cues[0].withdrawn = True
        stage.cues += [
            On("WM-4411", 60, frame - 30, cue="c1", suffix="-r2"),
            On("LT-2070", frame - 30, None, cue="c2"),
        ]
        await page.evaluate("until(() => changes.length > 1)")
        live.cancel()
    change = await page.evaluate("changes.at(-1)")
    assert (change["shown"], change["seq"], round(change["mediaTime"] * NTSC)) == ("1:LT-2070", None, frame)


async def test_another_rendition_shows_the_same(open_stage: OpenStage) -> None:
    stage = Stage(cues())
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0, startLevel: 0, maxBufferLength: 2, capLevelToPlayerSize: false})")
    await page.evaluate("video.play()")
    for level, second in ((1, 1), (0, 2.5), (1, 4)):
        await page.evaluate(REACHED, second)
        await page.evaluate(f"hls.currentLevel = {level}")
    await page.evaluate(REACHED, 6.5)
    check_frames(await page.evaluate("frames"), stage.cues, 50)
    check_changes(await page.evaluate("changes"))
    assert {name.split("/")[0] for name in stage.asked} == {"180p", "90p", "audio"}


async def test_another_player_starts_with_nothing_known(open_stage: OpenStage) -> None:
    stage = Stage(cues())
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 3})")
    await page.evaluate("until(() => products.snapshot)")
    assert await page.evaluate("shown(products.snapshot)") == shown(stage.cues, 90)
    await page.evaluate("hls.destroy()")
    assert await page.evaluate("[products.snapshot, products.date]") == [None, None]
    stage.cues[:] = [On("BW-5502", 0, None, cue="c9")]
    await page.evaluate(
        "hls = new Hls({startPosition: 1}), hls.loadSource('/hls/again/index.m3u8'), hls.attachMedia(video),"
        " products.follow({ hls })"
    )
    await page.evaluate("until(() => changes.length > 1)")
    assert [change["shown"] for change in await page.evaluate("changes")] == [shown(cues(), 90), "1:BW-5502"]


async def test_who_comes_to_a_player_that_stands_still_is_told_too(open_stage: OpenStage) -> None:
    stage = Stage(cues())
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 2.55})")
    await page.evaluate("until(() => products.snapshot)")
    told = await page.evaluate("""new Promise((done) => {
      const other = followProducts(video, { hls });
      const before = other.snapshot;
      other.addEventListener("change", ({ snapshot }) => done([before, shown(snapshot)]));
    })""")
    assert told == [None, shown(stage.cues, 76)]


async def test_nothing_is_left_when_it_is_closed(open_stage: OpenStage) -> None:
    stage = Stage(cues())
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0})")
    await page.evaluate("until(() => products.snapshot)")
    listeners = "['hlsLevelUpdated', 'hlsManifestLoading', 'hlsDestroying'].map((name) => hls.listenerCount(name))"
    before = await page.evaluate(listeners)
    await page.evaluate("products.close()")
    assert await page.evaluate(listeners) == [count - 1 for count in before]
    await page.evaluate("video.play()")
    await page.evaluate(REACHED, 3)
    assert await page.evaluate("[changes.length, products.snapshot]") == [1, None]


async def test_a_browser_that_tells_of_no_frames_goes_by_the_position(open_stage: OpenStage) -> None:
    stage = Stage(cues())
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("delete HTMLVideoElement.prototype.requestVideoFrameCallback")
    await page.evaluate(
        "follow = () => {}, playHls({startPosition: 0}), products = followProducts(video, { hls }),"
        " products.addEventListener('change', ({ snapshot, mediaTime }) =>"
        " changes.push([shown(snapshot), mediaTime, video.currentTime]))"
    )
    await page.evaluate("video.play()")
    await page.evaluate("until(() => changes.length > 2)")
    first, second, third = await page.evaluate("changes")
    assert (first[0], second[0], third[0]) == ("", "1:WM-4411", "1:LT-2070")
    # A display's frame at 60 a second, and what a busy machine adds to it.
    assert 0 <= second[1] - 35 / float(NTSC) + 0.004 < 0.1
    await page.evaluate("video.pause()")
    await page.evaluate("video.currentTime = 12")
    await page.evaluate("until(() => changes.length > 3)")
    assert (await page.evaluate("changes.at(-1)"))[0] == "1:BW-5502"
