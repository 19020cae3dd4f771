import json
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packager.table import Row, TableCues
from vitrine.media.cue import MAX_PRODUCT_ID
from vitrine.media.grid import VIDEO_TIMESCALE, Grid
from vitrine.packager.cmaf.box import read_boxes
from vitrine.packager.cmaf.emsg import ID3_SCHEME, UNKNOWN_DURATION, Emsg
from vitrine.packager.cmaf.id3 import UserText
from vitrine.packager.cues import Cues
from vitrine.packager.programme import Programme, milliseconds
from vitrine.packager.stamper import KEPT_STAMPS, Stamper

START_UTC_NS = 1_796_058_000_000_000_000
THIRTY = Programme(Grid(Fraction(30)), START_UTC_NS)
PART, SEGMENT = 10, 60
LARGEST_STAMP = 1024
"""Bytes of a stamp's JSON; other services refuse more."""


def read(stamp: bytes) -> tuple[Emsg, dict[str, Any]]:
    (box,) = read_boxes(stamp)
    event = Emsg.decode(box)
    text = UserText.decode(event.data)
    assert text.description == "vitrine"
    return event, json.loads(text.value)


def told(stamps: tuple[bytes, ...]) -> list[tuple[int, int, list[str]]]:
    """Frame, sequence number and products of each stamp, at 30 frames a second."""
    return [
        (event.presentation_time // 3000, value["seq"], [each["p"] for each in value["on"]])
        for event, value in map(read, stamps)
    ]


def part(stamper: Stamper, index: int) -> list[tuple[int, int, list[str]]]:
    return told(stamper.stamps(index * PART, (index + 1) * PART))


def test_the_bytes_of_a_stamp() -> None:
    cues = TableCues((3, 1, "WM-4411"))
    (_, stamp) = Stamper(cues, THIRTY).stamps(0, PART)
    value = '{"v":1,"seq":1,"on":[{"s":1,"p":"WM-4411","c":"c1","t0":1796058000100}]}'
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x5bTXXX\x00\x00\x00\x51\x00\x00\x03vitrine\x00" + value.encode()
    assert UserText("vitrine", value).encode() == tag
    assert stamp == Emsg(90_000, 9_000, 1, tag, UNKNOWN_DURATION, ID3_SCHEME, "").encode()


ROWS: list[tuple[str, list[Row], dict[int, list[tuple[int, int, list[str]]]]]] = [
    ("nothing on show is a state too", [], {0: [(0, 0, [])], 1: [], 5: [], 6: [(60, 0, [])]}),
    ("in the middle of a part", [(14, 1, "a")], {0: [(0, 0, [])], 1: [(14, 1, ["a"])], 2: [], 6: [(60, 1, ["a"])]}),
    ("on a part's first frame", [(10, 1, "a")], {1: [(10, 1, ["a"])], 2: []}),
    ("on a part's last frame", [(9, 1, "a")], {0: [(0, 0, []), (9, 1, ["a"])], 1: []}),
    ("on a segment's first frame", [(60, 1, "a")], {5: [], 6: [(60, 1, ["a"])], 7: []}),
    ("on the first frame of all", [(0, 1, "a")], {0: [(0, 1, ["a"])], 1: []}),
    (
        "two changes in one part",
        [(11, 1, "a"), (17, 1, "b")],
        {1: [(11, 1, ["a"]), (17, 2, ["b"])], 2: [], 6: [(60, 2, ["b"])]},
    ),
    ("two rows on one frame are one change", [(11, 1, "a"), (11, 2, "b")], {1: [(11, 2, ["a", "b"])]}),
    ("shown and hidden", [(12, 1, "a"), (25, 1, None)], {1: [(12, 1, ["a"])], 2: [(25, 2, [])], 6: [(60, 2, [])]}),
    ("shown again: another cue", [(12, 1, "a"), (25, 1, "a")], {1: [(12, 1, ["a"])], 2: [(25, 2, ["a"])]}),
    (
        "what changes nothing is not stamped, nor counted",
        [(12, 1, "a"), (25, 2, None)],
        {2: [], 6: [(60, 1, ["a"])]},
    ),
]


@pytest.mark.parametrize(("rows", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_which_parts_carry_what(rows: list[Row], expected: dict[int, list[tuple[int, int, list[str]]]]) -> None:
    stamper = Stamper(TableCues(*rows), THIRTY)
    parts = [part(stamper, index) for index in range(8)]
    assert {index: parts[index] for index in expected} == expected


def test_a_late_correction_is_stamped_with_the_next_part() -> None:
    cues = TableCues((12, 1, "a"))
    stamper = Stamper(cues, THIRTY)
    assert [part(stamper, index) for index in (0, 1)] == [[(0, 0, [])], [(12, 1, ["a"])]]
    cues.say((8, 1, "b"), (15, 1, "c"))
    assert [part(stamper, index) for index in (2, 3)] == [[(20, 3, ["c"])], []]
    assert read(stamper.stamps(20, 30)[0])[1]["on"][0]["t0"] == 1_796_058_000_500


def test_a_correction_that_changes_only_the_past_is_not_stamped() -> None:
    cues = TableCues((12, 1, "a"))
    stamper = Stamper(cues, THIRTY)
    assert [part(stamper, index) for index in (0, 1)] == [[(0, 0, [])], [(12, 1, ["a"])]]
    cues.say((4, 1, "b"))
    assert part(stamper, 2) == []


def test_every_rendition_gets_the_same_bytes_whatever_was_commanded_in_between() -> None:
    cues = TableCues((12, 1, "a"))
    stamper = Stamper(cues, THIRTY)
    first = [stamper.stamps(0, 10), stamper.stamps(10, 20)]
    cues.say((11, 2, "late"), (25, 2, "b"))
    first.append(stamper.stamps(20, 30))
    second = [stamper.stamps(index * PART, (index + 1) * PART) for index in range(3)]
    assert second == first
    assert told(first[2]) == [(20, 2, ["a", "late"]), (25, 3, ["a", "b"])]


def test_a_last_part_that_is_shorter_in_one_rendition() -> None:
    """Each carries the stamps of its own frames, and what was decided for one holds for the other."""
    cues = TableCues((2, 1, "a"), (7, 1, "b"))
    stamper = Stamper(cues, THIRTY)
    assert told(stamper.stamps(0, 4)) == [(0, 0, []), (2, 1, ["a"])]
    assert told(stamper.stamps(0, 10)) == [(0, 0, []), (2, 1, ["a"]), (7, 2, ["b"])]
    assert told(stamper.stamps(0, 7)) == [(0, 0, []), (2, 1, ["a"])]


def test_memory_is_bounded() -> None:
    stamper = Stamper(TableCues(), THIRTY)
    for segment in range(KEPT_STAMPS + 1):
        stamper.stamps(segment * SEGMENT, segment * SEGMENT + PART)
    assert stamper.stamps(0, PART) == ()
    assert len(stamper.stamps(SEGMENT, SEGMENT + PART)) == 1


LETTERS = [
    "\N{MONEY BAG}" * MAX_PRODUCT_ID,
    "\U0001f6cd\U0001f3fd" * (MAX_PRODUCT_ID // 2),
    '"\\' * 32,
    "م" * 64,
    "a b",
]


@pytest.mark.parametrize("product", LETTERS)
def test_three_products_fit_in_whatever_script(product: str) -> None:
    late = 100 * 3600 * 60  # a hundred hours at 60 frames a second, after a hundred thousand entries
    programme = Programme(Grid(Fraction(60)), START_UTC_NS)
    cues = TableCues(*[(late, slot, product) for slot in (1, 2, 3)])
    stamper = Stamper(cues, programme)
    event, value = read(stamper.stamps(late, late + 20)[0])
    assert [each["p"] for each in value["on"]] == [product] * 3
    text = UserText.decode(event.data).value
    longer = 3 * len("c100000.3") + len("100000")
    assert len(text.encode()) + longer <= LARGEST_STAMP


Commands = st.lists(
    st.tuples(
        st.integers(0, 15),  # parts pushed before
        st.integers(-25, 25),  # frames from the edge
        st.integers(1, 3),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=12,
)


@given(Commands)
def test_whoever_has_read_up_to_a_part_knows_what_is_on_show(commands: list[tuple[int, int, int, str | None]]) -> None:
    """And sequence numbers grow exactly where the content changes, stamps lie in their part, in order."""
    cues = TableCues()
    stamper = Stamper(cues, THIRTY)
    edge = 0
    seen: list[tuple[int, Any]] = []

    def close_part() -> None:
        nonlocal edge
        stamps = [read(stamp) for stamp in stamper.stamps(edge, edge + PART)]
        times = [event.presentation_time // 3000 for event, _ in stamps]
        assert times == sorted(set(times))
        assert all(edge <= time < edge + PART for time in times)
        assert times[:1] == [edge] or edge % SEGMENT
        seen.extend((value["seq"], value["on"]) for _, value in stamps)
        edge += PART
        assert seen[-1][1] == expected(cues, edge - 1)

    for parts, offset, slot, product in commands:
        for _ in range(parts):
            close_part()
        cues.say((max(0, edge + offset), slot, product))
    for _ in range(8):
        close_part()
    for (seq, on), (later_seq, later_on) in pairwise(seen):
        assert (later_seq > seq) == (later_on != on)
        assert later_seq >= seq


def expected(cues: Cues, frame: int) -> list[dict[str, Any]]:
    return [
        {
            "s": showing.slot,
            "p": showing.product,
            "c": showing.cue,
            "t0": milliseconds(START_UTC_NS + showing.since * 3000 * 1_000_000_000 // VIDEO_TIMESCALE),
        }
        for showing in cues.snapshot(frame).on
    ]
