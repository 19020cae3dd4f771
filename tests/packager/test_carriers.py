"""The same cues by all three carriers: date ranges, stamps in the pictures, and the text of the products."""

import json
import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.packager.conftest import MakePackager, Units
from tests.packager.table import TableCues
from vitrine.media.grid import RATES, VIDEO_TIMESCALE, Grid
from vitrine.media.track import Rendition
from vitrine.packager.cmaf.box import read_boxes
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.id3 import UserText
from vitrine.packager.events import PartClosed, SegmentClosed
from vitrine.packager.packager import Packager
from vitrine.packager.playlist.media import render_vod
from vitrine.packager.playlist.tags import utc_text
from vitrine.packager.programme import Programme
from vitrine.packager.segment import SegmentEntry
from vitrine.packager.webvtt import milliseconds_at, timestamp
from vitrine.packager.window import Skip

NTSC = Grid(Fraction(30000, 1001))


def stamps(data: bytes) -> list[tuple[int, bytes]]:
    """Presentation time and bytes of every emsg box."""
    boxes = [box for box in read_boxes(data) if box.kind == b"emsg"]
    return [(Emsg.decode(box).presentation_time, box.encode()) for box in boxes]


def show_with_cues(packager: MakePackager, units: Units, cues: TableCues, seconds: int = 31) -> Packager:
    core = packager(NTSC, cues)
    for unit in units(NTSC, seconds):
        core.push(unit)
    return core


CUES = ((300, 1, "WM-4411"), (450, 2, "شال 🧣"), (700, 1, 'Wok 16"'), (900, 2, None))


def test_playlists_of_a_show_with_cues(
    packager: MakePackager, units: Units, golden: Callable[[str, str], None]
) -> None:
    core = show_with_cues(packager, units, TableCues(*CUES))
    golden("cues_720p.m3u8", core.windows["720p"].playlist())
    golden("cues_720p_delta.m3u8", core.windows["720p"].playlist(Skip.V2))
    golden("cues_products.m3u8", core.windows["products"].playlist())
    entries = [SegmentEntry(f"b7.{msn}.m4s", msn, 180_180, 90_000, msn * 2_002_000_000, 9) for msn in range(3)]
    golden("cues_vod.m3u8", render_vod("b7.init.mp4", entries, core.date_ranges()))
    golden("cues_vod_products.m3u8", render_vod(None, entries, core.date_ranges()))
    core.flush()
    golden("cues_audio_ended.m3u8", core.windows["audio"].playlist())


def test_every_playlist_has_the_same_date_ranges_at_every_moment(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC, TableCues(*CUES))
    seen = set()
    for unit in units(NTSC, 60):
        if core.push(unit) and core.playable:
            texts = [window.playlist(skip) for window in core.windows.values() for skip in (Skip.NO, Skip.YES)]
            ranges = {tuple(re.findall("#EXT-X-DATERANGE.*", text)) for text in texts}
            assert len(ranges) == 1
            seen |= ranges
            deltas = [window.playlist(Skip.V2) for window in core.windows.values()]
            news = {tuple(re.findall("#EXT-X-DATERANGE.*", text)) for text in deltas if "EXT-X-SKIP" in text}
            assert len(news) <= 1
            assert all(set(each) <= set(*ranges) for each in news)
    assert [len(each) for each in sorted(seen, key=len)][-1] == 3
    assert () in seen


def test_a_range_is_listed_as_soon_as_any_rendition_has_published_its_start(
    packager: MakePackager, units: Units
) -> None:
    core = packager(NTSC, TableCues((305, 1, "a")))
    for unit in units(NTSC, 20):
        core.push(unit)
        positions = [window.position for window in core.windows.values()]
        there = any(position and position >= (6, 0) for position in positions[:3])
        assert ("EXT-X-DATERANGE" in core.windows["360p"].playlist()) == there


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
def test_the_three_carriers_agree_on_every_frame(rate: Fraction, packager: MakePackager, units: Units) -> None:
    """Cues on a cut, in the middle of a part, on its first and last frame, frame after frame; every rendition."""
    grid = Grid(rate)
    per_segment, per_part = grid.frames_per_segment, grid.frames_per_part
    frames = [0, 5, per_part - 1, per_part, per_part + 1, per_segment - 1, per_segment, 2 * per_segment + per_part + 3]
    cues = TableCues(*((frame, 1, f"p{frame}") for frame in frames))
    core = packager(grid, cues)
    events = [event for unit in units(grid, 7) for event in core.push(unit)] + core.flush()
    programme = Programme(grid, 1_795_971_603_120_000_000)
    for name in ("720p", "360p"):
        data = b"".join(
            event.part.data for event in events if isinstance(event, PartClosed) and event.rendition == name
        )
        shown: dict[str, int] = {}
        for box in read_boxes(data):
            if box.kind == b"emsg":
                event = Emsg.decode(box)
                assert event.timescale == VIDEO_TIMESCALE
                for each in json.loads(UserText.decode(event.data).value)["on"]:
                    shown.setdefault(each["p"], event.presentation_time)
        assert shown == {f"p{frame}": grid.tick(frame) for frame in frames}
    ranges = dict(re.findall('START-DATE="([^"]+)".*X-PRODUCT="([^"]+)"', core.windows["audio"].playlist()))
    assert ranges == {utc_text(programme.frame_utc_ns(frame)): f"p{frame}" for frame in frames}
    text = b"".join(
        piece
        for event in events
        if isinstance(event, SegmentClosed) and event.rendition == "products"
        for piece in event.segment.data
    ).decode()
    starts: dict[str, str] = {}
    for start, product in re.findall(r"(\S+) --> \S+\n(\S+)", text):
        starts.setdefault(product, start)
    assert starts == {f"p{frame}": timestamp(milliseconds_at(grid.tick(frame))) for frame in frames}


