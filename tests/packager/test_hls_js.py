"""hls.js, in a browser, reads what is on show from all three carriers, at the exact frame."""

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Route, async_playwright

from tests.packager.table import TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import Grid
from vitrine.media.track import AudioTrack, Rendition, VideoTrack
from vitrine.packager.cmaf.id3 import UserText
from vitrine.packager.packager import Packager
from vitrine.packager.window import Answer

CHROMIUM = shutil.which("chromium")

pytestmark = [pytest.mark.interop, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

HLS_JS = Path(__file__).parents[2] / "vitrine/origin/pages/vendor/hls.min.js"
SITE = "http://show.test/"
NTSC = Grid(Fraction(30000, 1001))
SEGMENT = NTSC.frames_per_segment
FRAMES = 9 * SEGMENT + 20
CHANGED = 4 * SEGMENT + 7

EncodeVideo = Callable[[Grid, int, int], tuple[VideoTrack, list[AccessUnit]]]
EncodeAudio = Callable[[int], tuple[AudioTrack, list[AccessUnit]]]

PAGE = """<!doctype html><video muted></video><script src="hls.js"></script><script>
window.stamps = [];
// So far behind that it starts with the first segment listed.
const hls = window.hls = new Hls({ lowLatencyMode: true, liveSyncDuration: 11 });
hls.on(Hls.Events.FRAG_PARSING_METADATA, (_, { samples }) => {
    for (const { pts, data, type } of samples) window.stamps.push([pts, [...data], type]);
});
hls.loadSource("index.m3u8");
hls.attachMedia(document.querySelector("video"));
</script>"""

SELECT = "() => { hls.subtitleTrack = 0; hls.subtitleDisplay = true; }"

FOUND = """([texts, stamps]) => window.stamps.length >= stamps
    && [...document.querySelector("video").textTracks].some(({ label, cues }) =>
        label === "Products" && cues && cues.length >= texts)"""

SEEN = """() => {
    const track = [...document.querySelector("video").textTracks].find(({ label }) => label === "Products");
    const { details } = hls.levels[hls.currentLevel];
    return {
        names: hls.subtitleTracks.map(({ name }) => name),
        text: [...track.cues].map(({ startTime, endTime, text }) => [startTime, endTime, text]),
        ranges: Object.values(details.dateRanges).map(({ id, startTime, duration, attr }) =>
            [id, startTime, duration, attr["X-PRODUCT"]]),
        stamps: window.stamps,
    };
}"""


@pytest.fixture
def broadcast(encoded_video: EncodeVideo, encoded_audio: EncodeAudio) -> Packager:
    video, pictures = encoded_video(NTSC, FRAMES, 0)
    audio, sound = encoded_audio(FRAMES * 1001 * 48 // 30 // 1024)
    cues = TableCues((200, 1, "a"), (CHANGED, 1, "b"), (CHANGED, 2, "شال 🧣"), (300, 1, None))
    cues.titles = {"a": "Kettle & <Pot>"}
    renditions = [Rendition("90p", video, 100_000, 110_000), Rendition("audio", audio, 128_000, 140_000)]
    core = Packager("b7", renditions, NTSC, 1_796_058_000_000_000_000, 12, cues=cues)
    scale = {video.id: video.timescale, audio.id: audio.timescale}
    for unit in sorted([*pictures, *sound], key=lambda unit: Fraction(unit.dts, scale[unit.track_id])):
        core.push(unit)
    return core


def serve(core: Packager) -> Callable[[Route], Any]:
    """The packager's answers, without a server. What has to wait is never answered."""

    async def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        query = {name: int(values[0]) for name, values in parse_qs(address.query).items() if values[0].isdecimal()}
        match address.path.strip("/").split("/"):
            case [""]:
                await route.fulfill(body=PAGE, content_type="text/html")
            case ["hls.js"]:
                await route.fulfill(path=HLS_JS, content_type="text/javascript")
            case ["index.m3u8"]:
                await route.fulfill(body=core.multivariant())
            case [name, "index.m3u8"]:
                window = core.windows[name]
                if window.answer(query.get("_HLS_msn"), query.get("_HLS_part")) is Answer.READY:
                    await route.fulfill(body=window.playlist())
            case [name, file]:
                found = core.windows[name].media(file)
                if isinstance(found, tuple):
                    await route.fulfill(body=b"".join(found))
                elif found is Answer.GONE:
                    await route.fulfill(status=404)
            case _:
                await route.fulfill(status=404)

    return answer


async def play(core: Packager, texts: int, stamps: int) -> Any:
    """What hls.js has seen once it has so many text cues and stamps."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            page.set_default_timeout(20_000)
            await page.route(SITE + "**", serve(core))
            await page.goto(SITE)
            await page.wait_for_function("window.stamps.length > 0 && hls.subtitleTracks.length > 0")
            await page.evaluate(SELECT)
            await page.wait_for_function(FOUND, arg=[texts, stamps])
            return await page.evaluate(SEEN)
        finally:
            await browser.close()


Shown = tuple[int, int, str]
"""First frame, first frame after it, text."""


@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
async def test_hls_js_reads_every_carrier(ended: bool, broadcast: Packager) -> None:
    """The window has moved on, so that the player's own times are not those of the media."""
    if ended:
        broadcast.flush()
    first, end = (4, FRAMES) if ended else (3, 9 * SEGMENT)
    cuts = [*range(first * SEGMENT, end, SEGMENT), end]
    shown: list[Shown] = [(200, CHANGED, "Kettle &amp; &lt;Pot&gt;"), (CHANGED, 300, "b"), (CHANGED, FRAMES, "شال 🧣")]
    texts = [
        (max(start, cut), min(stop, after), text)
        for start, stop, text in shown
        for cut, after in pairwise(cuts)
        if start < after and stop > cut
    ]
    changes = [200, CHANGED] if first == 3 else [CHANGED]
    seen = await play(broadcast, len(texts), len(cuts) - 1 + len(changes))

    def frame(seconds: float) -> float:
        return seconds * float(NTSC.rate) + first * SEGMENT

    assert seen["names"] == ["Products"]
    assert [text for *_, text in seen["text"]] == [text for *_, text in sorted(texts)]
    for (start, stop, _), expected in zip(seen["text"], sorted(texts), strict=True):
        assert frame(start) == pytest.approx(expected[0], abs=0.02), "WebVTT has milliseconds"
        assert frame(stop) == pytest.approx(expected[1], abs=0.02)
    stamps = sorted((seconds, UserText.decode(bytes(data)), kind) for seconds, data, kind in seen["stamps"])
    assert {kind for *_, kind in stamps} == {"https://aomedia.org/emsg/ID3"}
    assert [frame(seconds) for seconds, *_ in stamps] == pytest.approx(sorted(cuts[:-1] + changes), abs=0.001)
    products = {
        round(frame(seconds)): [each["p"] for each in json.loads(text.value)["on"]] for seconds, text, _ in stamps
    }
    assert products[CHANGED] == ["b", "شال 🧣"]
    assert products[4 * SEGMENT] == ["a"]
    assert products[5 * SEGMENT] == ["شال 🧣"]
    ranges = {product: (identifier, frame(start), duration) for identifier, start, duration, product in seen["ranges"]}
    for number, product, start, duration in [
        ("1", "a", 200, 47),
        ("2", "b", CHANGED, 53),
        ("3", "شال 🧣", CHANGED, None),
    ]:
        identifier, begun, lasted = ranges[product]
        assert identifier == f"b7-c{number}"
        assert begun == pytest.approx(start, abs=0.04), "dates have milliseconds"
        assert lasted is None if duration is None else lasted * float(NTSC.rate) == pytest.approx(duration, abs=0.04)
