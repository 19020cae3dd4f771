from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.packager.table import TableCues
from vitrine.media.errors import MisuseError
from vitrine.media.grid import PART_TARGET, Grid
from vitrine.packager.date_ranges import DateRanges
from vitrine.packager.products import ProductsSegmenter
from vitrine.packager.products_window import ProductsWindow
from vitrine.packager.programme import Programme
from vitrine.packager.window import Answer, Skip, Window

READY, WAIT, GONE, BAD_REQUEST = Answer.READY, Answer.WAIT, Answer.GONE, Answer.BAD_REQUEST


class Feed:
    """A window and what was put into it: segments of 2 s."""

    def __init__(self, segments: int = 0) -> None:
        cues, programme = TableCues((10, 1, "a"), (100, 1, None)), Programme(Grid(Fraction(30)), 0)
        self.ranges = DateRanges("b7", cues, programme, 12)
        self.programme = programme
        self.others: dict[str, Window] = {}
        self.window = ProductsWindow(
            "products", "b7", part_target=PART_TARGET, window_seconds=20, others=self.others, ranges=self.ranges
        )
        self.core = ProductsSegmenter("b7", cues, programme)
        for _ in range(segments):
            self.close()

    def close(self) -> None:
        self.window.close_segment(self.core.close())


# Ten segments are listed, media sequence numbers 3 to 12.
@pytest.mark.parametrize(
    ("msn", "part", "answer"),
    [
        (None, None, READY),
        (None, 0, BAD_REQUEST),
        (0, None, READY),
        (12, None, READY),
        (12, 0, READY),
        (12, 9, READY),
        (13, None, WAIT),
        (13, 3, WAIT),
        (14, None, WAIT),
        (15, None, BAD_REQUEST),
        (-1, None, BAD_REQUEST),
        (12, -1, BAD_REQUEST),
    ],
)
def test_answer(msn: int | None, part: int | None, answer: Answer) -> None:
    assert Feed(12).window.answer(msn, part) is answer


def test_nobody_gets_an_empty_playlist_while_there_will_be_more() -> None:
    feed = Feed()
    assert feed.window.position is None
    assert feed.window.oldest_utc_ns is None
    assert [feed.window.answer(*asked) for asked in ((None, None), (0, None), (1, None), (2, None), (3, None))] == [
        WAIT, WAIT, WAIT, WAIT, BAD_REQUEST,
    ]  # fmt: skip
    feed.close()
    assert feed.window.answer(None, None) is READY
    assert feed.window.position == (1, None)


@pytest.mark.parametrize(("msn", "part"), [(None, None), (None, 1), (0, 0), (99, None), (-1, -1)])
def test_an_ended_window_ignores_directives(msn: int | None, part: int | None) -> None:
    feed = Feed(1)
    feed.window.end()
    assert feed.window.answer(msn, part) is READY


def test_playlists(golden: Callable[[str, str], None]) -> None:
    feed = Feed(12)
    feed.ranges.update(feed.programme.frame_utc_ns(110), 0)
    golden("products.m3u8", feed.window.playlist())
    golden("products_delta.m3u8", feed.window.playlist(Skip.YES))
    feed.window.end()
    golden("products_ended.m3u8", feed.window.playlist())
    assert feed.window.playlist(Skip.YES) is feed.window.playlist()


def test_one_rendering_serves_everyone_until_something_changes() -> None:
    feed = Feed(12)
    before = feed.window.playlist()
    assert feed.window.playlist() is before
    feed.ranges.update(feed.programme.frame_utc_ns(20), 0)
    assert "EXT-X-DATERANGE" not in before
    assert "EXT-X-DATERANGE" in feed.window.playlist()
    assert "EXT-X-DATERANGE" in feed.window.playlist(Skip.YES)


def test_media() -> None:
    feed = Feed(2)
    found = feed.window.media("b7.2.vtt")
    assert isinstance(found, tuple)
    assert found[0].startswith(b"WEBVTT\n")
    assert feed.window.media("b7.3.vtt") is GONE
    assert feed.window.media("b7.init.mp4") is GONE


def test_memory_is_bounded() -> None:
    feed = Feed(200)
    held = [msn for msn in range(1, 201) if isinstance(feed.window.media(f"b7.{msn}.vtt"), tuple)]
    assert held == list(range(201 - 22, 201))


def test_a_segment_out_of_its_turn_is_refused() -> None:
    feed = Feed(1)
    feed.core.close()
    with pytest.raises(MisuseError, match="out of its turn"):
        feed.close()
