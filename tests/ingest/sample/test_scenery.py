import numpy as np
import pytest

from vitrine.ingest.sample import scenery
from vitrine.ingest.sample.colour import linear
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.products import PLEAT_LAMP, PRODUCTS, WAVE_VASE, Product

WIDE, TALL = Layout(320, 180), Layout(180, 320)


@pytest.mark.parametrize("layout", [WIDE, TALL], ids=["wide", "tall"])
@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_a_set_is_light_of_its_own_colours(product: Product, layout: Layout) -> None:
    light = scenery.build(product, layout)
    assert light.shape == (layout.height, layout.width, 3)
    assert np.isfinite(light).all()
    assert light.min() >= 0
    assert light.max() < 1.5
    corner = light[layout.top : layout.top + 20, :20].mean(axis=(0, 1))
    wall = linear(product.palette.wall)
    assert np.abs(corner / corner.sum() - wall / wall.sum()).max() < 0.08


@pytest.mark.parametrize("layout", [WIDE, TALL, Layout(1280, 720)], ids=["wide", "tall", "large"])
def test_the_label_is_there_to_be_read(layout: Layout) -> None:
    light = scenery.build(WAVE_VASE, layout)
    ink = linear(WAVE_VASE.palette.ink)
    inked = (np.abs(light - ink) < 0.02).all(axis=-1)
    left, top = layout.label
    rows, columns = np.nonzero(inked)
    assert inked.sum() > 150 * layout.unit**2
    assert rows.min() >= top - 1
    assert columns.min() >= left - 2
    assert columns.max() < layout.width * (1 if layout.portrait else 0.5)


def test_the_wall_is_a_gradient_without_steps() -> None:
    light = scenery.build(WAVE_VASE, WIDE)
    column = light[WIDE.top : int(WIDE.horizon) - 4, WIDE.width - 6, 0]
    assert np.abs(np.diff(column)).max() < 0.02


def test_a_lamp_lights_the_wall_behind_it() -> None:
    light = scenery.build(PLEAT_LAMP, WIDE)
    behind = int(WIDE.stand - 0.9 * WIDE.product_height), int(WIDE.axis)
    assert light[behind][0] > 2 * linear(PLEAT_LAMP.palette.niche)[0]


def test_a_product_casts_a_shadow_on_its_plinth() -> None:
    light = scenery.build(WAVE_VASE, WIDE)
    row = light[int(WIDE.stand), int(WIDE.axis - 0.9 * WIDE.plinth[0]) : int(WIDE.axis + 0.9 * WIDE.plinth[0]), 0]
    assert row.min() < 0.7 * row.max()
