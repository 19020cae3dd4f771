from fractions import Fraction

import numpy as np
import pytest

from vitrine.ingest.sample import cells, flash
from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.products import PRODUCTS
from vitrine.ingest.sample.show import PRODUCT_SECONDS, WIPE_SECONDS, SampleShow
from vitrine.media.errors import ConfigError
from vitrine.media.grid import RATES

SMALL = SampleShow(192, 108)


def same(one: Picture, other: Picture) -> bool:
    return all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))


@pytest.mark.parametrize(
    ("width", "height"), [(320, 180), (640, 480), (1280, 720), (1920, 1080), (720, 1280), (96, 96), (180, 320)]
)
def test_every_size(width: int, height: int) -> None:
    show = SampleShow(width, height)
    for frame in (0, 30, 31):
        picture = show.picture(frame)
        assert [plane.shape for plane in picture.planes] == [(height, width)] + [(height // 2, width // 2)] * 2
        assert cells.read(picture.y) == frame
        assert flash.is_lit(picture.y) == (frame != 31)


@pytest.mark.parametrize("rate", RATES)
def test_every_rate(rate: Fraction) -> None:
    show = SampleShow(192, 108, rate, Fraction(4))
    assert len(show) == round(4 * rate)
    lit = [frame for frame, picture in enumerate(show) if flash.is_lit(picture.y)]
    assert lit == [flash.flash_frame(second, rate) for second in range(4)]


def test_frames_are_numbered() -> None:
    show = SampleShow(192, 108, seconds=Fraction(1))
    assert [cells.read(picture.y) for picture in show] == list(range(30))


def test_a_frame_is_the_same_whatever_was_drawn_before() -> None:
    show = SampleShow(192, 108)
    first = show.picture(175)
    assert not same(show.picture(176), first)
    assert same(show.picture(175), first)
    assert same(SampleShow(192, 108).picture(175), first)


def test_no_two_frames_are_the_same() -> None:
    pictures = [SMALL.picture(frame) for frame in range(40)]
    stages = [picture.y[cells.band_height(108) : 96].tobytes() for picture in pictures]
    assert len(set(stages)) == len(stages)


def test_products_change_on_the_second() -> None:
    frames = PRODUCT_SECONDS * 30
    assert [SMALL.product(number * frames).code for number in range(6)] == [
        "WM-4411", "LT-2070", "KD-1180", "CN-0932", "BW-5502", "WM-4411",
    ]  # fmt: skip
    assert SMALL.product(frames - 1) is PRODUCTS[0]


def test_the_next_product_sweeps_in_from_the_left() -> None:
    last, first = PRODUCT_SECONDS * 30 - 1, PRODUCT_SECONDS * 30
    middle = SMALL.picture(last - round(WIPE_SECONDS * 15)).y[30:90].astype(int)
    before = SMALL.picture(last - round(WIPE_SECONDS * 30)).y[30:90].astype(int)
    after = SMALL.picture(first).y[30:90].astype(int)
    left, right = np.s_[:, :40], np.s_[:, 180:]
    assert np.abs(middle[left] - after[left]).mean() < 2 < np.abs(middle[left] - before[left]).mean()
    assert np.abs(middle[right] - before[right]).mean() < 2 < np.abs(middle[right] - after[right]).mean()


def test_the_sweep_ends_without_a_jump() -> None:
    frames = PRODUCT_SECONDS * 30
    last, first = (SMALL.picture(frame).y[30:90].astype(int) for frame in (frames - 1, frames))
    assert np.abs(first - last).mean() < 3


def test_a_whole_round_loops_without_a_seam() -> None:
    whole = len(SMALL)
    assert whole == PRODUCT_SECONDS * len(PRODUCTS) * 30
    again, start = SMALL.picture(whole), SMALL.picture(0)
    top, bottom = cells.band_height(108), 96
    assert (again.y[top:bottom] == start.y[top:bottom]).all()


def test_cells_have_no_colour() -> None:
    picture = SMALL.picture(3)
    band = cells.band_height(108) // 2
    assert (picture.u[:band] == 128).all()
    assert (picture.v[:band] == 128).all()


@pytest.mark.parametrize(("width", "height"), [(321, 180), (320, 181), (94, 180), (320, 5000), (0, 0)])
def test_sizes_that_cannot_be(width: int, height: int) -> None:
    with pytest.raises(ConfigError, match=f"A show of {width}x{height} cannot be made: give two even numbers"):
        SampleShow(width, height)


def test_the_shortest_show_has_a_frame() -> None:
    assert len(SampleShow(seconds=Fraction(1, 1000))) == 1
