import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packager.ranges import parse_ranges
from tests.packager.table import Row, TableCues
from vitrine.media.grid import Grid
from vitrine.packager.date_ranges import DateRanges, quotable
from vitrine.packager.playlist.tags import utc_text
from vitrine.packager.programme import Programme

START_UTC_NS = 1_796_058_000_000_000_000
SKIP = 12
"""Seconds after which a delta update may leave a range out."""

THIRTY = Programme(Grid(Fraction(30)), START_UTC_NS)


class Published:
    """Date ranges, and their lines as dictionaries. Edges and starts are frames."""

    def __init__(self, *rows: Row, programme: Programme = THIRTY) -> None:
        self.cues = TableCues(*rows)
        self.programme = programme
        self.ranges = DateRanges("b7", self.cues, programme, SKIP)

    def update(self, edge: int, oldest: int = 0) -> list[dict[str, str]]:
        self.ranges.update(self.programme.frame_utc_ns(edge), self.programme.frame_utc_ns(oldest))
        return parse_ranges(self.ranges.text)


def ids(lines: list[dict[str, str]]) -> list[str]:
    return [line["ID"] for line in lines]


def test_the_life_of_a_range() -> None:
    """Listed once a frame of it is published, closed once all of it is, gone when it has left every window."""
    published = Published((10, 2, "WM-4411"), (100, 2, None))
    assert published.update(0) == []
    assert published.update(10) == []
    opened = {
        "ID": "b7-c1",
        "CLASS": "org.vitrine.product",
        "START-DATE": "2026-11-30T17:00:00.333Z",
        "X-PRODUCT": "WM-4411",
        "X-SLOT": "2",
    }
    closed = opened | {"END-DATE": "2026-11-30T17:00:03.333Z"}
    assert published.update(11) == [opened]
    assert published.update(99) == [opened]
    assert published.update(100) == [closed]
    assert published.update(700, 100) == [closed]
    assert published.update(701, 101) == []


def test_what_is_open_when_the_broadcast_ends_ends_with_it() -> None:
    published = Published((10, 1, "A"), (20, 1, None), (30, 1, "B"), (50, 2, "C"), (200, 2, None), (130, 3, "never"))
    assert [line.get("END-DATE") for line in published.update(120)] == ["2026-11-30T17:00:00.667Z", None, None]
    published.ranges.end(120)
    ended = parse_ranges(published.ranges.text)
    assert [(line["ID"], line["END-DATE"]) for line in ended] == [
        ("b7-c1", "2026-11-30T17:00:00.667Z"),
        ("b7-c3", "2026-11-30T17:00:04.000Z"),
        ("b7-c4", "2026-11-30T17:00:04.000Z"),
    ]
    assert parse_ranges(published.ranges.whole_show()) == ended


def test_the_line() -> None:
    published = Published((10, 2, "WM-4411"), (100, 2, None))
    published.update(100)
    assert published.ranges.text == (
        '#EXT-X-DATERANGE:ID="b7-c1",CLASS="org.vitrine.product",START-DATE="2026-11-30T17:00:00.333Z",'
        'END-DATE="2026-11-30T17:00:03.333Z",X-PRODUCT="WM-4411",X-SLOT=2\n'
    )


@pytest.mark.parametrize(
    ("product", "written"),
    [
        ("WM-4411", "WM-4411"),
        ('16" wok', "16%22 wok"),
        ("100 % wool", "100 %25 wool"),
        ("%22", "%2522"),
        ("{$x}", "%7B$x}"),
        ("شال,🧣=", "شال,🧣="),
    ],
)
def test_a_product_of_any_script(product: str, written: str) -> None:
    assert quotable(product) == written
    assert written.replace("%22", '"').replace("%7B", "{").replace("%25", "%") == product
    assert Published((0, 1, product)).update(1)[0]["X-PRODUCT"] == written


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)])
def test_dates_are_those_of_the_frames(rate: Fraction) -> None:
    programme = Programme(Grid(rate), START_UTC_NS + 123_456)
    published = Published(*((frame * 7, 1, "a") for frame in range(50)), programme=programme)
    for index, line in enumerate(published.update(10_000)):
        assert line["START-DATE"] == utc_text(programme.frame_utc_ns(index * 7))
        if index < 49:
            assert line["END-DATE"] == utc_text(programme.frame_utc_ns(index * 7 + 7))


