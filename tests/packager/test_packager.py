import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.packager.conftest import MakePackager, Units
from tests.packager.table import TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.packager.events import PartClosed, SegmentClosed
from vitrine.packager.packager import CONTAINER_BITRATE, Packager
from vitrine.packager.window import Answer, Skip

NTSC = Grid(Fraction(30000, 1001))


def test_playlists_of_a_show(packager: MakePackager, units: Units, golden: Callable[[str, str], None]) -> None:
    core = packager(NTSC)
    for unit in units(NTSC, 31):
        core.push(unit)
    golden("show_720p.m3u8", core.windows["720p"].playlist())
    golden("show_720p_delta.m3u8", core.windows["720p"].playlist(Skip.YES))
    golden("show_audio.m3u8", core.windows["audio"].playlist())
    golden("show_multivariant.m3u8", core.multivariant())
    core.flush()
    golden("show_audio_ended.m3u8", core.windows["audio"].playlist())


def test_events_tell_what_the_windows_already_hold(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC)
    parts = segments = 0
    for unit in units(NTSC, 5):
        for event in core.push(unit):
            window = core.windows[event.rendition]
            match event:
                case PartClosed(_, part):
                    parts += 1
                    assert window.media(part.name) == (part.data,)
                    assert window.answer(part.msn, part.index) is Answer.READY
                case SegmentClosed(_, segment):
                    segments += 1
                    assert window.media(segment.entry.name) == segment.data
                    assert window.answer(segment.entry.msn, None) is Answer.READY
    assert (parts, segments) == (2 * 14 + 17, 8)


def test_playable_once_every_window_has_a_part(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC)
    made = units(NTSC, 1)
    assert not core.playable
    for unit in made:
        if unit.track_id != 3:
            core.push(unit)
    assert not core.playable
    for unit in made:
        if unit.track_id == 3:
            core.push(unit)
    assert core.playable


def test_flush_ends_every_window(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC)
    for unit in units(NTSC, Fraction(5, 2)):
        core.push(unit)
    events = core.flush()
    assert [(type(event).__name__, event.rendition) for event in events] == [
        ("PartClosed", "720p"),
        ("PartClosed", "360p"),
        ("PartClosed", "audio"),
        ("SegmentClosed", "720p"),
        ("SegmentClosed", "products"),
        ("SegmentClosed", "360p"),
        ("SegmentClosed", "audio"),
    ]
    assert all(window.playlist().endswith("#EXT-X-ENDLIST\n") for window in core.windows.values())
    assert core.flush() == []


def test_what_is_open_may_close_before_the_playlists_end(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC)
    more = units(NTSC, 3)
    for unit in more[:200]:
        core.push(unit)
    events = core.close_open()
    assert {event.rendition for event in events} == {"720p", "360p", "audio", "products"}
    for name, window in core.windows.items():
        assert not re.search("EXT-X-ENDLIST|EXT-X-PRELOAD-HINT", window.playlist()), name
    assert core.close_open() == []
    with pytest.raises(MisuseError):
        core.push(more[200])
    assert core.flush() == []
    assert all(window.playlist().endswith("#EXT-X-ENDLIST\n") for window in core.windows.values())


MEDIA = ("720p", "360p", "audio")


def test_the_final_segment_is_whole_when_the_playlists_end(packager: MakePackager, units: Units) -> None:
    """Until then it is its parts; afterwards there are none, as there is no live edge."""
    core = packager(NTSC)
    for unit in units(NTSC, Fraction(5, 2)):
        core.push(unit)
    events = core.close_parts()
    assert [(type(event).__name__, event.rendition) for event in events] == [("PartClosed", name) for name in MEDIA]
    assert core.close_parts() == []
    for name in MEDIA:
        text = core.windows[name].playlist()
        assert text.rpartition("#EXTINF")[2].count("#EXT-X-PART:") == 2, name
        assert not re.search("EXT-X-ENDLIST|EXT-X-PRELOAD-HINT", text), name
    core.flush()
    for name, window in core.windows.items():
        assert re.search(r"#EXTINF:0\.[45]\d+,\nb7\.2\.\w+\n#EXT-X-ENDLIST\n$", window.playlist()), name
        assert "#EXT-X-PART:" not in window.playlist()


@pytest.mark.parametrize("more", [1, 2, 9, 10, 11])
@pytest.mark.parametrize("before", range(10, 20))
def test_what_is_hinted_at_comes_though_the_show_ends(
    before: int, more: int, packager: MakePackager, units: Units
) -> None:
    """With the first frame of a part, in its middle, or with its last one; and no frame is lost."""
    core = packager(NTSC)
    pictures = [unit for unit in units(NTSC, 2) if unit.track_id == 1]
    for unit in pictures[:before]:
        core.push(unit)
    window = core.windows["720p"]
    hinted = set(hints(window.playlist()))
    core.expect_end()
    for unit in pictures[before : before + more]:
        core.push(unit)
        hinted.update(hints(window.playlist()))
    core.close_parts()
    assert hinted
    assert all(isinstance(window.media(name), tuple) for name in hinted)
    core.flush()
    durations = [float(text) for text in re.findall("#EXTINF:(.+),", window.playlist())]
    assert sum(durations) == pytest.approx((before + more) * 1001 / 30000)


def hints(playlist: str) -> list[str]:
    return re.findall('EXT-X-PRELOAD-HINT:TYPE=PART,URI="(.+)"', playlist)


