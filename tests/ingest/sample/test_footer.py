from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.flash import is_lit
from vitrine.ingest.sample.footer import GLIDE_SECONDS, Footer, tile_area
from vitrine.ingest.sample.layout import Layout


def drawn(layout: Layout, text: str = "00:00:00", seconds: float = 1.0, lit: bool = False) -> Picture:
    full, half = (layout.height, layout.width), (layout.height // 2, layout.width // 2)
    picture = Picture(np.full(full, 77, np.uint8), np.full(half, 77, np.uint8), np.full(half, 77, np.uint8))
    Footer(layout).draw(picture, text, seconds, lit)
    return picture


@pytest.mark.parametrize("layout", [Layout(1280, 720), Layout(320, 180), Layout(720, 1280), Layout(96, 96)])
def test_the_tile_is_lit_or_not_and_nothing_above_is_touched(layout: Layout) -> None:
    for lit in (True, False):
        picture = drawn(layout, lit=lit)
        assert is_lit(picture.y) is lit
        assert (picture.y[: layout.footer] == 77).all()
        assert (picture.u[: layout.footer // 2] == 77).all()


def test_the_tile_is_framed() -> None:
    layout = Layout(1280, 720)
    picture = drawn(layout)
    top, bottom, left, right = tile_area(1280, 720)
    inside, frame = picture.y[top:bottom, left:right], picture.y[(top + bottom) // 2, left - 12 : left]
    assert inside.max() < 30
    assert frame.max() > 80


def test_the_clock_shows_its_figures() -> None:
    layout = Layout(1280, 720)
    pictures = [drawn(layout, text).y.astype(int) for text in ("00:00:00", "00:00:01", "10:00:00")]
    left = tile_area(1280, 720)[2]
    for other, half in ((1, "right"), (2, "left")):
        columns = np.nonzero((pictures[0] != pictures[other]).any(axis=0))[0]
        assert columns.max() < left
        assert columns.max() - columns.min() < 30
        assert (columns.min() > left - 90) == (half == "right")


def head(line: NDArray[np.int64]) -> float:
    """The column, in parts of a pixel, where the dot's bright end falls off."""
    last = int(np.flatnonzero(line > 132)[-1])
    return last + float(line[last] - 132) / float(line[last] - line[last + 1])


def test_the_dot_glides_by_parts_of_a_pixel() -> None:
    layout = Layout(1280, 720)
    lines = [drawn(layout, seconds=1 + step / 500).y[layout.footer].astype(int) for step in range(6)]
    moves = [head(after) - head(before) for before, after in pairwise(lines)]
    assert moves == pytest.approx([1280 / GLIDE_SECONDS / 500] * 5, abs=0.05)
    assert (drawn(layout, seconds=1).y == drawn(layout, seconds=1 + GLIDE_SECONDS).y).all()