def test_a_late_end_closes_the_range_that_is_open() -> None:
    published = Published((10, 1, "a"))
    published.update(200)
    published.cues.say((50, 1, None))
    (line,) = published.update(210)
    assert (line["ID"], line["END-DATE"]) == ("b7-c1", "2026-11-30T17:00:01.667Z")
    assert "X-WITHDRAWN" not in line


def test_a_wrong_end_is_withdrawn_and_said_rightly_beside_it() -> None:
    published = Published((10, 1, "a"), (100, 1, None))
    (before,) = published.update(200)
    published.cues.say((55, 1, None))
    wrong, right = published.update(210)
    assert wrong == before | {"X-WITHDRAWN": "YES"}
    assert (right["ID"], right["START-DATE"], right["END-DATE"]) == (
        "b7-c1-r2",
        before["START-DATE"],
        "2026-11-30T17:00:01.833Z",
    )
    published.cues.say((40, 1, None))
    assert ids(published.update(220)) == ["b7-c1", "b7-c1-r2", "b7-c1-r3"]
    assert ["X-WITHDRAWN" in line for line in published.update(230)] == [True, True, False]


def test_a_range_whose_cue_is_no_more_is_withdrawn_and_ends_where_it_began() -> None:
    published = Published((10, 1, "a"))
    (before,) = published.update(20)
    published.cues.say((10, 1, "b"))
    wrong, right = published.update(30)
    assert wrong == before | {"X-WITHDRAWN": "YES", "END-DATE": before["START-DATE"]}
    assert (right["ID"], right["X-PRODUCT"], right["START-DATE"]) == ("b7-c2", "b", before["START-DATE"])
    assert ids(published.update(500, 11)) == ["b7-c2"]


def test_a_cue_that_was_over_before_the_oldest_segment_is_not_listed() -> None:
    published = Published()
    published.update(1000, 500)
    published.cues.say((10, 1, "a"), (499, 1, None), (499, 2, "b"), (500, 2, None))
    assert ids(published.update(1010, 500)) == ["b7-c3"]


def test_what_has_left_is_not_told_again_unless_it_was_wrong() -> None:
    published = Published((10, 1, "a"), (100, 1, None))
    published.update(200)
    assert published.update(500, 300) == []
    published.cues.say((400, 2, "b"))
    assert ids(published.update(510, 300)) == ["b7-c3"]
    published.cues.rows[1] = (450, 2, None)  # the table, unlike a ledger, can move an end to later
    published.cues.say((600, 3, None))
    assert ids(published.update(520, 300)) == ["b7-c3", "b7-c1-r2"]


def test_nothing_is_asked_while_nothing_changes() -> None:
    class Counting(TableCues):
        asked = 0

        def cues(self):  # type: ignore[no-untyped-def]
            self.asked += 1
            return super().cues()

    cues = Counting((10, 1, "a"), (100, 1, None), (2000, 1, "b"))
    ranges = DateRanges("b7", cues, THIRTY, SKIP)
    texts = []
    for edge in range(0, 1000, 10):
        ranges.update(THIRTY.frame_utc_ns(edge), THIRTY.frame_utc_ns(0))
        texts.append(ranges.text)
    assert cues.asked == 1
    assert len({id(text) for text in texts}) == 3, "empty, open, closed"


def test_the_whole_show_knows_of_no_corrections_and_forgets_nothing() -> None:
    published = Published((10, 1, "a"), (100, 1, None), (900, 1, "b"), (2000, 1, "c"))
    published.update(200)
    published.cues.say((55, 1, None))
    published.update(1000, 800)
    lines = parse_ranges(published.ranges.whole_show())
    assert [(line["ID"], line.get("END-DATE")) for line in lines] == [
        ("b7-c1", "2026-11-30T17:00:01.833Z"),
        ("b7-c3", None),
    ]


