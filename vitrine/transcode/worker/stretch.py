"""Sound made a little longer or shorter, to follow the picture's clock. Pure."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Shape (2, n): left and right, full scale at 1."""

HALF = 16
"""Taps on each side of a windowed sinc. The passband reaches 20 kHz at 48 kHz."""

KAISER_BETA = 8.0
"""Stopband about 80 dB down: below the noise of AAC at any bitrate."""


class Stretcher:
    """Turns n samples into m, sample boundaries kept; exact where n and m are equal.

    What comes out is HALF samples behind what goes in: the kernel looks ahead.
    """

    def __init__(self) -> None:
        self._tail: Samples = np.zeros((2, 2 * HALF), np.float32)

    def push(self, samples: Samples, count: int) -> Samples:
        """`count` samples in place of the given ones."""
        length = samples.shape[1]
        line = np.concatenate((self._tail, samples), axis=1)
        self._tail = line[:, length:].copy()
        if count == length:
            return line[:, HALF : HALF + length]
        starts, kernel = _kernel(length, count)
        windows = np.lib.stride_tricks.sliding_window_view(line, 2 * HALF, axis=1)[:, starts]
        stretched: Samples = np.einsum("cmk,mk->cm", windows, kernel)
        return stretched


@lru_cache(maxsize=32)
def _kernel(length: int, count: int) -> tuple[npt.NDArray[np.int64], Samples]:
    """For each output sample: where its window starts in the line, and its weights."""
    positions = HALF + np.arange(count) * (length / count)
    whole = np.floor(positions).astype(np.int64)
    starts = whole - (HALF - 1)
    distance = (starts[:, None] + np.arange(2 * HALF)) - positions[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / HALF) ** 2, 0, None))) / np.i0(KAISER_BETA)
    weights = np.sinc(distance) * window
    return starts, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
