"""Where a broadcast is cut that a server left in the middle of a part, and what goes on from there."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from tests.packager.conftest import START_UTC_NS, Units
from tests.packager.table import TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import Rendition
from vitrine.packager.events import PartClosed
from vitrine.packager.packager import Packager
from vitrine.packager.part import PRODUCTS
from vitrine.packager.past import NEARLY, Past, Shelf, entry_of, settle
from vitrine.packager.programme import Programme
from vitrine.packager.run import FIRST_MSN, FIRST_RUN, Run
from vitrine.packager.segment import SegmentEntry

GRID = Grid(Fraction(30))
PROGRAMME = Programme(GRID, START_UTC_NS)
Parts = dict[str, list[bytes]]


def parts_of(renditions: list[Rendition], made: Sequence[AccessUnit]) -> Parts:
    """The bytes of all parts that a packager published, by rendition."""
    core = Packager("b7", renditions, GRID, START_UTC_NS, 60)
    found: Parts = {each.name: [] for each in renditions}
    for unit in made:
        for event in core.push(unit):
            if isinstance(event, PartClosed):
                found[event.rendition].append(event.part.data)
    return found


def shelves(renditions: list[Rendition], parts: Parts) -> list[Shelf]:
    """As they are found: six parts a segment of pictures, seven of sound."""
    found = []
    for rendition in renditions:
        shelf = Shelf("b7", rendition, PROGRAMME, (FIRST_RUN,))
        per_segment = 7 if rendition.name == "audio" else 6
        data = parts[rendition.name]
        for msn, first in enumerate(range(0, len(data), per_segment), FIRST_MSN):
            shelf.read(msn, b"".join(data[first : first + per_segment]))
        found.append(shelf)
    return found


def ends(found: Sequence[Shelf]) -> dict[str, Fraction]:
    """Seconds of programme time at which each rendition ends."""
    last = {shelf.rendition.name: shelf.parts[-1] for shelf in found}
    return {name: Fraction(each.first_tick + each.ticks, each.timescale) for name, each in last.items()}


def test_wherever_it_is_cut_all_end_together_and_sound_covers_the_picture(
    renditions: list[Rendition], units: Units
) -> None:
    """Each rendition lacks up to six parts at its end: two seconds."""
    parts = parts_of(renditions, units(GRID, 7))
    for lacks in product(range(7), repeat=len(parts)):
        left = {name: data[: len(data) - lack] for (name, data), lack in zip(parts.items(), lacks, strict=True)}
        found = shelves(renditions, left)
        there = ends(found)
        span = settle(found)
        assert span is not None
        first, last, end = span
        ended = ends(found)
        assert (first, {shelf.newest for shelf in found}) == (FIRST_MSN, {last})
        assert ended["720p"] == ended["360p"] == end
        assert -NEARLY <= ended["audio"] - end < Fraction(1, 3)
        assert min(there.values()) - Fraction(1, 3) < end <= min(there.values()) + NEARLY


def test_a_rendition_that_is_not_made_at_the_moment_is_a_gap(renditions: list[Rendition], units: Units) -> None:
    parts = parts_of(renditions, units(GRID, 11))
    parts["720p"] = parts["720p"][:12]
    found = shelves(renditions, parts)
    span = settle(found)
    assert span is not None
    first, last, end = span
    assert (first, last) == (1, 6)
    kept = found[0].without_holes(first, last, end)
    assert [entry_of(each).gap for each in kept] == [False, False, True, True, True, True]
    assert sum(entry_of(each).ticks for each in kept) == round(end * VIDEO_TIMESCALE)


def test_nothing_is_nothing_to_go_on_from(renditions: list[Rendition]) -> None:
    assert settle(shelves(renditions, {each.name: [] for each in renditions})) is None
    assert settle([]) is None


def test_what_is_old_is_known_by_its_size(renditions: list[Rendition]) -> None:
    shelf = Shelf("b7", renditions[2], PROGRAMME, (FIRST_RUN, Run(1, 3, 9)))
    shelf.state(4, 77)
    start = GRID.audio_segment_start(10) * AAC_FRAME
    ticks = GRID.audio_segment_start(11) * AAC_FRAME - start
    utc_ns = PROGRAMME.utc_ns(start, AUDIO_RATE)
    assert shelf.found[4] == SegmentEntry("b7.r1.4.m4s", 4, ticks, AUDIO_RATE, utc_ns, 77)


def restored(renditions: list[Rendition], parts: Parts, cues: TableCues) -> tuple[Packager, Past]:
    found = shelves(renditions, parts)
    span = settle(found)
    assert span is not None
    first, last, end = span
    segments = {shelf.rendition.name: shelf.without_holes(first, last, end) for shelf in found}
    texts = []
    for each in map(entry_of, segments["720p"]):
        gap = each.msn == last
        texts.append(SegmentEntry(f"b7.{each.msn}.vtt", each.msn, each.ticks, VIDEO_TIMESCALE, each.utc_ns, 9, gap))
    inits = {each.name: {"b7.init.mp4": b"init"} for each in renditions}
    past = Past((FIRST_RUN,), {**segments, PRODUCTS: texts}, inits)
    return Packager("b7", renditions, GRID, START_UTC_NS, 60, cues=cues, past=past), past


def shifted(units: Sequence[AccessUnit], segments: int) -> list[AccessUnit]:
    video = GRID.segment_start(segments)
    audio = GRID.audio_segment_start(segments) * AAC_FRAME
    by = {1: video, 2: video, 3: audio}
    return [replace(each, dts=each.dts + by[each.track_id], pts=each.pts + by[each.track_id]) for each in units]


def test_a_packager_goes_on_in_the_same_playlists(
    renditions: list[Rendition], units: Units, golden: Callable[[str, str], None]
) -> None:
    """Killed after 5.4 s, and begun again nine seconds later: two numbers follow one another, the dates leap."""
    cues = TableCues((40, 1, "A"), (140, 2, "B"))
    core, past = restored(renditions, parts_of(renditions, units(GRID, Fraction(54, 10))), cues)
    assert (past.next_msn, past.next_segment) == (4, 3)
    with pytest.raises(MisuseError, match="renditions that it had"):
        core.begin(Run(1, 4, 7), renditions[:1])
    core.begin(Run(1, past.next_msn, 7), renditions)
    assert core.taken == core.first_frames(7) == {"720p": 420, "360p": 420, "audio": GRID.audio_segment_start(7)}
    cues.say((440, 1, "C"))
    for unit in shifted(units(GRID, 3), 7):
        core.push(unit)
    for name in ("720p", "audio", PRODUCTS):
        golden(f"restarted_{name}.m3u8", core.windows[name].playlist())
    text = core.windows[PRODUCTS].media("b7.3.vtt")
    assert isinstance(text, tuple)
    assert re.findall(r"--> \S+", b"".join(text).decode()) == ["--> 00:00:05.000", "--> 00:00:05.000"]


def test_stamps_go_on_counting(renditions: list[Rendition], units: Units) -> None:
    """A page must not take the first stamp of a new run for an old one, see Snapshot.seq."""
    cues = TableCues((0, 1, "A"), (1, 1, "B"), (2, 1, "A"))
    core, past = restored(renditions, parts_of(renditions, units(GRID, 4)), cues)
    core.begin(Run(1, past.next_msn, 9), renditions)
    for unit in shifted(units(GRID, 1), 9):
        core.push(unit)
    data = core.windows["720p"].media(f"b7.r1.{past.next_msn}.0.m4s")
    assert isinstance(data, tuple)
    assert b'"seq":4,"on":[{"s":1,"p":"A"' in b"".join(data)
