"""A browser takes the parts one after another, as an LL-HLS player feeds them to it."""

import base64
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from bench.chromium import chromium
from tests.packager.table import TableCues
from vitrine.media import aac, h264
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import Grid
from vitrine.media.track import AudioTrack, Rendition, Track, VideoTrack
from vitrine.packager.events import PartClosed
from vitrine.packager.packager import Packager

pytestmark = pytest.mark.interop

NTSC = Grid(Fraction(30000, 1001))
CUES = TableCues((5, 1, "WM-4411"), (35, 2, "شال 🧣"), (60, 1, None))
EncodeVideo = Callable[[Grid, int, int], tuple[VideoTrack, list[AccessUnit]]]
EncodeAudio = Callable[[int], tuple[AudioTrack, list[AccessUnit]]]

APPEND = """async ({mime, pieces}) => {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const source = new MediaSource();
    const video = document.createElement("video");
    video.src = URL.createObjectURL(source);
    await new Promise(resolve => source.addEventListener("sourceopen", resolve, {once: true}));
    const buffer = source.addSourceBuffer(mime);
    const ranges = [];
    for (const piece of pieces) {
        await new Promise((resolve, reject) => {
            buffer.addEventListener("updateend", resolve, {once: true});
            buffer.addEventListener("error", () => reject(video.error), {once: true});
            buffer.appendBuffer(bytes(piece));
        });
        const {buffered} = buffer;
        ranges.push([...Array(buffered.length).keys()].map(index => [buffered.start(index), buffered.end(index)]));
    }
    source.endOfStream();
    video.currentTime = 1.5;
    await new Promise(resolve => video.addEventListener("seeked", resolve, {once: true}));
    return {ranges, width: video.videoWidth, height: video.videoHeight};
}"""


async def append(mime: str, pieces: list[bytes]) -> Any:
    """What the browser has buffered after each piece, as lists of start and end, and the picture's size."""
    async with chromium() as browser:
        page = await browser.new_page()
        encoded = [base64.b64encode(piece).decode() for piece in pieces]
        return await page.evaluate(APPEND, {"mime": mime, "pieces": encoded})


def package(track: Track, units: list[AccessUnit]) -> list[bytes]:
    core = Packager("b7", [Rendition("one", track, 100_000, 110_000)], NTSC, 0, 60, cues=CUES)
    events = [event for unit in units for event in core.push(unit)] + core.flush()
    init = core.windows["one"].media("b7.init.mp4")
    assert isinstance(init, tuple)
    return [*init, *(event.part.data for event in events if isinstance(event, PartClosed))]


def check_one_range(ranges: list[list[list[float]]], end: float) -> None:
    assert ranges[0] == []
    assert all(len(after) == 1 for after in ranges[1:])
    assert all(after[0][0] == 0 for after in ranges[1:])
    assert ranges[-1][0][1] == pytest.approx(end, abs=0.001)


@pytest.mark.parametrize("bframes", [0, 2])
async def test_video_parts_leave_no_gap(bframes: int, encoded_video: EncodeVideo) -> None:
    track, units = encoded_video(NTSC, 100, bframes)
    mime = f'video/mp4; codecs="{h264.codec_string(track.config)}"'
    seen = await append(mime, package(track, units))
    check_one_range(seen["ranges"], 100 * 1001 / 30000)
    assert (seen["width"], seen["height"]) == (160, 90)


async def test_audio_parts_leave_no_gap(encoded_audio: EncodeAudio) -> None:
    track, units = encoded_audio(150)
    seen = await append(f'audio/mp4; codecs="{aac.codec_string(track.config)}"', package(track, units))
    check_one_range(seen["ranges"], len(units) * 1024 / 48000)
