import pytest

from vitrine.ingest.sample import flash
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.lettering import draw
from vitrine.ingest.sample.products import PRODUCTS, Product
from vitrine.ingest.sample.turned import turn

SIZES = [(1280, 720), (320, 180), (1920, 1080), (720, 1280), (180, 320), (640, 480), (600, 600), (1000, 360)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_lies_in_its_place(width: int, height: int) -> None:
    layout = Layout(width, height)
    assert layout.portrait == (height > width)
    assert 0 < layout.top < layout.stand < layout.horizon < layout.footer < flash.TOP * height < height
    assert layout.footer % 2 == 0
    radius, tall = layout.plinth
    assert radius < layout.axis < width - radius
    assert layout.stand + tall + 0.2 * radius < layout.footer
    assert layout.top < layout.niche[1]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_every_product_fits_between_cells_and_plinth(width: int, height: int, product: Product) -> None:
    layout = Layout(width, height)
    surface = turn(product.stops, product.size * layout.product_height)
    rows, columns = surface.height.shape
    top = layout.stand - surface.foot
    assert top > layout.top
    assert columns / 2 < min(layout.axis, width - layout.axis)
    assert top + rows < layout.footer


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_no_label_runs_into_the_niche(width: int, height: int, product: Product) -> None:
    layout = Layout(width, height)
    size = layout.unit * layout.label_scale
    right = layout.label[0] + max(
        draw(product.code, 74 * size, 0.078, 0.22).shape[1], draw(product.name, 19 * size).shape[1]
    )
    bottom = layout.label[1] + (188 + 13) * size
    assert right < layout.axis - layout.niche[0] or bottom < layout.niche[1]
    assert right < width
