"""Frame numbers that a program can read off a picture: 48 black or white cells across the top.

The cells part the picture's width into COUNT equal columns of BAND of its height, so that they are found at any
size. From the left, most significant first: a 40-bit value, then the CRC-8 of its five bytes (polynomial 0x07,
start value 0xFF, nothing reflected). The start value keeps an all-black or all-white picture from being a number.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vitrine.media.errors import MisuseError

Luma = NDArray[np.uint8]
"""Rows of pixels, brightness only."""

COUNT = 48
VALUE_BITS = 40
MAX_VALUE = (1 << VALUE_BITS) - 1

BAND = 1 / 32
"""Height of the cells as a share of the picture's: 22 of 720 lines, and still 5 of 180."""

POLYNOMIAL = 0x07
START = 0xFF

BLACK = 16
WHITE = 235
THRESHOLD = 126
"""Half way from black to white, whether the reader has limited or full range."""

MARGIN = 0.3
"""Share of a cell left out at each edge when reading: scaling and compression smear it into its neighbour."""


def crc8(data: bytes) -> int:
    crc = START
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ POLYNOMIAL) & 0xFF if crc & 0x80 else crc << 1
    return crc


def encode(value: int) -> tuple[bool, ...]:
    """The cells of a value of 0 to MAX_VALUE; True is white."""
    if not 0 <= value <= MAX_VALUE:
        raise MisuseError(f"Cells hold 0 to {MAX_VALUE}, not {value}")
    bits = value << 8 | crc8(value.to_bytes(5, "big"))
    return tuple(bool(bits >> (COUNT - 1 - index) & 1) for index in range(COUNT))


def decode(cells: Sequence[bool]) -> int | None:
    """The value of COUNT cells, None where the checksum fails."""
    bits = sum(cell << (COUNT - 1 - index) for index, cell in enumerate(cells))
    value, check = bits >> 8, bits & 0xFF
    return value if crc8(value.to_bytes(5, "big")) == check else None


def band_height(height: int) -> int:
    """Lines that the cells take of a picture, even for the sake of its chroma."""
    return max(2, 2 * round(height * BAND / 2))


def edges(width: int) -> list[int]:
    """The COUNT + 1 columns between which the cells lie."""
    return [round(index * width / COUNT) for index in range(COUNT + 1)]


def paint(luma: Luma, value: int) -> None:
    """Draw a value onto the top lines of a picture, in place."""
    height, width = luma.shape
    lengths = np.diff(edges(width))
    line = np.repeat(np.where(encode(value), WHITE, BLACK).astype(np.uint8), lengths)
    luma[: band_height(height)] = line


def read(luma: Luma) -> int | None:
    """The value on a picture of any size, None where there is none."""
    height, width = luma.shape
    band, cell = height * BAND, width / COUNT
    top, bottom = _inside(0, band)
    lines = luma[top:bottom].mean(axis=0)
    spans = [_inside(index * cell, cell) for index in range(COUNT)]
    return decode([bool(lines[left:right].mean() > THRESHOLD) for left, right in spans])


def _inside(start: float, length: float) -> tuple[int, int]:
    """The pixels well within a span, at least one."""
    first = round(start + MARGIN * length)
    return first, max(first + 1, round(start + (1 - MARGIN) * length))
