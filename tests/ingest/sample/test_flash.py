from fractions import Fraction

import numpy as np
import pytest

from vitrine.ingest.sample import flash
from vitrine.ingest.sample.footer import tile_area
from vitrine.media.grid import RATES


@pytest.mark.parametrize("rate", RATES)
def test_every_second_has_one_flash(rate: Fraction) -> None:
    lit = [frame for frame in range(round(20 * rate)) if flash.is_flash(frame, rate)]
    assert [flash.second_of(frame, rate) for frame in lit] == list(range(20))
    assert lit == [flash.flash_frame(second, rate) for second in range(20)]


@pytest.mark.parametrize("rate", RATES)
def test_a_flash_starts_less_than_a_frame_after_its_second(rate: Fraction) -> None:
    for second in range(100):
        assert 0 <= flash.flash_frame(second, rate) / rate - second < 1 / rate


def test_flashes_at_30_and_at_29_97() -> None:
    assert [flash.flash_frame(second, Fraction(30)) for second in range(4)] == [0, 30, 60, 90]
    assert [flash.flash_frame(second, Fraction(30000, 1001)) for second in range(4)] == [0, 30, 60, 90]
    assert flash.flash_frame(1000, Fraction(30000, 1001)) == 29971


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (320, 180), (720, 1280), (1920, 1080), (96, 96)])
def test_the_tile_is_read_at_any_size(width: int, height: int) -> None:
    top, bottom, left, right = tile_area(width, height)
    for level, lit in ((16, False), (235, True)):
        luma = np.full((height, width), 251 - level, np.uint8)
        luma[top:bottom, left:right] = level
        assert flash.is_lit(luma) is lit
