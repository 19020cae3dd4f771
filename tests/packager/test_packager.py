from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.packager.events import PartClosed, SegmentClosed
from vitrine.packager.packager import CONTAINER_BITRATE, Packager
from vitrine.packager.window import Answer, Skip

NTSC = Grid(Fraction(30000, 1001))
Units = Callable[[Grid, Fraction | int], list[AccessUnit]]
MakePackager = Callable[[Grid], Packager]


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
        ("SegmentClosed", "720p"),
        ("SegmentClosed", "products"),
        ("PartClosed", "360p"),
        ("SegmentClosed", "360p"),
        ("PartClosed", "audio"),
        ("SegmentClosed", "audio"),
    ]
    assert all(window.playlist().endswith("#EXT-X-ENDLIST\n") for window in core.windows.values())
    assert core.flush() == []


def test_flush_before_anything_came(packager: MakePackager) -> None:
    core = packager(NTSC)
    assert core.flush() == []
    assert not core.playable
    assert all(window.ended for window in core.windows.values())


def test_the_container_counts_in_the_rates(packager: MakePackager) -> None:
    assert "BANDWIDTH=3240000,AVERAGE-BANDWIDTH=2948000," in packager(NTSC).multivariant()


@pytest.mark.parametrize("track_id", [1, 3])
def test_the_container_costs_no_more_than_is_counted(track_id: int, packager: MakePackager, units: Units) -> None:
    """At 59.94 frames a second, where durations differ and every sample needs one written."""
    grid, seconds = Grid(Fraction(60000, 1001)), 8
    core = packager(grid)
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
