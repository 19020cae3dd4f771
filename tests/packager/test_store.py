"""Windows whose past lies in a store: what is in memory, what is listed, what is dropped, over four hours."""

from fractions import Fraction

from tests.packager.test_window import GONE, INIT, NO_RANGES, PARTS, Feed, merge, parse
from vitrine.media.grid import PART_TARGET
from vitrine.packager.media_window import MediaWindow
from vitrine.packager.part import Part
from vitrine.packager.published import Published
from vitrine.packager.segment import Segment
from vitrine.packager.store import Stored
from vitrine.packager.window import MEMORY_SECONDS, Skip

IN_MEMORY = MEMORY_SECONDS // 2


class Shelf:
    """A store that notes what it has, and loses what it is told to."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], Stored] = {}
        self.lost: set[int] = set()

    def begin(self, rendition: str, init_name: str, init: bytes) -> None:
        pass

    def add_part(self, rendition: str, segment: str, part: Part) -> None:
        pass

    def note(self, published: Published) -> None:
        pass

    def keep(self, rendition: str, segment: Segment) -> None:
        if segment.entry.msn not in self.lost:
            path = f"{rendition}/{segment.entry.name}"
            self.files[rendition, segment.entry.name] = Stored(path, segment.entry.size)

    def find(self, rendition: str, name: str) -> Stored | None:
        return self.files.get((rendition, name))

    def drop(self, rendition: str, name: str) -> None:
        self.files.pop((rendition, name), None)


class Past(Feed):
    """A window of that many seconds with a store."""

    def __init__(self, seconds: int, segments: int = 0) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.window = MediaWindow(
            "v",
            "b7",
            INIT,
            part_target=PART_TARGET,
            window_seconds=seconds,
            others=self.others,
            ranges=NO_RANGES,
            store=self.shelf,
        )
        self.add(segments * PARTS)

    def listed(self) -> range:
        lines = self.window.playlist().splitlines()
        first = next(int(line.split(":")[1]) for line in lines if "MEDIA-SEQUENCE" in line)
        return range(first, first + sum(line.startswith("#EXTINF") for line in lines))


def test_what_is_older_than_a_minute_is_in_the_store_only() -> None:
    past = Past(600, 100)
    newest = 101 - IN_MEMORY
    assert past.window.media(f"b7.{newest}.m4s") == tuple(b"b7.%d.%d.m4s" % (newest, index) for index in range(PARTS))
    assert past.window.media(f"b7.{newest}.0.m4s") == (b"b7.%d.0.m4s" % newest,)
    old = newest - 1
    assert past.window.media(f"b7.{old}.m4s") == Stored(f"v/b7.{old}.m4s", PARTS * len(f"b7.{old}.0.m4s"))
    assert past.window.media(f"b7.{old}.0.m4s") is GONE
    assert past.window.media("b7.init.mp4") == (INIT,)
    assert past.listed() == range(1, 101)


def test_a_segment_leaves_the_store_when_nobody_may_ask_for_it() -> None:
    past = Past(600, 0)
    for _ in range(300 + 302 + 5):
        past.add(PARTS)
    assert past.listed() == range(308, 608)
    assert min(int(name.split(".")[1]) for _, name in past.shelf.files) == 608 - 300 - 302
    assert past.window.media("b7.5.m4s") is GONE


def test_what_the_store_lost_ends_the_past_and_costs_nothing_else() -> None:
    past = Past(600, 50)
    past.shelf.lost = {51}
    past.add(PARTS * IN_MEMORY)
    assert past.listed() == range(1, 81)
    past.add(PARTS)
    assert past.listed() == range(52, 82)
    past.add(PARTS * 10)
    assert past.listed() == range(52, 92)
    for msn in past.listed():
        assert past.window.media(f"b7.{msn}.m4s") is not GONE


def test_a_store_that_keeps_nothing_leaves_the_minute_in_memory() -> None:
    past = Past(600)
    past.shelf.lost = set(range(1000))
    past.add(PARTS * 200)
    assert past.listed() == range(201 - IN_MEMORY, 201)
    held = [msn for msn in range(1, 201) if past.window.media(f"b7.{msn}.m4s") is not GONE]
    assert held == list(past.listed())


def test_four_hours() -> None:
    """The whole playlist lists them all; a delta update is as long as that of a minute, and says the same."""
    past, minute = Past(4 * 3600, 7_300), Past(60, 7_300)
    assert past.listed() == range(101, 7_301)
    known = parse(past.window.playlist())
    past.add(7)
    minute.add(7)
    delta = past.window.playlist(Skip.YES)
    assert len(delta) < len(minute.window.playlist(Skip.YES)) + 100
    assert merge(known, parse(delta)) == parse(past.window.playlist())
    in_memory = sum(len(pieces) for name, pieces in past.window._media.items() if name != "b7.init.mp4")
    assert in_memory <= (IN_MEMORY * 2 + 1) * PARTS
    assert sum(len(listed.parts) for listed in past.window._listed) <= IN_MEMORY * PARTS


def test_a_long_window_without_a_store_is_all_memory() -> None:
    feed = Feed()
    feed.window = MediaWindow(
        "v", "b7", INIT, part_target=Fraction(1, 3), window_seconds=600, others={}, ranges=NO_RANGES
    )
    feed.add(100 * PARTS)
    assert isinstance(feed.window.media("b7.1.m4s"), tuple)
