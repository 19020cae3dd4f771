import pytest

from tests.transcode.clips import mean_colour, painted
from vitrine.media.track import Colour
from vitrine.transcode.worker.scaler import (
    BT709,
    SMPTE170M,
    Fitter,
    Reducer,
    black_picture,
    output_colour,
    plane_pixels,
)

GREY = (120, 128, 128)


def test_a_picture_that_fits_is_not_copied() -> None:
    picture = painted(160, 120, "yuv420p", GREY)
    assert Fitter(160, 120, SMPTE170M).fit(picture, (1, 1)) is picture


COLOURS = [
    ((1280, 720), (2, 2, 2), BT709),
    ((720, 1280), (2, 2, 2), BT709),
    ((720, 576), (2, 2, 2), SMPTE170M),
    ((720, 576), (1, 1, 1), Colour(1, 1, 1, False)),
    ((1280, 720), (5, 6, 5), Colour(5, 6, 5, False)),
    ((1280, 720), (9, 16, 9), Colour(9, 16, 9, False)),
    ((1280, 720), (2, 2, 0), BT709),
]


@pytest.mark.parametrize(("size", "tags", "expected"), COLOURS)
def test_output_colour(size: tuple[int, int], tags: tuple[int, int, int], expected: Colour) -> None:
    picture = black_picture(*size)
    picture.color_primaries, picture.color_trc, picture.colorspace = tags
    assert output_colour(picture) == expected


SHAPES = [
    ((320, 240), (1, 1), 0),
    ((320, 180), (1, 1), 15),
    ((120, 120), (4, 3), 0),
    ((160, 118), (1, 1), 0),
    ((400, 120), (1, 1), 36),
]


@pytest.mark.parametrize(("size", "pixel_aspect", "bar"), SHAPES)
def test_bars_above_and_below(size: tuple[int, int], pixel_aspect: tuple[int, int], bar: int) -> None:
    fitted = Fitter(160, 120, SMPTE170M).fit(painted(*size, "yuv420p", (200, 90, 90)), pixel_aspect)
    luma = plane_pixels(fitted, 0)
    assert luma.shape == (120, 160)
    rows = [int(row) for row in luma.min(axis=1)]
    assert rows.count(16) == pytest.approx(2 * bar, abs=2)
    assert rows[60] == pytest.approx(200, abs=1)
    chroma = plane_pixels(fitted, 1)
    assert chroma[30].min() == pytest.approx(90, abs=1)
    assert (chroma[0].max() == 128) == (bar > 0)


def test_bars_left_and_right() -> None:
    fitted = Fitter(160, 120, SMPTE170M).fit(painted(90, 120, "yuv420p", (200, 90, 90)), (1, 1))
    columns = plane_pixels(fitted, 0).max(axis=0)
    assert [n for n in range(160) if columns[n] > 100] == list(range(34, 124))


def test_reducing_keeps_colour() -> None:
    reducer = Reducer()
    for _ in range(2):
        reduced = reducer.reduce(painted(160, 120, "yuv420p", (200, 90, 160)), 80, 60)
        assert (reduced.width, reduced.height) == (80, 60)
        assert mean_colour(reduced) == pytest.approx((200, 90, 160), abs=1)


def test_rgb_goes_by_the_output_matrix() -> None:
    picture = painted(160, 120, "gbrp", (0, 0, 255))
    fitted = Fitter(160, 120, BT709).fit(picture, (1, 1))
    assert mean_colour(fitted) == pytest.approx((63, 102, 240), abs=2)


def test_black() -> None:
    assert mean_colour(black_picture(34, 18), 0, 1) == (16, 128, 128)
