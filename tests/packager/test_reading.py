from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packager.conftest import START_UTC_NS
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.packager.part import Part
from vitrine.packager.programme import Programme
from vitrine.packager.reading import Place, gap_parts, read_parts
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.packager.segment import Segment
from vitrine.packager.segmenter import AudioCuts, Segmenter, cuts_for

NTSC = Grid(Fraction(30000, 1001))
PROGRAMME = Programme(NTSC, START_UTC_NS)
LATER = Run(3, first_msn=1, first_segment=7)


def place(rendition: Rendition, run: Run = FIRST_RUN, msn: int = 2) -> Place:
    return Place("b7", run, msn, cuts_for(rendition, NTSC), PROGRAMME)


def told(parts: tuple[Part, ...]) -> list[tuple[object, ...]]:
    return [(each.name, each.first_tick, each.ticks, each.utc_ns, each.independent, each.data) for each in parts]


@pytest.fixture
def second(renditions: list[Rendition], units: Callable[[Grid, int], list[AccessUnit]]) -> dict[str, Segment]:
    """The second segment of each rendition."""
    made = {}
    for rendition in renditions:
        core = Segmenter("b7", rendition, PROGRAMME)
        cuts = [core.push(unit) for unit in units(NTSC, 5) if unit.track_id == rendition.track.id]
        made[rendition.name] = [cut.segment for cut in cuts if cut is not None and cut.segment is not None][1]
    return made


def test_a_segment_is_read_as_it_was_written(renditions: list[Rendition], second: dict[str, Segment]) -> None:
    for rendition in renditions:
        segment = second[rendition.name]
        assert told(read_parts(b"".join(segment.data), place(rendition))) == told(segment.parts)


def test_cut_anywhere_all_whole_parts_are_read_and_no_other(
    renditions: list[Rendition], second: dict[str, Segment]
) -> None:
    rendition, segment = renditions[0], second["720p"]
    data = b"".join(segment.data)
    ends = [sum(map(len, segment.data[: count + 1])) for count in range(len(segment.data))]
    for size in range(len(data) + 1):
        whole = sum(end <= size for end in ends)
        assert told(read_parts(data[:size], place(rendition))) == told(segment.parts[:whole])
    assert len(read_parts(data + b"\0" * 100, place(rendition))) == len(segment.parts)


def test_what_does_not_go_on_is_not_read(renditions: list[Rendition], second: dict[str, Segment]) -> None:
    first, following, *_ = second["720p"].data
    assert len(read_parts(first + first, place(renditions[0]))) == 1
    assert read_parts(following, place(renditions[0])) == ()
    assert read_parts(first, place(renditions[0], msn=3)) == ()
    assert read_parts(first, place(renditions[2])) == ()


def test_a_later_run_lies_elsewhere(
    renditions: list[Rendition], units: Callable[[Grid, int], list[AccessUnit]]
) -> None:
    core = Segmenter("b7", renditions[0], PROGRAMME, run=LATER)
    shift = NTSC.segment_start(7)
    for unit in units(NTSC, 3):
        if unit.track_id == 1:
            cut = core.push(replace(unit, pts=unit.pts + shift, dts=unit.dts + shift))
            if cut is not None and cut.segment is not None:
                break
    assert cut is not None
    assert cut.segment is not None
    assert cut.segment.entry.name == "b7.r3.1.m4s"
    assert cut.segment.first_tick == shift
    assert told(read_parts(b"".join(cut.segment.data), place(renditions[0], LATER, 1))) == told(cut.segment.parts)


def test_a_gap_has_the_parts_that_it_would_have(renditions: list[Rendition], second: dict[str, Segment]) -> None:
    for rendition in renditions:
        there = place(rendition)
        parts = gap_parts(there, there.end)
        assert [part[:4] for part in told(parts)] == [part[:4] for part in told(second[rendition.name].parts)]
        assert all(part.gap for part in parts)
        assert sum(part.ticks for part in gap_parts(there, there.first + 11)) == there.cuts.tick(
            there.first + 11
        ) - there.cuts.tick(there.first)


@given(st.binary())
def test_anything_can_be_read(data: bytes) -> None:
    audio = Place("b7", FIRST_RUN, 0, AudioCuts(NTSC), PROGRAMME)
    read_parts(data, audio)
    read_parts((len(data) + 8).to_bytes(4, "big") + b"mdat" + data, audio)
