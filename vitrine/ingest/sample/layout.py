"""Where everything stands on a picture of any shape, in pixels."""

from dataclasses import dataclass

from vitrine.ingest.sample.cells import band_height

FOOTER = 0.895
"""The footer's upper edge as a share of the height."""


LABEL_WIDTH = 440
"""Units that the widest label takes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places for a picture of `width` by `height`."""

    width: int
    height: int

    @property
    def portrait(self) -> bool:
        return self.height > self.width

    @property
    def unit(self) -> float:
        """A pixel of a picture whose short side has 720."""
        return min(self.width, self.height) / 720

    @property
    def top(self) -> int:
        """First line below the cells."""
        return band_height(self.height)

    @property
    def footer(self) -> int:
        """First line of the footer; even."""
        return 2 * round(self.height * FOOTER / 2)

    @property
    def axis(self) -> float:
        """Column about which products turn."""
        return self.width * (0.5 if self.portrait else 0.67)

    @property
    def horizon(self) -> float:
        """Line where the wall meets the floor."""
        return self.height * (0.755 if self.portrait else 0.765)

    @property
    def stand(self) -> float:
        """Line of the foot of the product, in the middle of the plinth's top."""
        return self.height * (0.70 if self.portrait else 0.685)

    @property
    def plinth(self) -> tuple[float, float]:
        """Radius and height."""
        return (190 * self.unit, 110 * self.unit) if self.portrait else (158 * self.unit, 98 * self.unit)

    @property
    def product_height(self) -> float:
        """Height of the tallest product."""
        return (430 if self.portrait else 350) * self.unit

    @property
    def niche(self) -> tuple[float, float]:
        """Half its width, and its upper edge."""
        return (262 * self.unit, self.height * 0.235) if self.portrait else (212 * self.unit, self.height * 0.092)

    @property
    def label(self) -> tuple[float, float]:
        """Left end and upper edge of the product's label."""
        return (52 * self.unit, self.height * 0.062) if self.portrait else (self.width * 0.07, self.height * 0.33)

    @property
    def label_scale(self) -> float:
        """How large the label is drawn: smaller where it would run into the niche."""
        if self.portrait:
            return 0.9
        room = self.axis - self.niche[0] - self.label[0]
        return min(1.0, room / (LABEL_WIDTH * self.unit))
