import numpy as np

from vitrine.ingest.sample.colour import Floats, Picture, linear
from vitrine.ingest.sample.patterns import ROWS, Pattern
from vitrine.ingest.sample.products import WAVE_VASE, Product
from vitrine.ingest.sample.turned import TURN, Material, Surface, turn
from vitrine.ingest.sample.turntable import Turntable

ROWS_OF_PICTURE, COLUMNS, LEFT, TOP = 140, 160, 20, 10


def half_painted() -> Pattern:
    pattern = np.zeros((ROWS, TURN), np.float32)
    pattern[:, : TURN // 2] = 1
    return pattern


def product() -> Product:
    black, white = Material(((0, "#202020"), (1, "#202020")), 0.0), Material(((0, "#e0e0e0"), (1, "#e0e0e0")), 0.0)
    return Product("A", "A", "A", WAVE_VASE.palette, ((0, 0.5), (1, 0.5)), black, half_painted, painted=white)


def surface() -> Surface:
    whole = turn(product().stops, 90)
    rows, columns = (size - size % 2 for size in whole.height.shape)
    return whole.cut(rows, columns)


def picture_at(turns: float) -> Picture:
    picture = Picture(*(np.full((ROWS_OF_PICTURE // k, COLUMNS // k), 77, np.uint8) for k in (1, 2, 2)))
    shape = surface()
    scene: Floats = np.broadcast_to(linear("#808080"), (*shape.height.shape, 3))
    Turntable(product(), shape, scene, LEFT, TOP).draw(picture, turns)
    return picture


def front(picture: Picture) -> tuple[float, float]:
    """Brightness left and right of the axis, half way up."""
    shape = surface()
    row, middle = TOP + shape.foot - 50, LEFT + shape.height.shape[1] // 2
    return float(picture.y[row, middle - 20 : middle - 10].mean()), float(
        picture.y[row, middle + 10 : middle + 20].mean()
    )


def test_the_pattern_moves_from_right_to_left() -> None:
    left, right = front(picture_at(0))
    assert left > right + 60
    left, right = front(picture_at(0.5))
    assert right > left + 60
    left, right = front(picture_at(0.75))
    assert min(left, right) > 120
    left, right = front(picture_at(0.25))
    assert max(left, right) < 80


def test_nothing_outside_of_the_shape_is_touched() -> None:
    picture, shape = picture_at(0.3), surface()
    rows, columns = shape.height.shape
    for plane, step in zip(picture.planes, (1, 2, 2), strict=True):
        around = plane.copy()
        around[TOP // step : (TOP + rows) // step, LEFT // step : (LEFT + columns) // step] = 77
        assert (around == 77).all()


def test_beside_the_shape_the_scene_shows() -> None:
    corner = picture_at(0.1).y[TOP : TOP + 3, LEFT : LEFT + 3]
    assert (np.abs(corner.astype(int) - 126) <= 1).all()


def test_whole_turns_change_nothing() -> None:
    assert (picture_at(0.4).y == picture_at(7.4).y).all()