def test_flush_before_anything_came(packager: MakePackager) -> None:
    core = packager(NTSC)
    assert core.flush() == []
    assert not core.playable
    assert all(window.ended for window in core.windows.values())


def test_the_container_counts_in_the_rates(packager: MakePackager) -> None:
    assert "BANDWIDTH=3240000,AVERAGE-BANDWIDTH=2948000," in packager(NTSC).multivariant()


@pytest.mark.parametrize("track_id", [1, 3])
def test_the_container_costs_no_more_than_is_counted(track_id: int, packager: MakePackager, units: Units) -> None:
    """At 59.94 frames a second, where durations differ and every sample needs one written; three products on show."""
    grid, seconds = Grid(Fraction(60000, 1001)), 8
    core = packager(grid, TableCues(*((0, slot, "WM-4411-0123456") for slot in (1, 2, 3))))
    pushed = [unit for unit in units(grid, seconds) if unit.track_id == track_id]
    events = [event for unit in pushed for event in core.push(unit)]
    size = sum(len(event.part.data) for event in events if isinstance(event, PartClosed))
    container = size - sum(len(unit.data) for unit in pushed)
    assert container * 8 / seconds < CONTAINER_BITRATE


def test_windows_are_the_renditions_and_the_products(packager: MakePackager) -> None:
    core = packager(NTSC)
    assert [rendition.name for rendition in core.renditions] == ["720p", "360p", "audio"]
    assert list(core.windows) == ["720p", "360p", "audio", "products"]


def test_an_unknown_track_is_refused(packager: MakePackager) -> None:
    with pytest.raises(MisuseError, match="track 9"):
        packager(NTSC).push(AccessUnit(9, 0, 0, True, b""))


def test_nothing_comes_after_the_end(packager: MakePackager, units: Units) -> None:
    core = packager(NTSC)
    core.flush()
    with pytest.raises(MisuseError, match="no open rendition"):
        core.push(units(NTSC, 1)[0])


def test_renditions_must_differ(renditions: list[Rendition]) -> None:
    same_name = [renditions[0], replace(renditions[1], name="720p")]
    same_track = [renditions[0], replace(renditions[1], track=renditions[0].track)]
    reserved = [replace(renditions[0], name="products")]
    for wrong in ([], same_name, same_track, reserved):
        with pytest.raises(MisuseError, match="a name and a track id of its own"):
            Packager("b7", wrong, NTSC, 0, 60)


def test_a_rendition_that_is_left_out_keeps_its_place(packager: MakePackager, units: Units) -> None:
    """Its playlist goes on with gaps, which nobody can fetch or is told to wait for; the others do not notice."""
    grid = Grid(Fraction(30))
    with_gap, whole = packager(grid), packager(grid)
    for unit in units(grid, 7):
        whole.push(unit)
        gone = unit.track_id == 1 and grid.segment(grid.frame(unit.pts)) in (1, 2)
        with_gap.push(replace(unit, data=b"", keyframe=False) if gone else unit)
        if unit.pts == grid.segment_start(2) and unit.track_id == 1:
            window = with_gap.windows["720p"]
            text = window.playlist()
            assert text.count("#EXT-X-GAP\n") == 2
            assert "PRELOAD-HINT" not in text
            assert window.answer(3, 5) is Answer.READY
            assert window.answer(4, 0) is Answer.WAIT
    text = with_gap.windows["720p"].playlist()
    listed = re.findall(r"^(?:#EXT-X-GAP\n)?#EXTINF.*\n.*m4s$", text, re.MULTILINE)
    assert [line.startswith("#EXT-X-GAP") for line in listed] == [False, True, True]
    assert re.findall(r'URI="(b7\.\d\.\d).*GAP=YES', text) == [
        f"b7.{msn}.{part}" for msn in (2, 3) for part in range(6)
    ]
    assert text.replace("#EXT-X-GAP\n", "").replace(",GAP=YES", "") == re.sub(
        r'(URI="b7\.[23]\.\d\.m4s"),INDEPENDENT=YES', r"\1", whole.windows["720p"].playlist()
    )
    for name in ("b7.2.m4s", "b7.2.0.m4s", "b7.3.5.m4s"):
        assert with_gap.windows["720p"].media(name) is Answer.GONE
    assert with_gap.windows["360p"].playlist() == whole.windows["360p"].playlist()
    assert with_gap.windows["products"].playlist() == whole.windows["products"].playlist()


def test_gaps_leave_the_window_as_segments_do(packager: MakePackager, units: Units) -> None:
    grid = Grid(Fraction(30))
    core = packager(grid)
    for unit in units(grid, 90):
        gone = unit.track_id == 1 and 10 <= grid.segment(grid.frame(unit.pts)) < 20
        core.push(replace(unit, data=b"", keyframe=False) if gone else unit)
    assert "GAP" not in core.windows["720p"].playlist()
    assert core.windows["720p"].media("b7.16.m4s") is Answer.GONE


def test_a_gap_tells_nothing_before_its_time(packager: MakePackager, units: Units) -> None:
    """It is closed two seconds early; what is on show until then is not decided by it."""
    grid = Grid(Fraction(30))
    table = TableCues()
    core = packager(grid, table)
    for unit in units(grid, Fraction(61, 30) + Fraction(1, 100)):
        core.push(replace(unit, data=b"", keyframe=False) if unit.track_id == 1 else unit)
    assert core.windows["720p"].position == (2, 5)
    assert core.windows["products"].position == (1, None)
