"""The show's own lettering: capitals drawn with a round pen along straight lines and arcs."""

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Coverage = NDArray[np.float32]
"""Rows of pixels, 0 where there is no ink to 1 where it covers."""

Points = tuple[tuple[float, float], ...]

STEPS = 14
"""Straight pieces in half a turn; the error is below a tenth of a pixel at 100 pixels of height."""

WORD_SPACE = 0.38
"""Width of a blank in cap heights."""


def _arc(x: float, y: float, across: float, down: float, *turned: float) -> Points:
    """Part of an ellipse, turned from one angle to another, in degrees clockwise from the right."""
    start, end = turned
    count = max(2, round(abs(end - start) / 180 * STEPS)) + 1
    turns = np.radians(np.linspace(start, end, count))
    return tuple((float(x + across * np.cos(turn)), float(y + down * np.sin(turn))) for turn in turns)


_O = _arc(0.42, 0.5, 0.42, 0.5, 0, 360)
_ZERO = _arc(0.3, 0.5, 0.3, 0.5, 0, 360)

STROKES: dict[str, tuple[Points, ...]] = {
    "A": (((0, 1), (0.38, 0), (0.76, 1)), ((0.125, 0.67), (0.635, 0.67))),
    "B": (
        ((0, 0.48), (0, 0), (0.27, 0), *_arc(0.27, 0.24, 0.24, 0.24, -90, 90), (0, 0.48), (0, 1), (0.3, 1)),
        (*_arc(0.3, 0.74, 0.26, 0.26, 90, -90), (0.27, 0.48)),
    ),
    "C": (_arc(0.44, 0.5, 0.44, 0.5, -48, -312),),
    "D": (((0, 1), (0, 0), (0.22, 0), *_arc(0.22, 0.5, 0.44, 0.5, -90, 90), (0, 1)),),
    "E": (((0.5, 0), (0, 0), (0, 1), (0.5, 1)), ((0, 0.48), (0.44, 0.48))),
    "F": (((0.5, 0), (0, 0), (0, 1)), ((0, 0.48), (0.44, 0.48))),
    "G": ((*_arc(0.44, 0.5, 0.44, 0.5, -48, -350), (0.88, 0.54), (0.52, 0.54)),),
    "H": (((0, 0), (0, 1)), ((0.64, 0), (0.64, 1)), ((0, 0.48), (0.64, 0.48))),
    "I": (((0, 0), (0, 1)),),
    "J": (((0.4, 0), (0.4, 0.78), *_arc(0.2, 0.78, 0.2, 0.22, 0, 160)),),
    "K": (((0, 0), (0, 1)), ((0.56, 0), (0, 0.6)), ((0.2, 0.4), (0.6, 1))),
    "L": (((0, 0), (0, 1), (0.48, 1)),),
    "M": (((0, 1), (0.08, 0), (0.43, 0.8), (0.78, 0), (0.86, 1)),),
    "N": (((0, 1), (0, 0), (0.66, 1), (0.66, 0)),),
    "O": (_O,),
    "P": (((0, 1), (0, 0), (0.27, 0), *_arc(0.27, 0.27, 0.27, 0.27, -90, 90), (0, 0.54)),),
    "Q": (_O, ((0.52, 0.7), (0.84, 1))),
    "R": (((0, 1), (0, 0), (0.27, 0), *_arc(0.27, 0.27, 0.27, 0.27, -90, 90), (0, 0.54)), ((0.27, 0.54), (0.56, 1))),
    "S": ((*_arc(0.28, 0.25, 0.25, 0.25, -35, -270), *_arc(0.28, 0.75, 0.27, 0.25, -90, 150)),),
    "T": (((0, 0), (0.64, 0)), ((0.32, 0), (0.32, 1))),
    "U": (((0, 0), (0, 0.68), *_arc(0.32, 0.68, 0.32, 0.32, 180, 0), (0.64, 0)),),
    "V": (((0, 0), (0.36, 1), (0.72, 0)),),
    "W": (((0, 0), (0.27, 1), (0.54, 0.1), (0.81, 1), (1.08, 0)),),
    "X": (((0, 0), (0.62, 1)), ((0.62, 0), (0, 1))),
    "Y": (((0, 0), (0.33, 0.5), (0.66, 0)), ((0.33, 0.5), (0.33, 1))),
    "Z": (((0, 0), (0.58, 0), (0, 1), (0.58, 1)),),
    "0": (_ZERO,),
    "1": (((0.1, 0.2), (0.36, 0), (0.36, 1)),),
    "2": ((*_arc(0.3, 0.29, 0.28, 0.29, -170, 35), (0.02, 1), (0.6, 1)),),
    "3": (_arc(0.28, 0.25, 0.25, 0.25, -150, 90), _arc(0.28, 0.75, 0.29, 0.25, -90, 155)),
    "4": (((0.46, 1), (0.46, 0), (0, 0.7), (0.62, 0.7)),),
    "5": (((0.54, 0), (0.1, 0), (0.05, 0.44), *_arc(0.28, 0.67, 0.3, 0.33, -140, 150)),),
    "6": (((0.42, 0), (0.06, 0.54)), _arc(0.31, 0.68, 0.29, 0.32, 0, 360)),
    "7": (((0.02, 0), (0.6, 0), (0.2, 1)),),
    "8": (_arc(0.3, 0.25, 0.24, 0.25, 0, 360), _arc(0.3, 0.75, 0.3, 0.25, 0, 360)),
    "9": (((0.18, 1), (0.54, 0.46)), _arc(0.29, 0.32, 0.29, 0.32, 0, 360)),
    "-": (((0, 0.52), (0.34, 0.52)),),
    ".": (((0, 1), (0, 0.999)),),
    ":": (((0, 0.3), (0, 0.301)), ((0, 0.82), (0, 0.821))),
}
"""Pen paths, in cap heights from the left of the glyph and the top of the capitals."""


