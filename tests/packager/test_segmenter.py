from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.packager.conftest import Units
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, PART_FILL, RATES, Grid
from vitrine.media.track import Rendition
from vitrine.packager.cmaf.box import box, find_box, read_boxes
from vitrine.packager.cmaf.fragment import Fragment
from vitrine.packager.cmaf.prft import Prft, ntp_time
from vitrine.packager.part import Part
from vitrine.packager.programme import Programme
from vitrine.packager.segment import Segment
from vitrine.packager.segmenter import AudioCuts, Segmenter

THIRTY = Grid(Fraction(30))
START_UTC_NS = 1_795_971_603_120_000_000


def segmenter(rendition: Rendition, grid: Grid = THIRTY) -> Segmenter:
    return Segmenter("b7", rendition, Programme(grid, START_UTC_NS))


def cut(core: Segmenter, units: list[AccessUnit], *, flush: bool = False) -> tuple[list[Part], list[Segment]]:
    cuts = [core.push(unit) for unit in units] + ([core.flush()] if flush else [])
    parts = [part for found in cuts if found for part in found.parts]
    return parts, [found.segment for found in cuts if found and found.segment]


def track_units(units: list[AccessUnit], track_id: int) -> list[AccessUnit]:
    return [unit for unit in units if unit.track_id == track_id]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
@pytest.mark.parametrize("index", [0, 2], ids=["video", "audio"])
def test_parts_fill_their_target_and_follow_one_another(
    rate: Fraction, index: int, renditions: list[Rendition], units: Units
) -> None:
    grid = Grid(rate)
    pushed = track_units(units(grid, 9), renditions[index].track.id)
    parts, segments = cut(segmenter(renditions[index], grid), pushed, flush=True)
    last_parts = {segment.parts[-1].name for segment in segments}
    tick = 0
    samples: list[bytes] = []
    for sequence, part in enumerate(parts, 1):
        fragment = Fragment.decode(part.data)
        assert part.duration <= grid.part_target
        sound = index == 2 and part.independent and part.ticks >= 13 * AAC_FRAME
        assert part.duration >= PART_FILL * grid.part_target or part.name in last_parts or sound
        assert fragment.first_tick == part.first_tick == tick
        assert fragment.sequence == sequence
        assert sum(sample.duration for sample in fragment.samples) == part.ticks
        samples += [sample.data for sample in fragment.samples]
        tick += part.ticks
    assert samples == [unit.data for unit in pushed]
    assert [part for segment in segments for part in segment.parts] == parts
    assert sum(segment.entry.ticks for segment in segments) == tick


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
def test_audio_segments_start_next_to_video_segments(rate: Fraction, renditions: list[Rendition], units: Units) -> None:
    grid = Grid(rate)
    made = units(grid, 12)
    _, video = cut(segmenter(renditions[0], grid), track_units(made, 1))
    _, audio = cut(segmenter(renditions[2], grid), track_units(made, 3))
    assert len(video) > 4
    for picture, sound in zip(video, audio, strict=False):
        assert picture.entry.msn == sound.entry.msn
        assert abs(picture.entry.utc_ns - sound.entry.utc_ns) <= 512 * 1_000_000_000 // 48_000 + 1


def test_a_part_closes_with_its_last_frame(renditions: list[Rendition], units: Units) -> None:
    """At 25 frames a second: six parts of 8 frames and one of 2; each closes without waiting for the next frame."""
    grid = Grid(Fraction(25))
    core = segmenter(renditions[0], grid)
    made = []
    for frame, unit in enumerate(track_units(units(grid, 4), 1)):
        found = core.push(unit)
        if found:
            assert found.parts
            made.append(
                (frame, found.parts[0].name, found.parts[0].independent, found.segment and found.segment.entry.name)
            )
    assert made[:8] == [
        (7, "b7.1.0.m4s", True, None),
        (15, "b7.1.1.m4s", False, None),
        (23, "b7.1.2.m4s", False, None),
        (31, "b7.1.3.m4s", False, None),
        (39, "b7.1.4.m4s", False, None),
        (47, "b7.1.5.m4s", False, None),
        (49, "b7.1.6.m4s", False, "b7.1.m4s"),
        (57, "b7.2.0.m4s", True, None),
    ]


