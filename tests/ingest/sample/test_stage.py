from itertools import pairwise

import numpy as np
import pytest

from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.products import PRODUCTS, Product
from vitrine.ingest.sample.stage import TURN_SECONDS, Stage

LAYOUT = Layout(320, 180)


def blank() -> Picture:
    return Picture(np.zeros((180, 320), np.uint8), np.zeros((90, 160), np.uint8), np.zeros((90, 160), np.uint8))


def drawn(stage: Stage, seconds: float) -> Picture:
    picture = blank()
    stage.draw(picture, seconds)
    return picture


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_a_stage_covers_the_picture_and_only_the_product_moves(product: Product) -> None:
    stage = Stage(product, LAYOUT)
    one, other = drawn(stage, 1.0), drawn(stage, 1.5)
    assert min(plane.min() for plane in one.planes) >= 16
    assert max(plane.max() for plane in one.planes) <= 240
    rows, columns = np.nonzero(one.y != other.y)
    assert len(rows) > 30
    assert rows.max() <= LAYOUT.stand + 0.3 * LAYOUT.plinth[0]
    assert rows.min() >= LAYOUT.top
    assert abs(columns.mean() - LAYOUT.axis) < LAYOUT.plinth[0]


def test_every_frame_moves_on_at_60_frames_a_second() -> None:
    stage = Stage(PRODUCTS[0], Layout(640, 360))
    pictures = []
    for number in range(5):
        picture = Picture(
            np.zeros((360, 640), np.uint8), np.zeros((180, 320), np.uint8), np.zeros((180, 320), np.uint8)
        )
        stage.draw(picture, number / 60)
        pictures.append(picture.y.astype(int))
    changes = [np.abs(after - before).sum() for before, after in pairwise(pictures)]
    assert min(changes) > 200


def test_a_full_turn_is_the_same_again() -> None:
    stage = Stage(PRODUCTS[2], LAYOUT)
    assert all(
        (a == b).all() for a, b in zip(drawn(stage, 1).planes, drawn(stage, 1 + TURN_SECONDS).planes, strict=True)
    )
