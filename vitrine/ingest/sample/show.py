"""The sample show's pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vitrine.ingest.sample import cells, flash
from vitrine.media.errors import ConfigError

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame as yuv420p, BT.709, limited range: luma at full size, chroma at half."""

    y: Plane
    u: Plane
    v: Plane


@dataclass(frozen=True)
class SampleShow:
    """`seconds` of show as pictures. The same arguments give the same bytes."""

    width: int = 1280
    height: int = 720
    rate: Fraction = Fraction(30)
    seconds: Fraction = Fraction(30)

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or min(self.width, self.height) < 96:
            raise ConfigError(
                f"A picture of {self.width}x{self.height} cannot be made; give even sides from 96 pixels."
            )

    def __len__(self) -> int:
        return max(1, round(self.seconds * self.rate))

    def __iter__(self) -> Iterator[Picture]:
        return (self.picture(frame) for frame in range(len(self)))

    def picture(self, frame: int) -> Picture:
        chroma = np.full((self.height // 2, self.width // 2), 128, np.uint8)
        luma = np.full((self.height, self.width), 90, np.uint8)
        lit = flash.is_flash(frame, self.rate)
        top, left = int(flash.TOP * self.height), int(flash.LEFT * self.width)
        luma[top : top + int(flash.HEIGHT * self.height), left : left + int(flash.WIDTH * self.width)] = (
            235 if lit else 16
        )
        cells.paint(luma, frame)
        return Picture(luma, chroma, chroma)
