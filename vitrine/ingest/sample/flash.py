"""The frame of every full second: a framed tile turns white for exactly that frame, and a beep starts on it.

The tile's lit part lies at LEFT, TOP with SIDE, each a share of the picture: x and width of its width, y and
height of its height. It is dark on every other frame.
"""

from fractions import Fraction

import numpy as np

from vitrine.ingest.sample.cells import THRESHOLD, Luma

LEFT, TOP = 0.92, 0.92
WIDTH, HEIGHT = 0.05, 0.05

MARGIN = 0.25
"""Share of the tile left out at each edge when reading."""


def second_of(frame: int, rate: Fraction) -> int:
    """The full seconds gone when a frame starts."""
    return frame * rate.denominator // rate.numerator


def is_flash(frame: int, rate: Fraction) -> bool:
    """Whether a frame is the first to start in its second."""
    return frame == flash_frame(second_of(frame, rate), rate)


def flash_frame(second: int, rate: Fraction) -> int:
    """The first frame that starts at or after a full second."""
    return -(-second * rate.numerator // rate.denominator)


def is_lit(luma: Luma) -> bool:
    """Whether the tile is white on a picture of any size."""
    height, width = luma.shape
    left, right = (LEFT + WIDTH * MARGIN) * width, (LEFT + WIDTH * (1 - MARGIN)) * width
    top, bottom = (TOP + HEIGHT * MARGIN) * height, (TOP + HEIGHT * (1 - MARGIN)) * height
    tile = luma[int(top) : max(int(top) + 1, int(bottom)), int(left) : max(int(left) + 1, int(right))]
    return bool(np.mean(tile) > THRESHOLD)
