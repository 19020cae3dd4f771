"""hls.js, in a browser, reads what is on show from all three carriers, at the exact frame."""

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Route

from bench.chromium import chromium
from tests.packager.ranges import parse_ranges
from tests.packager.table import TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import Grid
from vitrine.media.track import AudioTrack, Rendition, VideoTrack
from vitrine.packager.cmaf.id3 import UserText
from vitrine.packager.date_ranges import quotable
from vitrine.packager.packager import Packager
from vitrine.packager.window import Answer, Skip

pytestmark = pytest.mark.interop

HLS_JS = Path(__file__).parents[2] / "vitrine/origin/pages/vendor/hls.min.js"
SITE = "http://show.test/"
NTSC = Grid(Fraction(30000, 1001))
SEGMENT = NTSC.frames_per_segment
FRAMES = 9 * SEGMENT + 20
LAST = 22 * SEGMENT
"""FRAMES are there when a player comes, LAST when it has followed to the end."""

CHANGED = 4 * SEGMENT + 7

SCARF = "شال {$x} 🧣"
"""With what would be a variable in a playlist."""

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


class Show:
    """A broadcast, as far as it has come, and what is still to come of it."""

    def __init__(self, core: Packager, cues: TableCues, units: list[AccessUnit]) -> None:
        self.core = core
        self.cues = cues
        self.units = iter(units)

    def go_on(self, video_track: int, frames: int) -> bool:
        """False when there is no more."""
        for unit in self.units:
            self.core.push(unit)
            frames -= unit.track_id == video_track
            if not frames:
                return True
        return False


@pytest.fixture
def show(encoded_video: EncodeVideo, encoded_audio: EncodeAudio) -> Show:
    video, pictures = encoded_video(NTSC, LAST, 0)
    audio, sound = encoded_audio(LAST * 1001 * 48 // 30 // 1024)
    cues = TableCues((200, 1, "a"), (CHANGED, 1, "b"), (CHANGED, 2, SCARF), (300, 1, None))
    cues.titles = {"a": "Kettle & <Pot>"}
    renditions = [Rendition("90p", video, 100_000, 110_000), Rendition("audio", audio, 128_000, 140_000)]
    core = Packager("b7", renditions, NTSC, 1_796_058_000_000_000_000, 12, cues=cues)
    scale = {video.id: video.timescale, audio.id: audio.timescale}
    units = sorted([*pictures, *sound], key=lambda unit: Fraction(unit.dts, scale[unit.track_id]))
    found = Show(core, cues, units)
    found.go_on(video.id, FRAMES)
    return found


def serve(core: Packager, go_on: Callable[[], bool] = bool) -> Callable[[Route], Any]:
    """The packager's answers, without a server. Who waits makes the broadcast go on; at its end, waits for ever."""

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
                asked = query.get("_HLS_msn"), query.get("_HLS_part")
                while (told := window.answer(*asked)) is Answer.WAIT and go_on():
                    pass
                if told is Answer.READY:
                    skip = Skip(parse_qs(address.query).get("_HLS_skip", [""])[0])
                    await route.fulfill(body=window.playlist(skip))
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
    async with chromium() as browser:
        page = await browser.new_page()
        page.set_default_timeout(20_000)
        await page.route(SITE + "**", serve(core))
        await page.goto(SITE)
        await page.wait_for_function("window.stamps.length > 0 && hls.subtitleTracks.length > 0")
        await page.evaluate(SELECT)
        await page.wait_for_function(FOUND, arg=[texts, stamps])
        return await page.evaluate(SEEN)


Shown = tuple[int, int, str]
"""First frame, first frame after it, text."""


@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
async def test_hls_js_reads_every_carrier(ended: bool, show: Show) -> None:
    """The window has moved on, so that the player's own times are not those of the media."""
    if ended:
        show.core.flush()
    first, end = (4, FRAMES) if ended else (3, 9 * SEGMENT)
    cuts = [*range(first * SEGMENT, end, SEGMENT), end]
    pieces: list[Shown] = [(200, CHANGED, "Kettle &amp; &lt;Pot&gt;"), (CHANGED, 300, "b"), (CHANGED, FRAMES, SCARF)]
    texts = [
        (max(start, cut), min(stop, after), text)
        for start, stop, text in pieces
        for cut, after in pairwise(cuts)
        if start < after and stop > cut
    ]
    changes = [200, CHANGED] if first == 3 else [CHANGED]
    seen = await play(show.core, len(texts), len(cuts) - 1 + len(changes))

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
    assert products[CHANGED] == ["b", SCARF]
    assert products[4 * SEGMENT] == ["a"]
    assert products[5 * SEGMENT] == [SCARF]
    ranges = {product: (identifier, frame(start), duration) for identifier, start, duration, product in seen["ranges"]}
    for number, product, start, duration in [
        ("1", "a", 200, 47),
        ("2", "b", CHANGED, 53),
        ("3", quotable(SCARF), CHANGED, FRAMES - CHANGED if ended else None),
    ]:
        identifier, begun, lasted = ranges[product]
        assert identifier == f"b7-c{number}"
        assert begun == pytest.approx(start, abs=0.04), "dates have milliseconds"
        assert lasted is None if duration is None else lasted * float(NTSC.rate) == pytest.approx(duration, abs=0.04)


RANGES = """() => Object.fromEntries(Object.entries(hls.levels[hls.currentLevel].details.dateRanges).map(
    ([id, { attr }]) => [id, Object.fromEntries(Object.entries(attr))]))"""


async def test_hls_js_follows_date_ranges_through_delta_updates(show: Show) -> None:
    """Cues come, end and are corrected, some leave the window; its updates tell hls.js only the news."""
    frames = iter(range(FRAMES, LAST, 5))
    asked: list[str] = []

    def go_on() -> bool:
        frame = next(frames, None)
        if frame is not None and frame % 60 == 0:
            show.cues.say((frame - 20, 3, None if frame % 120 else f"p{frame}"))
        if frame == 19 * SEGMENT + 20:
            show.cues.say((18 * SEGMENT - 10, 3, "late"))
        return show.go_on(1, 5)

    answer = serve(show.core, go_on)
    async with chromium() as browser:
        page = await browser.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda request: asked.append(request.url))
        await page.route(SITE + "**", answer)
        await page.goto(SITE)
        await page.wait_for_function("hls.levels[hls.currentLevel]?.details.endSN === 22")
        seen = await page.evaluate(RANGES)
    assert sum("90p/index.m3u8" in url and "_HLS_skip=v2" in url for url in asked) > 20
    listed = parse_ranges(show.core.windows["90p"].playlist())
    assert seen == {line["ID"]: line for line in listed}
    assert any("X-WITHDRAWN" in line for line in listed)
    assert "EXT-X-DATERANGE" in show.core.windows["90p"].playlist(Skip.V2)
    assert "b7-c1" not in seen
