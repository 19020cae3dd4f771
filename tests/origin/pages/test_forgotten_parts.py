"""hls.js forgets parts when its buffer is cleared in the wrong instant. The picture must not stand still for that."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.origin.pages.viewer import watching

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = 5
"""To look at, of picture and of sound each."""

CLEAR_IN_THE_WRONG_INSTANT = """() => {
  const { hls } = vitrine;
  const { Events } = Hls;
  globalThis.begun = { main: [], audio: [] };
  globalThis.forgotten = 0;
  hls.on(Events.FRAG_LOADED, (_, { frag, part }) => {
    if (part?.index === 0) {
      begun[frag.type].push(hls.latestLevelDetails.lastPartSn - frag.sn);
    }
  });
  const count = (_, { details: { partList } }) => {
    const { buffered } = vitrine.video;
    const ranges = Array.from({ length: buffered.length }, (_, index) => [buffered.start(index), buffered.end(index)]);
    forgotten += partList.filter((part, index) =>
      !part.loaded
      && partList.slice(index).some(({ fragment, loaded }) => loaded && fragment.sn === part.fragment.sn)
      && ranges.some(([start, end]) => start <= part.start && part.end <= end)
    ).length;
  };
  hls.on(Events.LEVEL_UPDATED, count);
  hls.on(Events.AUDIO_TRACK_UPDATED, count);
  const trigger = hls.trigger.bind(hls);
  const cleared = { main: 0, audio: 0 };
  hls.trigger = (event, data) => {
    if (event === Events.BUFFER_APPENDING && data.part?.index === 4 && data.frag.sn > cleared[data.parent]) {
      cleared[data.parent] = data.frag.sn;
      trigger(Events.BUFFER_FLUSHING, { startOffset: 0, endOffset: 0.001, type: data.type });
    }
    return trigger(event, data);
  };
}"""
"""What hls.js does to its back buffer once a segment, here each time just before a part is put into the buffer.

`begun`: how many segments the playlist was ahead, each time the first part of one was taken. `forgotten`: buffered
parts that hls.js does not have though it has later ones of the same segment, by its own account, as often as listed.
"""

REMIND = """async ([parts, until]) => {
  const { remind } = await import("/static/parts.js");
  const partList = parts.map(([sn, has, gap], index) => ({
    start: index, end: index + 1, fragment: { sn }, gap,
    elementaryStreams: { video: has ? {} : null },
    get loaded() { return this.elementaryStreams.video !== null; },
  }));
  remind({ partList }, { length: 1, start: () => 0, end: () => until });
  return partList.map(({ loaded }) => loaded);
}"""
"""Parts of a second each: their segment, whether hls.js has them, whether they are a gap. Buffered `until` a second."""

HAS, FORGOT, GAP = (True, False), (False, False), (False, True)


async def reminded(page: Page, *parts: tuple[int, tuple[bool, bool]], until: float) -> Any:
    """What hls.js has then, by its own account."""
    return await page.evaluate(REMIND, [[[sn, *state] for sn, state in parts], until])


async def test_parts_that_hls_js_forgets_hold_nothing_up(browser: Browser) -> None:
    async with watching(browser) as viewer:
        await viewer.page.evaluate(CLEAR_IN_THE_WRONG_INSTANT)
        await viewer.until(f"begun.main.length >= {SEGMENTS} && begun.audio.length >= {SEGMENTS}")
        begun = await viewer.page.evaluate("begun")
        assert max(begun["main"] + begun["audio"]) <= 1  # it is 2 after hls.js stood still
        assert await viewer.page.evaluate("forgotten") == 0


async def test_what_is_buffered_before_a_part_that_it_has_was_forgotten(page: Page) -> None:
    assert await reminded(page, (1, HAS), (2, FORGOT), (2, FORGOT), (2, HAS), until=4) == [True] * 4


async def test_what_is_yet_to_come_was_not_forgotten(page: Page) -> None:
    assert await reminded(page, (1, HAS), (1, FORGOT), (2, FORGOT), until=2) == [True, False, False]


async def test_what_another_rendition_put_into_the_buffer_it_does_not_have(page: Page) -> None:
    """It has nothing yet of segment 1, and must begin there with a keyframe, not with what follows the buffered."""
    assert await reminded(page, (1, FORGOT), (1, FORGOT), (2, HAS), until=3) == [False, False, True]


async def test_a_hole_is_no_part(page: Page) -> None:
    assert await reminded(page, (1, GAP), (1, FORGOT), (1, HAS), until=1) == [False, False, True]