def test_every_part_tells_its_wall_clock(renditions: list[Rendition], units: Units) -> None:
    parts, _ = cut(segmenter(renditions[2]), track_units(units(THIRTY, 1), 3))
    boxes = list(read_boxes(parts[1].data))
    assert [found.kind for found in boxes] == [b"prft", b"moof", b"mdat"]
    assert Prft.decode(find_box(boxes, b"prft")) == Prft(1, ntp_time(parts[1].utc_ns), 13 * 1024)
    assert parts[1].utc_ns == START_UTC_NS + 277_333_333


def test_stamps_stand_before_the_fragment_of_their_part(renditions: list[Rendition], units: Units) -> None:
    asked: list[tuple[int, int]] = []

    def stamps(first: int, end: int) -> list[bytes]:
        asked.append((first, end))
        return [box(b"emsg", b"%d" % number) for number in range(first, end, 7)]

    core = Segmenter("b7", renditions[0], Programme(Grid(Fraction(25)), START_UTC_NS), stamps)
    parts, segments = cut(core, track_units(units(Grid(Fraction(25)), 3), 1), flush=True)
    assert asked == [
        (0, 8),
        (8, 16),
        (16, 24),
        (24, 32),
        (32, 40),
        (40, 48),
        (48, 50),
        (50, 58),
        (58, 66),
        (66, 74),
        (74, 75),
    ]
    found = [(each.kind, each.body) for each in read_boxes(parts[1].data) if each.kind != b"mdat"]
    assert [kind for kind, _ in found] == [b"prft", b"emsg", b"emsg", b"moof"]
    assert [body for kind, body in found if kind == b"emsg"] == [b"8", b"15"]
    assert b"".join(segments[0].data) == b"".join(part.data for part in parts[:7])
    assert Fragment.decode(parts[1].data).first_tick == parts[1].first_tick


def test_flush_closes_what_is_open(renditions: list[Rendition], units: Units) -> None:
    pushed = track_units(units(THIRTY, 1), 1)
    parts, segments = cut(segmenter(renditions[0]), pushed[:14], flush=True)
    assert [part.ticks for part in parts] == [30_000, 12_000]
    assert [segment.entry.ticks for segment in segments] == [42_000]


def test_flush_between_two_parts_closes_the_segment_alone(renditions: list[Rendition], units: Units) -> None:
    core = segmenter(renditions[0])
    cut(core, track_units(units(THIRTY, 1), 1)[:10])
    found = core.flush()
    assert found
    assert found.parts == ()
    assert found.segment
    assert found.segment.entry.ticks == 30_000


def test_flush_with_nothing_open_does_nothing(renditions: list[Rendition], units: Units) -> None:
    core = segmenter(renditions[0])
    assert core.flush() is None
    cut(core, track_units(units(THIRTY, 2), 1))
    assert core.flush() is None


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
def test_no_part_of_the_sound_is_short(rate: Fraction) -> None:
    """hls.js leaves out a last part of less than 0.2 s."""
    cuts = AudioCuts(Grid(rate))
    for segment in range(100):
        start, end = cuts.segment_start(segment), cuts.segment_start(segment + 1)
        ends = cuts.part_ends(start, end)
        frames = [last - first for first, last in pairwise((start, *ends))]
        assert ends[-1] == end
        assert max(frames) - min(frames) <= 1
        assert Fraction(1, 5) < Fraction(min(frames) * AAC_FRAME, AUDIO_RATE)
        assert Fraction(max(frames) * AAC_FRAME, AUDIO_RATE) <= Grid(rate).part_target