def advance(glyph: str) -> float:
    """Width of a glyph between the middles of its outer strokes, in cap heights."""
    if glyph not in STROKES:
        return WORD_SPACE
    return max(x for stroke in STROKES[glyph] for x, _ in stroke)


@cache
def draw(text: str, height: float, pen: float = 0.11, tracking: float = 0.28) -> Coverage:
    """Ink of a line of capitals and figures; other characters are blanks.

    `height` is the capitals' in pixels, `pen` the stroke's width and `tracking` the space between letters, both
    in cap heights. The result has half a pen and a pixel around it on every side.
    """
    margin = pen * height / 2 + 1
    length = sum(advance(glyph) for glyph in text) + tracking * (len(text) - 1)
    ink = np.zeros((int(np.ceil(height + 2 * margin)), int(np.ceil(length * height + 2 * margin))), np.float32)
    position = 0.0
    for glyph in text:
        for stroke in STROKES.get(glyph, ()):
            points = (np.array(stroke) + np.array((position, 0))) * height + margin
            _draw_stroke(ink, points, pen * height / 2)
        position += advance(glyph) + tracking
    return ink


def _draw_stroke(ink: Coverage, points: NDArray[np.float64], radius: float) -> None:
    """Lay the pen along a path. Pixel (0, 0) has its middle at (0.5, 0.5)."""
    left, top = np.maximum(0, np.floor(points.min(axis=0) - radius - 1)).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + radius + 1).astype(int)
    area = ink[top:bottom, left:right]
    y, x = np.mgrid[top : top + area.shape[0], left : left + area.shape[1]] + 0.5
    nearest = np.full(area.shape, np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / max(1e-9, (x1 - x0) ** 2 + (y1 - y0) ** 2)
        share = np.clip(along, 0, 1)
        np.minimum(nearest, np.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0)), out=nearest)
    np.maximum(area, np.clip(radius + 0.5 - nearest, 0, 1), out=area)
