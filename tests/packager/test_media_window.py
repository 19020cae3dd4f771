"""A window that goes on from what another server left."""

from tests.packager.test_window import INIT, NO_RANGES, PARTS, Feed
from vitrine.media.grid import PART_TARGET
from vitrine.packager.media_window import MediaWindow
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.packager.segment import Segment, close_segment
from vitrine.packager.window import Answer, Skip

LISTED = 10


def segments(count: int, first: int = 0, stem: str = "b7") -> list[Segment]:
    made = []
    for msn in range(first, first + count):
        parts = tuple(
            Part(part_name(stem, msn, index), msn, index, 0, 30_000, 90_000, msn, index == 0, b"%d" % index)
            for index in range(PARTS)
        )
        made.append(close_segment(segment_name(stem, msn), parts))
    return made


class Restored(Feed):
    """Of a broadcast that had `count` segments; what is added is of its second run."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.window = MediaWindow(
            "v", "b7", b"", part_target=PART_TARGET, window_seconds=20, others=self.others, ranges=NO_RANGES
        )
        self.window.restore((FIRST_RUN,), segments(count), {"b7.init.mp4": INIT})
        self.run = Run(1, count, count + 3)
        self.msn = count

    def begin(self) -> None:
        self.window.begin(self.run, b"other")

    def play(self, count: int) -> None:
        """Segments of the second run."""
        for segment in segments(count, self.msn, "b7.r1"):
            for part in segment.parts:
                self.window.add_part(part)
            self.window.close_segment(segment)
            self.msn += 1

    def tags(self, skip: Skip = Skip.NO) -> list[str]:
        wanted = ("#EXT-X-MEDIA-SEQ", "#EXT-X-DISC", "#EXT-X-MAP", "#EXT-X-SKIP", "b7")
        lines = self.window.playlist(skip).splitlines()
        return [line.removeprefix("#EXT-X-") for line in lines if line.startswith(wanted)]


def head(msn: int, discontinuities: int, init: str = "b7.init.mp4") -> list[str]:
    return [f"MEDIA-SEQUENCE:{msn}", f"DISCONTINUITY-SEQUENCE:{discontinuities}", f'MAP:URI="{init}"']


def test_what_there_was_is_listed_and_fetched_as_before() -> None:
    restored = Restored(4)
    assert restored.tags() == [*head(0, 0), *(f"b7.{msn}.m4s" for msn in range(4))]
    assert restored.window.media("b7.3.m4s") == tuple(b"%d" % index for index in range(PARTS))
    assert restored.window.media("b7.3.5.m4s") == (b"5",)
    assert restored.window.media("b7.init.mp4") == (INIT,)
    assert restored.window.position == (3, 5)


def test_who_asks_for_what_would_have_come_waits_for_the_new_run() -> None:
    """Neither its names nor that a discontinuity comes before it can be told yet."""
    restored = Restored(4)
    assert restored.window.answer(3, 5) is Answer.READY
    assert restored.window.answer(3, 6) is Answer.WAIT
    assert restored.window.answer(4, 0) is Answer.WAIT
    for _ in range(2):
        assert "#EXT-X-PRELOAD-HINT" not in restored.window.playlist()
        assert restored.window.media("b7.4.0.m4s") is Answer.GONE
        restored.begin()


def test_a_run_begins_after_one_discontinuity_with_a_map_of_its_own() -> None:
    restored = Restored(4)
    restored.begin()
    restored.window.add_part(segments(1, 4, "b7.r1")[0].parts[0])
    discontinuity = ["DISCONTINUITY", 'MAP:URI="b7.r1.init.mp4"']
    assert restored.tags() == [*head(0, 0), *(f"b7.{msn}.m4s" for msn in range(4)), *discontinuity]
    text = restored.window.playlist()
    assert text.index("#EXT-X-DISCONTINUITY\n") < text.index('URI="b7.r1.4.0.m4s"')
    assert '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="b7.r1.4.1.m4s"' in text
    assert restored.window.media("b7.r1.init.mp4") == (b"other",)


def test_the_discontinuity_is_counted_when_its_segment_has_left_and_not_before() -> None:
    restored = Restored(4)
    restored.begin()
    for played in range(1, LISTED + 6):
        restored.play(1)
        first = max(0, 4 + played - LISTED)
        names = [f"b7.{msn}.m4s" for msn in range(first, 4)]
        if first <= 4:
            names += ["DISCONTINUITY", 'MAP:URI="b7.r1.init.mp4"']
        names += [f"b7.r1.{msn}.m4s" for msn in range(max(first, 4), 4 + played)]
        init = "b7.init.mp4" if first < 4 else "b7.r1.init.mp4"
        assert restored.tags() == [*head(first, int(first > 4), init), *names]


def test_a_delta_update_never_leaves_a_discontinuity_out() -> None:
    restored = Restored(4)
    restored.begin()
    restored.play(1)
    assert "#EXT-X-SKIP" not in restored.window.playlist(Skip.YES)
    restored = Restored(9)
    restored.begin()
    restored.play(1)
    assert restored.tags(Skip.YES)[2:4] == ["SKIP:SKIPPED-SEGMENTS=4", "b7.4.m4s"]
    restored.play(7)
    assert restored.tags(Skip.YES)[2:4] == ["SKIP:SKIPPED-SEGMENTS=2", "DISCONTINUITY"]
    restored.play(5)
    assert restored.tags(Skip.YES)[2] == "SKIP:SKIPPED-SEGMENTS=4"


def test_more_than_is_listed_is_dropped_in_its_time() -> None:
    restored = Restored(2 * LISTED + 10)
    assert restored.tags()[0] == f"MEDIA-SEQUENCE:{LISTED + 10}"
    assert restored.window.media("b7.7.m4s") is Answer.GONE
    assert isinstance(restored.window.media("b7.8.m4s"), tuple)
    restored.begin()
    restored.play(1)
    assert restored.window.media("b7.8.m4s") is Answer.GONE
