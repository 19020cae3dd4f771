"""A publisher that stands still, in front of a real worker."""

import asyncio
from fractions import Fraction

import numpy as np

from tests.transcode.clips import Clip, Result, audio_clip, mean_colour, plan, video_clip
from vitrine.media.grid import AUDIO_RATE
from vitrine.transcode.pool import Worker

FLASH = 112
"""Frame of the flash, 4.48 s in; the click is on its first sample."""


def show() -> Clip:
    """Six seconds."""
    click = np.zeros((2, AUDIO_RATE * 6), np.float32)
    start = FLASH * AUDIO_RATE // 25
    click[:, start : start + 960] = 0.7
    return video_clip(count=150, paint=lambda number: (235 if number == FLASH else 60, 128, 128)) + audio_clip(click)


async def filmed(late: bool) -> Result:
    """Two seconds, a standstill that is filled to the third, and then the rest: `late` with what was held up."""
    result = Result()
    clip = show()
    scales = {track.id: track.timescale for track in clip.tracks}
    before = [unit for unit in clip.units if unit.pts < 2 * scales[unit.track_id]]
    after = [unit for unit in clip.units if unit.pts >= (2 if late else 3) * scales[unit.track_id]]
    worker = await Worker.start(plan(live=True), result.events.append)
    try:
        async with asyncio.timeout(60):
            for track in clip.tracks:
                worker.add_track(track)
            for unit in before:
                worker.push(unit)
                await worker.drain()
            for tenth in range(21, 31):
                worker.advance(Fraction(tenth, 10))
            for unit in after:
                worker.push(unit)
                await worker.drain()
            await worker.finish()
    finally:
        await worker.close()
    return result


def flash_and_click(result: Result) -> tuple[float, float]:
    brightness = [mean_colour(picture)[0] for picture in result.pictures("120p")]
    loudness = np.abs(result.sound()[0])
    return int(np.argmax(brightness)) / 25, int(np.argmax(loudness > 0.3)) / AUDIO_RATE


async def check(late: bool) -> Result:
    result = await filmed(late)
    stamps = [unit.pts for unit in result.units("120p")]
    assert stamps == [3600 * number for number in range(len(stamps))]
    assert len(stamps) in (150, 151)  # the last one is held while the sound ends
    flash, click = flash_and_click(result)
    assert flash == FLASH / 25
    assert abs(click - flash) < 0.005
    return result


async def test_what_stops_is_filled_and_goes_on_in_its_place() -> None:
    result = await check(late=False)
    assert result.stats.repeated in (25, 26)
    assert result.stats.dropped == 0


async def test_what_comes_late_is_dropped_and_moves_nothing() -> None:
    result = await check(late=True)
    assert result.stats.repeated in (25, 26)
    assert result.stats.dropped == 25
