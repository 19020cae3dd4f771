"""One product on its set, at any moment."""

from vitrine.ingest.sample import scenery
from vitrine.ingest.sample.colour import Picture, to_picture
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.products import Product
from vitrine.ingest.sample.turned import turn
from vitrine.ingest.sample.turntable import Turntable

TURN_SECONDS = 10.0
"""A full turn: slow enough to be calm, fast enough that a dropped frame shows; three in a round of the show."""


class Stage:
    """A set, its label and its turning product."""

    def __init__(self, product: Product, layout: Layout) -> None:
        light = scenery.build(product, layout)
        self._still = to_picture(light)
        surface = turn(product.stops, product.size * layout.product_height)
        rows, columns = (size - size % 2 for size in surface.height.shape)
        left = 2 * round((layout.axis - columns / 2) / 2)
        top = 2 * round((layout.stand - surface.foot) / 2)
        behind = light[top : top + rows, left : left + columns]
        self._turntable = Turntable(product, surface.cut(rows, columns), behind, left, top)

    def draw(self, picture: Picture, seconds: float) -> None:
        """The stage as it is after so many seconds, over all of a picture."""
        for target, source in zip(picture.planes, self._still.planes, strict=True):
            target[:] = source
        self._turntable.draw(picture, seconds / TURN_SECONDS)