def test_video_carries_stamps_and_audio_none(packager: MakePackager, units: Units) -> None:
    """And a segment the same boxes as its parts, in every rendition; each inside of its fragment's time."""
    cues = TableCues(*CUES)
    core = packager(NTSC, cues)
    parts: dict[str, list[tuple[int, bytes]]] = {"720p": [], "360p": [], "audio": []}
    segments: dict[str, list[tuple[int, bytes]]] = {"720p": [], "360p": [], "audio": []}
    for number, unit in enumerate(units(NTSC, 31)):
        if number == 1000:
            cues.say((200, 3, "late"))
        for event in core.push(unit):
            match event:
                case PartClosed(name, part):
                    found = stamps(part.data)
                    assert all(part.first_tick <= time < part.first_tick + part.ticks for time, _ in found)
                    parts[name] += found
                case SegmentClosed(name, segment) if name in segments:
                    segments[name] += stamps(b"".join(segment.data))
    assert parts["720p"] == parts["360p"]
    assert parts["audio"] == segments["audio"] == []
    for name in ("720p", "360p"):
        assert segments[name] == [stamp for stamp in parts[name] if stamp[0] < 15 * 180_180]
    assert len(parts["720p"]) == 16 + 5 - 2, "each segment's start and each change; two changes fall on cuts"


def test_a_command_between_two_renditions_parts_reaches_both_alike(packager: MakePackager, units: Units) -> None:
    cues = TableCues()
    core = packager(NTSC, cues)
    found: dict[str, list[list[tuple[int, bytes]]]] = {"720p": [], "360p": []}
    for unit in units(NTSC, 2):
        for event in core.push(unit):
            if isinstance(event, PartClosed) and event.rendition in found:
                found[event.rendition].append(stamps(event.part.data))
                if event.rendition == "720p":
                    cues.say((15, 1, f"a{len(cues.rows)}"))
    assert found["720p"] == found["360p"]
    assert [[time // 3003 for time, _ in each] for each in found["720p"]] == [[0], [15], [20], [30], [40]]


def test_the_products_rendition_closes_with_the_first_rendition(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC, TableCues((10, 1, "a")))
    order = [
        (event.rendition, event.segment.entry.msn)
        for unit in units(NTSC, 5)
        for event in core.push(unit)
        if isinstance(event, SegmentClosed)
    ]
    for msn in (1, 2):
        names = [name for name, number in order if number == msn]
        assert names.index("products") == 1
        assert sorted(names) == ["360p", "720p", "audio", "products"]
    found = core.windows["products"].media("b7.1.vtt")
    assert isinstance(found, tuple)
    assert b"c1/1\n00:00:00.334 --> 00:00:02.002\na\n" in found[0]


def test_the_products_end_with_the_picture(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC, TableCues((10, 1, "a")))
    for unit in units(NTSC, 3):
        core.push(unit)
    core.flush()
    lines = core.windows["products"].playlist().splitlines()
    assert [line for line in lines if "EXTINF" in line] == ["#EXTINF:2.002,", "#EXTINF:0.967633333,"]
    assert lines[-1] == "#EXT-X-ENDLIST"


def test_audio_alone_has_ranges_and_products_too(renditions: list[Rendition], units: Units) -> None:
    core = Packager("b7", renditions[2:], NTSC, 0, 20, cues=TableCues((10, 1, "a"), (20, 1, None)))
    for unit in units(NTSC, 5):
        if unit.track_id == 3:
            core.push(unit)
    core.flush()
    assert core.windows["audio"].playlist().count("EXT-X-DATERANGE") == 1
    assert [line for line in core.windows["products"].playlist().splitlines() if "EXTINF" in line] == [
        "#EXTINF:2.002,", "#EXTINF:2.002,", "#EXTINF:0.988,",
    ]  # fmt: skip
