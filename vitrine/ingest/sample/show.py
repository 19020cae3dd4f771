"""The sample show's pictures: products on their sets, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from vitrine.ingest.sample import cells, flash
from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.footer import Footer
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.products import PRODUCTS, Product
from vitrine.ingest.sample.stage import Stage
from vitrine.media.errors import ConfigError

PRODUCT_SECONDS = 6
"""How long each product is on show."""

WIPE_SECONDS = 0.9
"""How long the next product takes to sweep over the last, at the end of its time."""

SOFTNESS = 0.22
"""Width of the sweep's soft edge as a share of the picture's width."""

GREY = 128
"""Chroma of what has no colour."""

MIN_SIDE = 96
MAX_SIDE = 4096
"""Pixels. Below, cells are two pixels wide and no encoder keeps them; above, H.264 levels end."""


@dataclass(frozen=True)
class SampleShow:
    """A show of `seconds` in pictures, `rate` a second. The same arguments give the same pictures.

    It comes round after `PRODUCT_SECONDS * len(PRODUCTS)` seconds: a show of that length loops without a seam.
    Raises ConfigError for sides that are odd, or outside of MIN_SIDE to MAX_SIDE.
    """

    width: int = 1280
    height: int = 720
    rate: Fraction = Fraction(30)
    seconds: Fraction = Fraction(PRODUCT_SECONDS * len(PRODUCTS))

    def __post_init__(self) -> None:
        sides = self.width, self.height
        if any(side % 2 or not MIN_SIDE <= side <= MAX_SIDE for side in sides):
            raise ConfigError(
                f"A show of {self.width}x{self.height} cannot be made: "
                f"give two even numbers from {MIN_SIDE} to {MAX_SIDE}."
            )

    def __len__(self) -> int:
        """Frames."""
        return max(1, round(self.seconds * self.rate))

    def __iter__(self) -> Iterator[Picture]:
        """Every frame in turn, each a picture of its own."""
        return (self.picture(frame) for frame in range(len(self)))

    def product(self, frame: int) -> Product:
        """The product on show; while the next one sweeps in, still the last."""
        return PRODUCTS[int(frame / self.rate / PRODUCT_SECONDS) % len(PRODUCTS)]

    def picture(self, frame: int) -> Picture:
        """One frame, whatever was drawn before."""
        seconds = frame / self.rate
        picture = self._blank()
        self._draw_stages(picture, float(seconds))
        second = flash.second_of(frame, self.rate)
        part = frame - flash.flash_frame(second, self.rate)
        text = f"{second // 60 % 100:02}:{second % 60:02}:{max(0, part) % 100:02}"
        self._footer.draw(picture, text, float(seconds), flash.is_flash(frame, self.rate))
        cells.paint(picture.y, frame)
        picture.u[: self._layout.top // 2] = picture.v[: self._layout.top // 2] = GREY
        return picture

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self.width, self.height)

    @cached_property
    def _footer(self) -> Footer:
        return Footer(self._layout)

    @cached_property
    def _stages(self) -> dict[int, Stage]:
        return {}

    def _stage(self, index: int) -> Stage:
        """Made when it is first seen, so that a short show starts at once."""
        index %= len(PRODUCTS)
        if index not in self._stages:
            self._stages[index] = Stage(PRODUCTS[index], self._layout)
        return self._stages[index]

    def _blank(self) -> Picture:
        half = self.height // 2, self.width // 2
        return Picture(
            np.empty((self.height, self.width), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8)
        )

    def _draw_stages(self, picture: Picture, seconds: float) -> None:
        index, inside = int(seconds // PRODUCT_SECONDS), seconds % PRODUCT_SECONDS
        self._stage(index).draw(picture, seconds)
        share = (inside - (PRODUCT_SECONDS - WIPE_SECONDS)) / WIPE_SECONDS
        if share > 0:
            coming = self._blank()
            self._stage(index + 1).draw(coming, seconds)
            _sweep(picture, coming, share * share * (3 - 2 * share))


def _sweep(picture: Picture, coming: Picture, share: float) -> None:
    """Lay `coming` over a picture from the left, up to a soft edge."""
    for target, source in zip(picture.planes, coming.planes, strict=True):
        width = target.shape[1]
        edge, soft = share * (1 + SOFTNESS) * width, SOFTNESS * width
        weight = np.clip((edge - np.arange(width)) / soft, 0, 1)
        covered, reached = int(np.count_nonzero(weight == 1)), int(np.count_nonzero(weight))
        target[:, :covered] = source[:, :covered]
        fine = np.rint(256 * weight[covered:reached]).astype(np.uint16)
        old, new = target[:, covered:reached], source[:, covered:reached]
        old[:] = (old * (256 - fine) + new * fine + 128) >> 8