def test_audio_needs_no_keyframe_flag(renditions: list[Rendition], units: Units) -> None:
    pushed = [replace(unit, keyframe=False) for unit in track_units(units(THIRTY, 1), 3)]
    parts, _ = cut(segmenter(renditions[2]), pushed)
    assert all(part.independent for part in parts)
    assert all(sample.keyframe for sample in Fragment.decode(parts[0].data).samples)


def test_a_keyframe_inside_a_segment_makes_its_part_independent(renditions: list[Rendition], units: Units) -> None:
    pushed = track_units(units(THIRTY, 2), 1)
    pushed[25] = replace(pushed[25], keyframe=True)
    parts, segments = cut(segmenter(renditions[0]), pushed)
    assert [part.independent for part in parts] == [True, False, True, False, False, False]
    assert len(segments) == 1


ORDER = (0, 3, 1, 2, 6, 4, 5)
"""Decode order with two B-frames."""


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30)])
def test_reordered_pictures_get_negative_offsets(rate: Fraction, renditions: list[Rendition]) -> None:
    """The encoder's own decode stamps lag by two frames; what is written starts at 0 and keeps every pts."""
    grid = Grid(rate)
    pushed = [
        AccessUnit(1, grid.tick(index - 2), grid.tick(frame), frame == 0, b"x") for index, frame in enumerate(ORDER)
    ]
    (part,), _ = cut(segmenter(renditions[0], grid), pushed, flush=True)
    fragment = Fragment.decode(part.data)
    assert fragment.first_tick == 0
    assert fragment.samples[0].offset == 0
    assert min(sample.offset for sample in fragment.samples) < 0
    shown, tick = [], 0
    for sample in fragment.samples:
        shown.append(tick + sample.offset)
        tick += sample.duration
    assert shown == [grid.tick(frame) for frame in ORDER]


def unit(dts: int, pts: int, *, keyframe: bool = False) -> AccessUnit:
    """Of a video at 30 frames a second; times in frames."""
    return AccessUnit(1, dts * 3000, pts * 3000, keyframe, b"x")


KEY = unit(0, 0, keyframe=True)


@pytest.mark.parametrize(
    ("pushed", "message"),
    [
        ([KEY, unit(2, 2)], "lost or repeated before decode time 6000"),
        ([KEY, unit(0, 1)], "lost or repeated"),
        ([KEY, unit(1, 1), unit(1, 1)], "lost or repeated"),
        ([KEY, replace(unit(1, 1), pts=3001)], "3001 is not on the grid"),
        ([KEY, unit(1, 0)], "frame 0 is shown twice"),
        ([KEY, unit(1, 60)], "frame 60 is shown twice or lies outside"),
        ([KEY, unit(1, -1)], "frame -1 is shown twice or lies outside"),
        ([unit(0, 0)], "segment 1, frame 0: the segment does not start with a keyframe"),
        ([unit(0, 1, keyframe=True)], "does not start with a keyframe"),
        ([KEY, *(unit(frame, frame) for frame in range(1, 61))], "segment 2, frame 60: the segment does not start"),
    ],
)
def test_what_does_not_continue_is_refused(pushed: list[AccessUnit], message: str, renditions: list[Rendition]) -> None:
    core = segmenter(renditions[0])
    for earlier in pushed[:-1]:
        core.push(earlier)
    with pytest.raises(MisuseError, match=message):
        core.push(pushed[-1])


def test_audio_off_its_own_grid_is_refused(renditions: list[Rendition]) -> None:
    with pytest.raises(MisuseError, match="not on the grid"):
        segmenter(renditions[2]).push(AccessUnit(3, 0, 100, True, b"x"))


def test_another_timescale_is_refused(renditions: list[Rendition]) -> None:
    track = replace(renditions[2].track, timescale=44_100)
    with pytest.raises(MisuseError, match="44100 ticks a second; the grid counts 48000"):
        segmenter(replace(renditions[2], track=track))


