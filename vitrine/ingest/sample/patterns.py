"""What runs around a turned shape: maps of height by angle, -1 to 1, that repeat after a full turn."""

import numpy as np

from vitrine.ingest.sample.colour import Floats
from vitrine.ingest.sample.lettering import draw
from vitrine.ingest.sample.turned import TURN

Pattern = Floats
"""ROWS from the foot up by TURN steps."""

ROWS = 512


def flutes(count: int) -> Pattern:
    """Rounded grooves, as the lean of their flanks."""
    return np.tile(np.sin(_around(count)), (ROWS, 1)).astype(np.float32)


def hoops(heights: tuple[tuple[float, float], ...], gap: float) -> Pattern:
    """Rings of paint, each open for a share of the circumference, the openings side by side."""
    open_part = np.clip((np.abs(_around(1) / (2 * np.pi) - 0.5) - gap / 2) * 60, 0, 1)
    rings = np.sum([_between(first, last) for first, last in heights], axis=0)
    return np.outer(rings, open_part).astype(np.float32)


def inscription(text: str, middle: float, size: float, per_turn: int, squeeze: float) -> Pattern:
    """A line of letters, `size` of the shape's height, set `per_turn` times around it.

    `squeeze` is the shape's circumference divided by its height.
    """
    tall = size * ROWS
    ink = draw(text, tall, pen=0.13, tracking=0.35)[::-1]
    columns = round(ink.shape[1] / ROWS / squeeze * TURN)
    stretched = ink[:, np.linspace(0, ink.shape[1] - 1, columns).astype(int)]
    pattern = np.zeros((ROWS, TURN), np.float32)
    top = round(middle * ROWS - ink.shape[0] / 2)
    for left in np.arange(per_turn) * TURN // per_turn:
        pattern[top : top + ink.shape[0], left : left + columns] = stretched
    return pattern


def terrazzo(count: int, squeeze: float) -> Pattern:
    """Chips of every size, the same each time."""
    random = np.random.default_rng(4411)
    rows, turn = np.mgrid[0:ROWS, 0:TURN].astype(np.float32)
    chips = np.zeros((ROWS, TURN), np.float32)
    for _ in range(count):
        row, angle, size = random.uniform(0, ROWS), random.uniform(0, TURN), random.uniform(8, 30)
        reach = size * TURN / ROWS / squeeze
        low, high = max(0, int(row - size - 1)), min(ROWS, int(row + size + 2))
        away = (turn[low:high] - angle + TURN / 2) % TURN - TURN / 2
        distance = np.hypot((rows[low:high] - row) / size, away / reach)
        np.maximum(chips[low:high], np.clip((1 - distance) * size / 5 + 0.5, 0, 1), out=chips[low:high])
    return chips * _between(0.17, 1.0)[:, None]


def _around(count: int) -> Floats:
    return np.arange(TURN) * (2 * np.pi * count / TURN)


def _between(first: float, last: float) -> Pattern:
    """1 between two heights, with edges as soft as a pixel."""
    rows = np.arange(ROWS) + 0.5
    return (np.clip((rows - first * ROWS) / 3 + 0.5, 0, 1) * np.clip((last * ROWS - rows) / 3 + 0.5, 0, 1)).astype(
        np.float32
    )
