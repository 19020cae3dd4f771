"""The only timescale arithmetic: integer ticks, never floats."""

from fractions import Fraction


def rescale(ticks: int, source: int, target: int) -> int:
    """`ticks` at `source` ticks a second, as the nearest count at `target` a second.

    Halves round up, so that equal intervals stay monotonic on both sides of zero.
    """
    if source == target:
        return ticks
    return (2 * ticks * target + source) // (2 * source)


def ticks_at(seconds: Fraction, timescale: int) -> int:
    """The tick nearest to `seconds`, halves rounded up."""
    return rescale(seconds.numerator * timescale, seconds.denominator, 1)


def seconds(ticks: int, timescale: int) -> Fraction:
    """Exact seconds."""
    return Fraction(ticks, timescale)
