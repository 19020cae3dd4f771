from fractions import Fraction

import pytest

from tests.packager.table import Row, TableCues
from vitrine.media.grid import RATES, Grid
from vitrine.packager.products import ProductsSegmenter
from vitrine.packager.programme import Programme
from vitrine.packager.segment import SegmentEntry

START_UTC_NS = 1_796_058_000_000_000_000
THIRTY = Programme(Grid(Fraction(30)), START_UTC_NS)


def body(core: ProductsSegmenter, end_tick: int | None = None) -> list[str]:
    """The next segment's cues, one line each."""
    text = b"".join(core.close(end_tick).data).decode()
    header, *blocks = text.split("\n\n")
    assert header.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0")
    return [block.strip().replace("\n", " | ") for block in blocks]


TABLE: list[tuple[str, list[Row], list[list[str]]]] = [
    ("nothing", [], [[], []]),
    (
        "one product over a cut",
        [(45, 1, "a"), (75, 1, None)],
        [
            ["c1/1 | 00:00:01.500 --> 00:00:02.000 | a"],
            ["c1/2 | 00:00:02.000 --> 00:00:02.500 | a"],
            [],
        ],
    ),
    (
        "two products, one replaced",
        [(0, 1, "a"), (10, 2, "b"), (20, 1, "c")],
        [
            [
                "c1/1 | 00:00:00.000 --> 00:00:00.667 | a",
                "c2/1 | 00:00:00.333 --> 00:00:02.000 | b",
                "c3/1 | 00:00:00.667 --> 00:00:02.000 | c",
            ],
            [
                "c3/2 | 00:00:02.000 --> 00:00:04.000 | c",
                "c2/2 | 00:00:02.000 --> 00:00:04.000 | b",
            ],
        ],
    ),
    ("on the cut", [(60, 1, "a"), (120, 1, None)], [[], ["c1/2 | 00:00:02.000 --> 00:00:04.000 | a"], []]),
]


@pytest.mark.parametrize(("rows", "segments"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_each_segment_says(rows: list[Row], segments: list[list[str]]) -> None:
    core = ProductsSegmenter("b7", TableCues(*rows), THIRTY)
    assert [body(core) for _ in segments] == segments


def test_a_segment_lies_on_the_grid() -> None:
    core = ProductsSegmenter("b7", TableCues(), Programme(Grid(Fraction(30000, 1001)), START_UTC_NS))
    core.close()
    assert core.msn == 2
    segment = core.close()
    assert segment.entry == SegmentEntry(
        "b7.2.vtt", 2, 180_180, 90_000, START_UTC_NS + 2_002_000_000, len(segment.data[0])
    )


def test_the_last_segment_ends_with_the_broadcast() -> None:
    core = ProductsSegmenter("b7", TableCues((10, 1, "a"), (40, 2, "b")), THIRTY)
    segment = core.close(90_000)
    assert segment.entry.ticks == 90_000
    assert b"00:00:00.333 --> 00:00:01.000\na" in segment.data[0]
    assert b"b\n" not in segment.data[0].split(b"MPEGTS:0\n")[1]


def test_an_end_past_the_grid_is_the_grids() -> None:
    """Audio may go on for half a frame of its own."""
    assert ProductsSegmenter("b7", TableCues(), THIRTY).close(181_000).entry.ticks == 180_000


def test_what_is_closed_stays_whatever_is_commanded_later() -> None:
    cues = TableCues((45, 1, "a"))
    core = ProductsSegmenter("b7", cues, THIRTY)
    core.close()
    cues.say((15, 2, "late"))
    assert body(core) == [
        "c1/2 | 00:00:02.000 --> 00:00:04.000 | a",
        "c2/2 | 00:00:02.000 --> 00:00:04.000 | late",
    ]


def test_titles() -> None:
    cues = TableCues((0, 1, "a"), (0, 2, "b"), (0, 3, "c"))
    cues.titles = {"a": "Kettle & more\nof it", "b": ""}
    assert [line.split(" | ")[2] for line in body(ProductsSegmenter("b7", cues, THIRTY))] == [
        "Kettle &amp; more of it",
        "b",
        "c",
    ]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.5g}")
def test_times_are_the_nearest_milliseconds_to_the_frames(rate: Fraction) -> None:
    """Every frame of two segments begins a cue; a player at any frame's own time sees the right one."""
    programme = Programme(Grid(rate), START_UTC_NS)
    frames = 2 * programme.grid.frames_per_segment
    core = ProductsSegmenter("b7", TableCues(*((frame, 1, str(frame)) for frame in range(frames))), programme)
    lines = body(core) + body(core)
    assert len(lines) == frames
    times = [line.split(" | ")[1].split(" --> ") for line in lines]
    for frame, (start, end) in enumerate(times):
        exact = frame / rate * 1000
        assert abs(Fraction(start[6:]) * 1000 - exact) <= Fraction(1, 2) + Fraction(1, 180)
        assert end == times[frame + 1][0] if frame + 1 < frames else True