def empty(frame: int) -> AccessUnit:
    return replace(unit(frame, frame), data=b"")


def test_a_picture_is_shown_until_the_next_one_that_was_made(renditions: list[Rendition]) -> None:
    made = [unit(frame, frame, keyframe=frame == 0) if frame % 10 in (0, 3, 4) else empty(frame) for frame in range(20)]
    parts, _ = cut(segmenter(renditions[0]), made)
    assert [part.ticks for part in parts] == [30_000, 30_000]
    for part in parts:
        fragment = Fragment.decode(part.data)
        assert [sample.duration for sample in fragment.samples] == [9000, 3000, 18_000]
        assert fragment.first_tick == part.first_tick


def test_a_segment_of_which_no_picture_is_made_is_closed_when_it_begins(renditions: list[Rendition]) -> None:
    core = segmenter(renditions[0])
    cut(core, [unit(frame, frame, keyframe=frame == 0) for frame in range(60)])
    found = core.push(empty(60))
    assert found
    assert found.segment
    assert found.segment.parts == found.parts
    assert [part.name for part in found.parts] == [f"b7.2.{index}.m4s" for index in range(6)]
    assert all(part.gap and not part.independent and part.ticks == 30_000 for part in found.parts)
    assert found.segment.entry.gap
    assert (found.segment.entry.msn, found.segment.entry.ticks, found.segment.entry.size) == (2, 180_000, 0)
    assert cut(core, [empty(frame) for frame in range(61, 120)]) == ([], [])
    parts, segments = cut(core, [unit(frame, frame, keyframe=frame == 120) for frame in range(120, 180)])
    assert [Fragment.decode(part.data).sequence for part in parts] == list(range(7, 13))
    assert [(segment.entry.msn, segment.entry.gap) for segment in segments] == [(3, False)]
    assert parts[0].first_tick == 120 * 3000


def test_pictures_that_come_in_a_gap_that_is_closed_already_are_not_shown(renditions: list[Rendition]) -> None:
    """A worker that takes over begins where its predecessor stopped."""
    core = segmenter(renditions[0])
    core.push(empty(0))
    assert cut(core, [unit(frame, frame, keyframe=frame == 30) for frame in range(1, 60)]) == ([], [])
    parts, _ = cut(core, [unit(frame, frame, keyframe=frame == 60) for frame in range(60, 70)])
    assert [part.name for part in parts] == ["b7.2.0.m4s"]


def test_a_gap_in_a_segment_makes_it_one(renditions: list[Rendition]) -> None:
    core = segmenter(renditions[0])
    made = [
        unit(0, 0, keyframe=True),
        *map(empty, range(1, 30)),
        *(unit(n, n, keyframe=n == 30) for n in range(30, 60)),
    ]
    parts, (segment,) = cut(core, made)
    assert [part.gap for part in parts] == [False, True, True, False, False, False]
    assert segment.entry.gap


def test_a_broadcast_that_ends_in_a_gap(renditions: list[Rendition]) -> None:
    core = segmenter(renditions[0])
    cut(core, [unit(0, 0, keyframe=True), *map(empty, range(1, 15))])
    found = core.flush()
    assert found
    assert [part.gap for part in found.parts] == [True]
    assert found.segment
    assert found.segment.entry.ticks == 45_000
    closed = segmenter(renditions[0])
    closed.push(empty(0))
    assert closed.flush() is None


@pytest.mark.parametrize("late", [unit(15, 15), unit(15, 15, keyframe=True), unit(20, 20)])
def test_a_gap_ends_with_a_keyframe_where_a_part_starts(late: AccessUnit, renditions: list[Rendition]) -> None:
    core = segmenter(renditions[0])
    before = [unit(0, 0, keyframe=True), *map(empty, range(1, late.pts // 3000))]
    cut(core, before)
    with pytest.raises(MisuseError, match="a gap does not end with a keyframe at the start of a part"):
        core.push(late)
