from fractions import Fraction

from vitrine.packager.part import Part
from vitrine.packager.segment import SegmentEntry, close_segment


def test_a_segment_is_its_parts() -> None:
    parts = (
        Part("a", 4, 0, 900, 30, 90, 5_000, True, b"first"),
        Part("b", 4, 1, 930, 20, 90, 6_000, False, b"second"),
    )
    segment = close_segment("s", parts)
    assert segment.entry == SegmentEntry("s", 4, 50, 90, 5_000, 11)
    assert segment.entry.duration == Fraction(5, 9)
    assert segment.first_tick == 900
    assert segment.data[0] is parts[0].data
    assert segment.data[1] is parts[1].data
    assert len(segment.data) == 2
