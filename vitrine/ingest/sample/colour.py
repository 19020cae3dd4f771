"""Colours and planes: light is computed linearly, pictures are BT.709 in limited range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Light and maps, in whatever precision."""
Plane = NDArray[np.uint8]

GAMMA = 2.2
NOISE = 0.5
"""Steps of brightness that a still gradient is roughened by, so that it does not show as bands."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame as yuv420p, BT.709, limited range: luma at full size, chroma at half."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        return self.y, self.u, self.v


def linear(colour: str) -> Floats:
    """Light of a colour written as in a style sheet: `#d9cbb8`."""
    code = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return np.array(code, np.float32) ** np.float32(GAMMA)


def mix(below: Floats, above: Floats, cover: Floats | float) -> Floats:
    """`above` laid over `below` where `cover` says, 0 to 1; a map of cover has one axis less than the colours."""
    share = np.asarray(cover, np.float32)
    if share.ndim:
        share = share[..., None]
    result: Floats = below + (above - below) * share
    return result


def to_planes(light: Floats) -> tuple[Floats, Floats, Floats]:
    """Linear RGB of even size to planes of code values, not yet rounded."""
    code = np.clip(light, 0, 1) ** np.float32(1 / GAMMA)
    luma = code @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    small = (code[::2, ::2] + code[1::2, ::2] + code[::2, 1::2] + code[1::2, 1::2]) / 4
    small_luma = small @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    blue = (small[..., 2] - small_luma) / np.float32(1.8556)
    red = (small[..., 0] - small_luma) / np.float32(1.5748)
    return 16 + 219 * luma, 128 + 224 * blue, 128 + 224 * red


def to_picture(light: Floats) -> Picture:
    """Linear RGB to a picture, its gradients roughened by the same noise every time."""
    random = np.random.default_rng(1)
    rough = (plane + 2 * NOISE * (random.random(plane.shape, np.float32) - 0.5) for plane in to_planes(light))
    return Picture(*(np.clip(np.rint(plane), 16, 240).astype(np.uint8) for plane in rough))
