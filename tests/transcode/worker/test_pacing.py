import random
from fractions import Fraction

import pytest

from vitrine.media.errors import UnsupportedError
from vitrine.media.grid import RATES
from vitrine.transcode.worker.pacing import MAX_GAP_SECONDS, Pacer

HOUR = 3600


def place_all(rate: Fraction, stamps: list[int], timescale: int = 1000) -> tuple[int, int]:
    """How many frames were left for repeats, and how many pictures dropped."""
    pacer = Pacer(rate)
    repeated = dropped = 0
    for stamp in stamps:
        begin = pacer.next_frame
        frame = pacer.place(stamp, timescale)
        if frame is None:
            dropped += 1
        else:
            repeated += frame - begin
    return repeated, dropped


def milliseconds(rate: Fraction, count: int, offset: Fraction = Fraction(0)) -> list[int]:
    return [int((n + offset) * 1000 / rate) for n in range(count)]


@pytest.mark.parametrize("rate", RATES)
def test_an_hour_of_millisecond_stamps_is_neither_repeated_nor_dropped(rate: Fraction) -> None:
    assert place_all(rate, milliseconds(rate, int(rate * HOUR))) == (0, 0)


@pytest.mark.parametrize("rate", RATES)
def test_half_a_frame_off_after_a_takeover_does_not_flip(rate: Fraction) -> None:
    stamps = milliseconds(rate, 3000, Fraction(1, 2))
    assert sum(place_all(rate, stamps)) <= 1


@pytest.mark.parametrize("rate", RATES)
def test_jitter_of_a_third_of_a_frame(rate: Fraction) -> None:
    random.seed(1)
    third = int(300 / rate)
    stamps = [max(0, stamp + random.randint(-third, third)) for stamp in milliseconds(rate, 5000)]
    assert place_all(rate, stamps) == (0, 0)


CONVERSIONS = [
    (Fraction(30000, 1001), Fraction(30), (108, 0)),
    (Fraction(30), Fraction(30000, 1001), (0, 108)),
    (Fraction(15), Fraction(30), (HOUR * 15, 0)),
    (Fraction(60), Fraction(30), (0, HOUR * 30)),
    (Fraction(24), Fraction(25), (HOUR, 0)),
]


@pytest.mark.parametrize(("source", "output", "expected"), CONVERSIONS)
def test_other_rates_are_brought_to_the_grid(source: Fraction, output: Fraction, expected: tuple[int, int]) -> None:
    found = place_all(output, milliseconds(source, int(source * HOUR)))
    assert all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True))


TABLE = [
    ([0, 40, 80], [0, 1, 2]),
    ([0, 200, 240], [0, 5, 6]),
    ([0, 0, 40], [0, None, 1]),
    ([-40, 0, 40], [None, 0, 1]),
    ([0, 61, 101], [0, 1, 2]),
    ([0, 63, 110], [0, 2, 3]),
    ([0, 19, 20, 80], [0, 1, None, 2]),
    ([400, 300, 440], [10, None, 11]),
]


@pytest.mark.parametrize(("stamps", "frames"), TABLE)
def test_frames_at_25_a_second(stamps: list[int], frames: list[int | None]) -> None:
    pacer = Pacer(Fraction(25))
    assert [pacer.place(stamp, 1000) for stamp in stamps] == frames


def test_a_replaced_worker_begins_where_it_is_told() -> None:
    pacer = Pacer(Fraction(25), 10)
    assert [pacer.place(stamp, 1000) for stamp in (320, 360, 400, 440)] == [None, None, 10, 11]


def test_reaching_a_time_takes_the_free_frames_before_it() -> None:
    pacer = Pacer(Fraction(25))
    assert pacer.reach(Fraction(1, 10)) == range(3)
    assert pacer.reach(Fraction(1, 10)) == range(3, 3)
    assert pacer.place(120, 1000) == 3
    assert pacer.reach(Fraction(0)) == range(4, 4)


def test_a_jump_of_hours_is_refused() -> None:
    pacer = Pacer(Fraction(25))
    assert pacer.place(MAX_GAP_SECONDS * 1000, 1000) == MAX_GAP_SECONDS * 25
    with pytest.raises(UnsupportedError, match="jumps ahead"):
        pacer.place(2 * MAX_GAP_SECONDS * 1000 + 1000, 1000)