Step = tuple[int, list[tuple[int, int, str | None]]]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.lists(
            st.tuples(st.integers(-60, 20), st.integers(1, 3), st.sampled_from([None, "a", "b"])),
            max_size=3,
        ),
    ),
    max_size=15,
)


@given(STEPS, st.integers(1, 120))
def test_attributes_are_only_ever_added_and_what_stands_is_the_ledger(steps: list[Step], window: int) -> None:
    published = Published()
    known: dict[str, dict[str, str]] = {}
    gone: set[str] = set()
    edge = 0
    for grown, rows in steps:
        published.cues.say(*((max(0, edge + offset), slot, product) for offset, slot, product in rows))
        edge += grown
        oldest = max(0, edge - window)
        lines = published.update(edge, oldest)
        assert len(set(ids(lines))) == len(lines)
        for line in lines:
            assert line["ID"] not in gone, "an id that has left never comes back"
            assert known.get(line["ID"], {}).items() <= line.items(), "nothing changes, nothing vanishes"
        for left in known.keys() - set(ids(lines)):
            gone.add(left)
            # What was never closed in a playlist is closed now, by a command, before the window.
            assert "END-DATE" not in known[left] or known[left]["END-DATE"] < date(oldest)
            del known[left]
        known |= {line["ID"]: line for line in lines}
        standing = [line for line in lines if "X-WITHDRAWN" not in line]
        assert sorted(map(facts, standing)) == sorted(truth(published, edge, oldest))


@given(STEPS, st.integers(1, 400))
def test_a_client_that_takes_only_the_news_knows_as_much_as_one_that_takes_all(steps: list[Step], window: int) -> None:
    """It may be up to half of the skip boundary behind: 180 frames."""
    published = Published()
    client: dict[str, dict[str, str]] = {}
    edge = asked = 0
    for grown, rows in steps:
        published.cues.say(*((max(0, edge + offset), slot, product) for offset, slot, product in rows))
        edge += 4 * grown
        lines = published.update(edge, max(0, edge - window))
        if edge - asked <= SKIP * 15:
            for name in published.ranges.removed.split("\t"):
                client.pop(name, None)
            for line in parse_ranges(published.ranges.recent):
                assert client.get(line["ID"], {}).items() <= line.items()
                client[line["ID"]] = line
        else:
            client = {line["ID"]: line for line in lines}
        asked = edge
        assert client == {line["ID"]: line for line in lines}


def test_news_are_news_for_the_skip_boundary_and_no_longer() -> None:
    published = Published((0, 1, "a"), (10, 1, None))
    published.update(10)
    assert published.ranges.recent == published.ranges.text != ""
    published.update(10 + SKIP * 30)
    assert published.ranges.recent == published.ranges.text
    published.update(11 + SKIP * 30)
    assert published.ranges.recent == ""
    assert published.ranges.text != ""
    published.update(500, 11)
    assert (published.ranges.text, published.ranges.removed) == ("", "b7-c1")
    published.update(500 + SKIP * 30, 11)
    assert published.ranges.removed == "b7-c1"
    published.update(501 + SKIP * 30, 11)
    assert published.ranges.removed == ""


def date(frame: int) -> str:
    return utc_text(THIRTY.frame_utc_ns(frame))


def facts(line: dict[str, str]) -> tuple[str, ...]:
    cue = re.sub(r"-r\d+$", "", line["ID"].removeprefix("b7-"))
    return cue, line["X-PRODUCT"], line.get("X-SLOT", "1"), line["START-DATE"], line.get("END-DATE", "")


def truth(published: Published, edge: int, oldest: int) -> list[tuple[str, ...]]:
    """The ledger's cues that a playlist has to name."""
    return [
        (cue.id, cue.product, str(cue.slot), date(cue.start), "" if end is None else date(end))
        for cue in published.cues.cues()
        for end in [None if cue.end is None or cue.end > edge else cue.end]
        if cue.start < edge and (end is None or end >= oldest)
    ]
