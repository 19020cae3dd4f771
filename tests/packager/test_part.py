from fractions import Fraction

from vitrine.packager.part import Part, init_name, part_name, segment_name


def test_every_name_holds_the_broadcast() -> None:
    assert init_name("b7") == "b7.init.mp4"
    assert segment_name("b7", 12) == "b7.12.m4s"
    assert part_name("b7", 12, 3) == "b7.12.3.m4s"


def test_a_part_lasts_exactly() -> None:
    part = Part("p", 0, 0, 0, 30030, 90_000, 0, True, b"")
    assert part.duration == Fraction(1001, 3000)
