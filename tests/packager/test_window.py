import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MisuseError
from vitrine.media.grid import PART_TARGET, Grid
from vitrine.packager.cues import NoCues
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.media_window import MediaWindow
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.programme import Programme
from vitrine.packager.run import FIRST_MSN
from vitrine.packager.segment import close_segment
from vitrine.packager.window import Answer, Skip, Window

READY, WAIT, GONE, BAD_REQUEST = Answer.READY, Answer.WAIT, Answer.GONE, Answer.BAD_REQUEST
PARTS = 6
INIT = b"init"
NO_RANGES = DateRanges("b7", NoCues(), Programme(Grid(Fraction(30)), 0), 12)


class Feed:
    """A window and what was put into it: segments of six parts of a third of a second."""

    def __init__(self, segments: int = 0, parts: int = 0, part_target: Fraction = PART_TARGET) -> None:
        self.others: dict[str, Window] = {}
        self.window = MediaWindow(
            "v", "b7", INIT, part_target=part_target, window_seconds=20, others=self.others, ranges=NO_RANGES
        )
        self.others["v"] = self.window
        self.open: list[Part] = []
        self.msn = FIRST_MSN
        self.add(segments * PARTS + parts)

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            index, tick = len(self.open), ((self.msn - FIRST_MSN) * PARTS + len(self.open)) * 30_000
            name = part_name("b7", self.msn, index)
            part = Part(name, self.msn, index, tick, 30_000, 90_000, tick * 100_000 // 9, index == 0, name.encode())
            self.open.append(part)
            self.window.add_part(part)
            if len(self.open) == PARTS:
                self.close()

    def close(self) -> None:
        self.window.close_segment(close_segment(segment_name("b7", self.msn), tuple(self.open)))
        self.open = []
        self.msn += 1


# Ten segments listed (media sequence numbers 3 to 12), the open one is 13 and has parts 0 and 1.
TABLE = [
    (None, None, READY, "no directive"),
    (None, 0, BAD_REQUEST, "a part without its segment"),
    (0, None, READY, "before the first"),
    (0, 3, READY, "before the first, with a part"),
    (1, None, READY, "long gone"),
    (1, 3, READY, "long gone, with a part"),
    (3, 0, READY, "the oldest listed"),
    (12, None, READY, "the last whole segment"),
    (12, 5, READY, "its last part"),
    (12, 6, READY, "past its end: part 0 of the next, which is there"),
    (12, 500, READY, "far past its end: the same"),
    (13, None, WAIT, "the open segment, whole"),
    (13, 0, READY, "a part there"),
    (13, 1, READY, "the newest part"),
    (13, 2, WAIT, "the next part"),
    (13, 10, WAIT, "nine parts past the last: three seconds"),
    (13, 11, BAD_REQUEST, "ten parts past the last"),
    (14, 0, WAIT, "the next segment's first part"),
    (14, 8, WAIT, "nine parts past its start"),
    (14, 9, BAD_REQUEST, "ten parts past its start"),
    (15, None, WAIT, "two past the last"),
    (16, None, BAD_REQUEST, "three past the last"),
    (16, 0, BAD_REQUEST, "three past the last, with a part"),
    (-1, None, BAD_REQUEST, "no such number"),
    (13, -1, BAD_REQUEST, "no such part"),
]


@pytest.mark.parametrize(("msn", "part", "answer"), [row[:3] for row in TABLE], ids=[row[3] for row in TABLE])
def test_answer(msn: int | None, part: int | None, answer: Answer) -> None:
    assert Feed(12, 2).window.answer(msn, part) is answer


@pytest.mark.parametrize(
    ("msn", "part", "answer"),
    [
        (12, 5, READY),
        (12, 6, WAIT),
        (13, 0, WAIT),
        (13, None, WAIT),
        (14, None, WAIT),
        (15, None, BAD_REQUEST),
    ],
)
def test_answer_between_two_segments(msn: int, part: int | None, answer: Answer) -> None:
    """The last segment is 12, and 13 has no part yet."""
    assert Feed(12, 0).window.answer(msn, part) is answer


BEFORE = [(0, None), (0, 3), (1, 0), (2, None), (3, None)]


def test_answer_before_the_first_part() -> None:
    window = Feed().window
    assert window.position is None
    assert [window.answer(msn, part) for msn, part in BEFORE] == [WAIT, WAIT, WAIT, WAIT, BAD_REQUEST]


def test_a_long_part_has_the_smallest_advance_limit() -> None:
    window = Feed(0, 1, part_target=Fraction(1)).window
    assert [window.answer(1, part) for part in (3, 4)] == [WAIT, BAD_REQUEST]


@pytest.mark.parametrize(("msn", "part"), [(None, None), (None, 1), (0, 0), (99, None), (99, 99), (-1, -1)])
def test_an_ended_window_ignores_directives(msn: int | None, part: int | None) -> None:
    feed = Feed(1, 0)
    feed.window.end()
    assert feed.window.answer(msn, part) is READY


def place(count: int) -> tuple[int, int]:
    """Media sequence number and index of the part that comes after so many."""
    return FIRST_MSN + count // PARTS, count % PARTS


@given(added=st.integers(0, 100), msn=st.integers(1, 21), part=st.none() | st.integers(0, 20))
def test_answer_is_ready_exactly_when_it_or_anything_later_is_there(added: int, msn: int, part: int | None) -> None:
    newest = place(added - 1)
    there = msn < place(added)[0] if part is None else added > 0 and (msn, part) <= newest
    answer = Feed(0, added).window.answer(msn, part)
    assert (answer is READY) == there
    if not there and msn <= max(newest[0], FIRST_MSN) + 1 and (part or 0) < PARTS:
        assert answer is WAIT


@given(added=st.integers(1, 40), ahead=st.integers(0, 12), whole=st.booleans())
def test_whatever_waits_is_answered_later(added: int, ahead: int, whole: bool) -> None:
    feed = Feed(0, added)
    msn, part = place(added + ahead)
    if feed.window.answer(msn, None if whole else part) is WAIT:
        feed.add(ahead + PARTS)
        assert feed.window.answer(msn, None if whole else part) is READY


def test_version_grows_with_each_change() -> None:
    feed = Feed()
    versions = [feed.window.version]
    for _ in range(PARTS):
        feed.add()
        versions.append(feed.window.version)
    feed.window.end()
    versions.append(feed.window.version)
    assert versions == sorted(set(versions))


def listed_names(text: str) -> list[str]:
    return re.findall(r'URI="(b7[^"]+)"', text) + re.findall(r"^b7.+$", text, re.MULTILINE)


@given(st.integers(1, 200))
def test_what_is_listed_can_be_fetched(added: int) -> None:
    feed = Feed(0, added)
    names = listed_names(feed.window.playlist())
    hint = part_name("b7", feed.msn, len(feed.open))
    assert hint in names
    for name in names:
        if name == hint:
            assert feed.window.media(name) is WAIT
        else:
            assert isinstance(feed.window.media(name), tuple)


def test_media() -> None:
    window = Feed(1, 2).window
    assert window.media("b7.init.mp4") == (INIT,)
    assert window.media("b7.2.1.m4s") == (b"b7.2.1.m4s",)
    assert window.media("b7.1.m4s") == tuple(b"b7.1.%d.m4s" % index for index in range(PARTS))
    assert window.media("b7.2.2.m4s") is WAIT
    assert window.media("b7.2.3.m4s") is GONE
    assert window.media("b7.2.m4s") is GONE
    assert window.media("../secret") is GONE


def test_the_hint_between_two_segments_is_the_next_segments_first_part() -> None:
    window = Feed(1, 0).window
    assert 'PRELOAD-HINT:TYPE=PART,URI="b7.2.0.m4s"' in window.playlist()
    assert window.media("b7.2.0.m4s") is WAIT


def test_a_complete_window_hints_at_nothing_and_goes_on() -> None:
    feed = Feed(12, 0)
    assert feed.window.media("b7.13.0.m4s") is WAIT
    feed.window.complete()
    assert feed.window.media("b7.13.0.m4s") is GONE
    assert feed.window.answer(13, 0) is WAIT
    assert not re.search("PRELOAD-HINT|ENDLIST", feed.window.playlist())


def test_an_ended_window_hints_at_nothing() -> None:
    feed = Feed(1, 0)
    feed.window.end()
    assert "PRELOAD-HINT" not in feed.window.playlist()
    assert feed.window.media("b7.2.0.m4s") is GONE
    assert feed.window.playlist().endswith("#EXT-X-ENDLIST\n")


def test_a_removed_segment_stays_for_its_duration_and_the_longest_playlists() -> None:
    """Ten segments and the open one are listed at most, so a removed one stays for twelve more."""
    feed = Feed(11, 0)
    assert "b7.1.m4s" not in feed.window.playlist()
    feed.add(12 * PARTS - 1)
    assert isinstance(feed.window.media("b7.1.m4s"), tuple)
    assert isinstance(feed.window.media("b7.1.0.m4s"), tuple)
    feed.add(1)
    assert feed.window.media("b7.1.m4s") is GONE
    assert feed.window.media("b7.1.0.m4s") is GONE
    assert isinstance(feed.window.media("b7.2.m4s"), tuple)


def test_memory_is_bounded() -> None:
    feed = Feed(200, 5)
    names = [part_name("b7", *each) for each in product(range(FIRST_MSN, FIRST_MSN + 201), range(PARTS))]
    held = [name for name in names if isinstance(feed.window.media(name), tuple)]
    assert len(held) == (10 + 12) * PARTS + 5


def test_a_segment_shares_its_parts_bytes() -> None:
    window = Feed(1, 0).window
    segment, part = window.media("b7.1.m4s"), window.media("b7.1.3.m4s")
    assert isinstance(segment, tuple)
    assert isinstance(part, tuple)
    assert segment[3] is part[0]


@pytest.mark.parametrize(("seconds", "listed"), [(2, 6), (12, 6), (13, 7), (60, 30)])
def test_the_window_lists_at_least_six_segments(seconds: int, listed: int) -> None:
    feed = Feed()
    feed.window = MediaWindow(
        "v", "b7", INIT, part_target=PART_TARGET, window_seconds=seconds, others={}, ranges=NO_RANGES
    )
    feed.add(PARTS * 40)
    text = feed.window.playlist()
    assert text.count("#EXTINF") == listed
    assert f"#EXT-X-MEDIA-SEQUENCE:{FIRST_MSN + 40 - listed}\n" in text


def test_one_rendering_serves_everyone() -> None:
    feed = Feed(12, 2)
    first = {skip: feed.window.playlist(skip) for skip in Skip}
    assert all(feed.window.playlist(skip) is text for skip, text in first.items())
    assert first[Skip.YES] != first[Skip.V2]
    assert first[Skip.NO] != first[Skip.YES]
    feed.add()
    assert all(feed.window.playlist(skip) != text for skip, text in first.items())


def test_no_delta_once_it_has_ended() -> None:
    feed = Feed(12, 0)
    feed.window.end()
    assert feed.window.playlist(Skip.YES) is feed.window.playlist()
    assert "EXT-X-SKIP" not in feed.window.playlist(Skip.V2)


def test_reports_are_of_the_others_and_always_new() -> None:
    feed, other = Feed(1, 2), Feed()
    feed.others["audio"] = other.window
    assert "RENDITION-REPORT" not in feed.window.playlist()
    other.add(PARTS)
    report = '#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN={},LAST-PART={}\n'
    assert feed.window.playlist().endswith(report.format(1, 5))
    other.add()
    assert feed.window.playlist().endswith(report.format(2, 0))
    assert feed.window.playlist().count("RENDITION-REPORT") == 1
    feed.add(4)
    feed.window.end()
    assert "RENDITION-REPORT" not in feed.window.playlist()


Playlist = tuple[list[str], dict[int, list[str]], list[str]]


def parse(text: str) -> Playlist:
    """Header lines, the lines of each segment by media sequence number, and the lines after the last segment."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if "EXT-X-MAP" in line or "EXT-X-SKIP" in line)
    header = lines[: start + 1]
    msn = next(int(line.split(":")[1]) for line in header if "MEDIA-SEQUENCE" in line)
    msn += int(header[-1].split("=")[1]) if "EXT-X-SKIP" in header[-1] else 0
    segments: dict[int, list[str]] = {}
    block: list[str] = []
    for line in lines[start + 1 :]:
        block.append(line)
        if not line.startswith("#"):
            segments[msn], block, msn = block, [], msn + 1
    return header, segments, block


def merge(known: Playlist, update: Playlist) -> Playlist:
    """A client's side of a delta update: skipped segments are those it knows, their parts are listed no more."""
    header, segments, tail = update
    if "EXT-X-SKIP" not in header[-1]:
        return update
    first = next(int(line.split(":")[1]) for line in header if "MEDIA-SEQUENCE" in line)
    kept = {
        msn: [line for line in known[1][msn] if "EXT-X-PART:" not in line]
        for msn in range(first, min(segments, default=first))
    }
    return [*header[:-1], known[0][-1]], kept | segments, tail


@given(st.integers(1, 150), st.lists(st.integers(1, 18), max_size=6))
def test_a_delta_merged_over_what_was_known_is_the_whole(before: int, steps: list[int]) -> None:
    """A client may be up to half of CAN-SKIP-UNTIL behind: 6 s, 18 parts."""
    feed = Feed(0, before)
    known = parse(feed.window.playlist())
    for step in steps:
        feed.add(step)
        known = merge(known, parse(feed.window.playlist(Skip.YES)))
        assert known == parse(feed.window.playlist())


@pytest.mark.parametrize(
    "misuse",
    [
        lambda feed: feed.window.add_part(feed.open[0]),
        lambda feed: feed.window.close_segment(close_segment("s", tuple(feed.open[:1]))),
        lambda feed: (feed.window.end(), feed.add()),
        lambda feed: (feed.window.end(), feed.close()),
    ],
    ids=["a part twice", "a segment without a part", "a part after the end", "a segment after the end"],
)
def test_misuse(misuse: Callable[[Feed], object]) -> None:
    feed = Feed(1, 2)
    with pytest.raises(MisuseError, match="out of its turn"):
        misuse(feed)
