"""The strip along the bottom: the brand, a running clock, a dot that glides, and the tile that flashes."""

import numpy as np
from numpy.typing import NDArray

from vitrine.ingest.sample import flash
from vitrine.ingest.sample.cells import WHITE
from vitrine.ingest.sample.colour import Floats, Picture, linear, mix, to_picture
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.lettering import Coverage, draw

BRAND = "ATELIER NORD"
GROUND, INK, FAINT, LIVE = linear("#17161a"), linear("#f2ede4"), linear("#5f5a62"), linear("#e2583e")

TILE_DARK = 24
GLIDE_SECONDS = 5
"""Time in which the dot crosses the picture, a whole number of times in a round of the show."""


class Footer:
    """Drawn over every frame, below the stage."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        light, unit = np.empty((layout.height - layout.footer, layout.width, 3), np.float32), layout.unit
        light[:] = GROUND
        middle = light.shape[0] / 2
        self._tile = tile_area(layout.width, layout.height)
        self._draw_brand(light, middle)
        self._draw_frame(light)
        self._still = to_picture(light)
        cap = 20 * unit
        self._digits = {glyph: _figure(glyph, cap) for glyph in "0123456789:"}
        columns = sum(self._digits[glyph].shape[1] for glyph in "00:00:00")
        self._clock_left = 2 * round((self._tile[2] - 30 * unit - columns) / 2)
        self._clock_top = layout.footer + round(middle - self._digits["0"].shape[0] / 2)
        self._line = max(2, 2 * round(1.5 * unit))

    def draw(self, picture: Picture, text: str, seconds: float, lit: bool) -> None:
        """`text` is the clock's, two figures each for minutes, seconds and frames; `lit` whether the tile is white."""
        layout = self._layout
        for plane, still, top in zip(picture.planes, self._still.planes, self._tops(), strict=True):
            plane[top:] = still
        left = self._clock_left
        for glyph in text:
            figure = self._digits[glyph]
            rows, columns = figure.shape
            picture.y[self._clock_top : self._clock_top + rows, left : left + columns] = figure
            left += columns
        picture.y[layout.footer : layout.footer + self._line] = self._glide(seconds)
        first, last, start, end = self._tile
        picture.y[first:last, start:end] = WHITE if lit else TILE_DARK

    def _tops(self) -> tuple[int, int, int]:
        return self._layout.footer, self._layout.footer // 2, self._layout.footer // 2

    def _draw_brand(self, light: Floats, middle: float) -> None:
        unit, left = self._layout.unit, self._layout.label[0]
        y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]] + 0.5
        dot = np.clip(5.5 * unit + 0.5 - np.hypot(x - left - 5.5 * unit, y - middle), 0, 1)
        light[:] = mix(light, LIVE, dot)
        for text, cap, start, colour in (("LIVE", 13, 22, INK), (BRAND, 13, 110, FAINT * 2.2)):
            ink = draw(text, cap * unit, 0.13, 0.5)
            top, column = round(middle - ink.shape[0] / 2), round(left + start * unit)
            area = light[top : top + ink.shape[0], column : column + ink.shape[1]]
            area[:] = mix(area, colour, ink)

    def _draw_frame(self, light: Floats) -> None:
        """The thin frame around the flashing tile."""
        first, last, start, end = self._tile
        gap, pen = max(2, round(3 * self._layout.unit)), max(1, round(2 * self._layout.unit))
        top = first - self._layout.footer
        bottom = last - self._layout.footer
        outer, inner = gap + pen, gap
        light[top - outer : bottom + outer, start - outer : end + outer] = FAINT
        light[top - inner : bottom + inner, start - inner : end + inner] = GROUND

    def _glide(self, seconds: float) -> NDArray[np.uint8]:
        """One line of luma: a soft dot with a tail, moved by parts of a pixel."""
        width = self._layout.width
        place = seconds / GLIDE_SECONDS % 1 * width
        behind = (place - np.arange(width) - 0.5) % width
        tail: Floats = np.exp(-behind / (0.09 * width)) * np.clip(behind / 2, 0, 1)
        return (44 + 180 * tail).astype(np.uint8)


def tile_area(width: int, height: int) -> tuple[int, int, int, int]:
    """First line, last line, first column and last column of the flashing tile, the lasts not included."""
    top, left = round(flash.TOP * height), round(flash.LEFT * width)
    return top, top + round(flash.HEIGHT * height), left, left + round(flash.WIDTH * width)


def _figure(glyph: str, cap: float) -> NDArray[np.uint8]:
    """Luma of a figure in a box as wide as that of every other figure; the colon's is narrower."""
    ink: Coverage = draw(glyph, cap, 0.12)
    box = np.zeros((ink.shape[0], round(cap * (0.42 if glyph == ":" else 0.9))), np.float32)
    left = (box.shape[1] - ink.shape[1]) // 2
    box[:, max(0, left) : max(0, left) + ink.shape[1]] = ink[:, : box.shape[1]]
    ground = to_picture(np.broadcast_to(GROUND, (2, 2, 3))).y.mean()
    figure: NDArray[np.uint8] = np.rint(ground + (225 - ground) * box).astype(np.uint8)
    return figure
