"""The products of the sample show, and the set that each is shown on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from vitrine.ingest.sample import patterns
from vitrine.ingest.sample.patterns import Pattern
from vitrine.ingest.sample.turned import Material, Stops


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a set: wall, the niche in it, floor, plinth, lettering."""

    wall: str
    niche: str
    floor: str
    plinth: str
    ink: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its labels, its shape and its colours.

    `size` is its height as a share of the tallest. Where the pattern is 1 the outside has the `painted` material,
    and leans sideways by `relief`; `twist` turns the pattern from foot to top, in turns. `lid` is the colour of
    the top, seen from inside if it is `opened`.
    """

    code: str
    name: str
    line: str
    palette: Palette
    stops: Stops
    material: Material
    pattern: Callable[[], Pattern]
    size: float = 1.0
    painted: Material | None = None
    relief: float = 0.0
    twist: float = 0.0
    lid: str = "#ffffff"
    opened: bool = True


WAVE_VASE = Product(
    code="WM-4411",
    name="WAVE VASE",
    line="FLUTED STONEWARE",
    palette=Palette("#d8cdbd", "#c3ae94", "#cdbfac", "#ece5da", "#3a322b"),
    stops=(
        (0, 0.15), (0.04, 0.175), (0.2, 0.27), (0.36, 0.315), (0.5, 0.3), (0.66, 0.215), (0.8, 0.135),
        (0.9, 0.125), (0.97, 0.155), (1, 0.165),
    ),
    material=Material(((0, "#5f8f86"), (0.6, "#7fb0a4"), (1, "#a9cdc0")), gloss=0.5),
    pattern=partial(patterns.flutes, 16),
    relief=0.42,
    twist=0.16,
    lid="#8fbcb0",
)  # fmt: skip

PLEAT_LAMP = Product(
    code="LT-2070",
    name="PLEAT LAMP",
    line="LINEN AND BRASS",
    palette=Palette("#40506a", "#33425b", "#3a465a", "#5d6b82", "#f3e6cf"),
    stops=(
        (0, 0.17), (0.035, 0.17), (0.055, 0.03), (0.1, 0.022), (0.47, 0.022), (0.475, 0.36), (0.52, 0.352), (1, 0.2),
    ),
    material=Material(
        ((0, "#c39a52"), (0.45, "#d9b468"), (0.47, "#ffcf8a"), (0.7, "#ffe9c4"), (1, "#ffdca6")),
        gloss=0.25,
        glows_from=0.46,
    ),
    painted=Material(
        ((0, "#c39a52"), (0.45, "#d9b468"), (0.47, "#d99a55"), (0.7, "#f0bd80"), (1, "#dca467")),
        gloss=0.25,
        glows_from=0.46,
    ),
    pattern=partial(patterns.flutes, 30),
    lid="#fff3da",
    opened=False,
)  # fmt: skip

RING_BOTTLE = Product(
    code="KD-1180",
    name="RING BOTTLE",
    line="HAND PAINTED",
    palette=Palette("#c9d0c4", "#a9b5a4", "#bac2b3", "#e4e8df", "#2c3a33"),
    stops=(
        (0, 0.2), (0.03, 0.225), (0.3, 0.235), (0.5, 0.225), (0.6, 0.17), (0.68, 0.085), (0.76, 0.065), (0.93, 0.065),
        (0.95, 0.09), (1, 0.09),
    ),
    material=Material(((0, "#efe7da"), (1, "#fbf6ec")), gloss=0.35),
    painted=Material(((0, "#b4472f"), (1, "#c9573b")), gloss=0.45),
    pattern=partial(patterns.hoops, ((0.08, 0.13), (0.17, 0.2), (0.24, 0.38), (0.42, 0.45), (0.8, 0.86)), 0.3),
    twist=0.3,
    lid="#e2d8c8",
)  # fmt: skip

NORD_CANDLE = Product(
    code="CN-0932",
    name="NORD CANDLE",
    line="CEDAR AND FIG",
    palette=Palette("#c98f78", "#b3745e", "#bb8069", "#e3bfae", "#2f1d18"),
    stops=((0, 0.36), (0.03, 0.385), (0.78, 0.385), (0.8, 0.4), (0.98, 0.4), (1, 0.385)),
    material=Material(
        ((0, "#2b2a2c"), (0.76, "#343235"), (0.785, "#c9a66b"), (1, "#dcbc84")),
        gloss=0.6,
    ),
    painted=Material(((0, "#f1dfc2"), (1, "#f1dfc2")), gloss=0.3),
    pattern=partial(patterns.inscription, "NORD", 0.42, 0.14, 3, 2.42),
    size=0.7,
    lid="#d6b57c",
    opened=False,
)

TERRAZZO_BOWL = Product(
    code="BW-5502",
    name="TERRAZZO BOWL",
    line="CAST STONE",
    palette=Palette("#b9b3c4", "#9a92ab", "#aba4b6", "#dcd8e3", "#2b2635"),
    stops=((0, 0.3), (0.05, 0.31), (0.08, 0.27), (0.14, 0.3), (0.3, 0.62), (0.55, 0.86), (0.8, 0.98), (1, 1.02)),
    material=Material(((0, "#e9e4dc"), (1, "#f7f3ec")), gloss=0.4),
    painted=Material(
        ((0, "#3f6f7d"), (0.35, "#c66b4e"), (0.6, "#4d4a57"), (0.8, "#d19f4a"), (1, "#3f6f7d")), gloss=0.4
    ),
    pattern=partial(patterns.terrazzo, 420, 5.2),
    size=0.5,
    lid="#e6e0d8",
)

PRODUCTS = (WAVE_VASE, PLEAT_LAMP, RING_BOTTLE, NORD_CANDLE, TERRAZZO_BOWL)
