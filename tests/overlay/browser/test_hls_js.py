"""The player module with hls.js, in a real Chromium, on pictures that carry their own number."""

import asyncio
from fractions import Fraction
from typing import Any

import pytest

from tests.overlay.browser.conftest import OpenStage
from tests.overlay.browser.stage import START_UTC_NS, On, Stage

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


def shown(cues: list[On], frame: int) -> str:
    on = [cue for cue in cues if cue.start <= frame and (cue.end is None or frame < cue.end) and not cue.withdrawn]
    return " ".join(f"{cue.slot}:{cue.product}" for cue in sorted(on, key=lambda cue: cue.slot))


def check_frames(frames: list[list[Any]], cues: list[On], least: int) -> None:
    """Every picture that was seen had what belongs to its number beside it."""
    wrong = [(number, seen, shown(cues, number)) for number, seen, _ in frames if seen != shown(cues, number)]
    assert wrong == []
    assert len({number for number, *_ in frames}) >= least


CUES = [
    On("WM-4411", 70, 131),
    On("LT-2070", 131, 200),
    On("KD-1180", 150, 260, slot=2),
    On("قهوة ☕", 152, 153, slot=3),
    On('5" 100%', 200, 330),
    On("BW-5502", 330, None),
]


async def test_every_frame_has_its_own_card(open_stage: OpenStage) -> None:
    stage = Stage(CUES)
    stage.end()
    page = await open_stage(stage)
    await page.evaluate("playHls({startPosition: 0})")
    await page.evaluate("video.play()")
    await page.evaluate("until(() => video.currentTime > 13)")
    frames = await page.evaluate("frames")
    check_frames(frames, CUES, 200)
    print(len(frames), frames[:3], await page.evaluate("changes"))
