"""A product that turns: everything that stays is computed once, each frame only looks up its pattern."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitrine.ingest.sample.colour import Floats, Picture, mix, to_planes
from vitrine.ingest.sample.patterns import ROWS
from vitrine.ingest.sample.products import Product
from vitrine.ingest.sample.turned import TURN, Surface, shade, shade_lid

SCALE = 127
"""Patterns are kept in a byte: 127 is 1."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """One plane of the moving part: values without the pattern, what it adds, and where each pixel finds it."""

    top: int
    left: int
    still: NDArray[np.int16]
    gain: NDArray[np.int16]
    index: NDArray[np.int32]

    def draw(self, plane: NDArray[np.uint8], pattern: NDArray[np.int8], shift: int) -> None:
        values = self.gain * pattern.take(self.index + shift)
        values >>= 7
        values += self.still
        np.clip(values, 16, 240, out=values)
        rows, columns = values.shape
        plane[self.top : self.top + rows, self.left : self.left + columns] = values


class Turntable:
    """A product standing on a picture."""

    def __init__(self, product: Product, surface: Surface, scene: Floats, left: int, top: int) -> None:
        """`scene` is the linear light behind the product at (`left`, `top`), both even, as large as the surface."""
        pattern = np.rint(product.pattern() * SCALE).astype(np.int8)
        self._pattern = np.concatenate([pattern, pattern], axis=1).ravel()
        lid = shade_lid(surface, product.lid, product.opened)
        behind = mix(scene, lid, surface.lid)
        plain = mix(behind, shade(surface, product.material), surface.body)
        cover = surface.body * surface.limb
        painted = mix(plain, shade(surface, product.painted or product.material, product.relief), cover)
        rows = np.clip((surface.height * ROWS).astype(np.int32), 0, ROWS - 1)
        angle = (surface.angle + (surface.height * product.twist * TURN).astype(np.int32)) % TURN
        index = rows * np.int32(2 * TURN) + angle
        self._planes = []
        for number, (still, other) in enumerate(zip(to_planes(plain), to_planes(painted), strict=True)):
            step = 2 if number else 1
            whole = np.rint(still).astype(np.int16), np.rint(other - still).astype(np.int16)
            places = np.ascontiguousarray(index[::step, ::step])
            self._planes.append(_Plane(top // step, left // step, *whole, places))

    def draw(self, picture: Picture, turns: float) -> None:
        """Draw the product, turned by so many turns, in place."""
        shift = int(turns * TURN) % TURN
        for plane, pixels in zip(self._planes, picture.planes, strict=True):
            plane.draw(pixels, self._pattern, shift)
