"""Shapes turned on a lathe, seen from slightly above: which point of the shape each pixel shows, and its light.

The camera is far away and looks down by TILT. A height of the shape's axis is `COS` times as high on the
screen, a circle is an ellipse `SIN` times as high as wide. The axis stands in the middle of the map, its foot
FOOT pixels above the last row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitrine.ingest.sample.colour import Floats, linear

SIN = 0.2
COS = (1 - SIN * SIN) ** 0.5

SLICES = 700
"""Heights at which a profile is sampled: about two for each pixel of the largest shape."""

TURN = 4096
"""Steps of a full turn in a pattern: below half a pixel on the largest shape."""

LIGHT = np.array((-0.56, 0.62, 0.55)) / np.linalg.norm((-0.56, 0.62, 0.55))
"""Where the key light stands: to the left, up, to the viewer."""

VIEW = np.array((0.0, SIN, COS))
HALF_WAY = (LIGHT + VIEW) / np.linalg.norm(LIGHT + VIEW)

Stops = Sequence[tuple[float, float]]
"""(height, radius) pairs from the foot up, both as shares of the shape's height."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Maps of rows by columns: what each pixel of a turned shape shows.

    `height` is 0 to 1 along the axis, `angle` in steps of TURN, `body` the cover of the outside, `lid` that of
    the top, whose `lid_place` is -1 to 1 to the right and up. Normals point right, up and to the viewer.
    `limb` is 1 where the outside faces the viewer and 0 at its edges. `foot` is the row of the axis's foot.
    """

    height: Floats
    angle: NDArray[np.int32]
    body: Floats
    lid: Floats
    lid_place: Floats
    normal: Floats
    limb: Floats
    foot: int

    def cut(self, rows: int, columns: int) -> "Surface":
        """The upper left part of the maps."""
        area = (slice(rows), slice(columns))
        return Surface(
            height=self.height[area],
            angle=self.angle[area],
            body=self.body[area],
            lid=self.lid[area],
            lid_place=self.lid_place[area],
            normal=self.normal[area],
            limb=self.limb[area],
            foot=self.foot,
        )


def smooth_profile(stops: Stops) -> tuple[Floats, Floats]:
    """SLICES heights and radii along a curve through the stops that does not overshoot them."""
    at, radius = np.array(stops).T
    steps = np.diff(at)
    slopes = np.diff(radius) / steps
    product = slopes[1:] * slopes[:-1]
    # harmonic means where the curve goes on in one direction, level where it turns (Fritsch and Butland)
    means = np.where(product > 0, 2 * product / np.where(product > 0, slopes[1:] + slopes[:-1], 1), 0)
    tangents = np.concatenate([slopes[:1], means, slopes[-1:]])
    heights = np.linspace(0, 1, SLICES)
    piece = np.clip(np.searchsorted(at, heights, "right") - 1, 0, len(steps) - 1)
    t, step = (heights - at[piece]) / steps[piece], steps[piece]
    radii = (1 + 2 * t) * (1 - t) ** 2 * radius[piece] + t**2 * (3 - 2 * t) * radius[piece + 1]
    radii += step * (t * (1 - t) ** 2 * tangents[piece] + t**2 * (t - 1) * tangents[piece + 1])
    return heights.astype(np.float32), radii.astype(np.float32)


def turn(stops: Stops, size: float) -> Surface:
    """The surface of a profile, `size` pixels high."""
    heights, radii = smooth_profile(stops)
    tall, wide = size * heights, size * radii
    foot = int(np.ceil(wide[:40].max() * SIN)) + 2
    rows = int(np.ceil(size * COS + wide[-1] * SIN)) + 3 + foot
    reach = int(np.ceil(wide.max())) + 2
    x = np.arange(-reach, reach) + 0.5
    up = rows - foot - 0.5 - np.arange(rows)
    at, front = _visible_height(tall, wide, x, up)
    radius = np.maximum(np.interp(at, tall, wide), 1)
    slope = np.interp(at, tall, np.gradient(wide, tall))
    side = (radius - np.abs(x)) / np.sqrt(1 + np.minimum(slope, 3) ** 2)
    z = np.sqrt(np.maximum(radius**2 - x**2, 0))
    steep = 1 / np.sqrt(1 + slope**2)
    normal = np.stack([np.clip(x / radius, -1, 1) * steep, -slope * steep, z / radius * steep], axis=-1)
    turned = np.arctan2(np.broadcast_to(x, z.shape), z) / (2 * np.pi) * TURN + TURN // 2
    brim = max(1.0, float(wide[-1]))
    place = np.stack(np.broadcast_arrays(x / brim, (up[:, None] - size * COS) / (brim * SIN)), axis=-1)
    lid = _cover((1 - np.hypot(place[..., 0], place[..., 1])) * brim * SIN)
    return Surface(
        height=(at / size).astype(np.float32),
        angle=turned.astype(np.int32),
        body=(_cover(side) * front).astype(np.float32),
        lid=lid.astype(np.float32),
        lid_place=place.astype(np.float32),
        normal=normal.astype(np.float32),
        limb=np.clip(3 * z / radius, 0, 1).astype(np.float32),
        foot=rows - foot,
    )


def _visible_height(tall: Floats, wide: Floats, x: Floats, up: Floats) -> tuple[Floats, Floats]:
    """The height that each pixel shows, and how much of the pixel lies between the foot's and the top's front rim."""
    depth = np.sqrt(np.maximum(wide[:, None] ** 2 - x**2, 0))
    screen = tall[:, None] * COS - depth * SIN
    screen = np.minimum.accumulate(screen[::-1], axis=0)[::-1]  # what lies lower is hidden behind a jutting rim
    at = np.stack([np.interp(up, screen[:, column], tall) for column in range(len(x))], axis=1)
    return at, _cover(up[:, None] - screen[0]) * _cover(screen[-1] - up[:, None])


def _cover(distance: Floats) -> Floats:
    """How much of a pixel lies inside, from its middle's distance to the edge."""
    cover: Floats = np.clip(distance + 0.5, 0, 1)
    return cover


@dataclass(frozen=True, slots=True)
class Material:
    """Colour by height, (height, "#rrggbb") pairs; how glossy, 0 to 1; from which height on it shines by itself."""

    colours: Sequence[tuple[float, str]]
    gloss: float = 0.3
    glows_from: float = 2.0

    def at(self, height: Floats) -> Floats:
        stops = [stop for stop, _ in self.colours]
        shades = np.array([linear(colour) for _, colour in self.colours])
        channels = [np.interp(height, stops, shades[:, channel]) for channel in range(3)]
        return np.stack(channels, axis=-1).astype(np.float32)


def shade(surface: Surface, material: Material, relief: float = 0.0) -> Floats:
    """Linear RGB of the outside under the studio's light; `relief` leans it sideways, as on the flank of a flute."""
    normal = surface.normal
    if relief:
        sideways = np.stack([normal[..., 2], 0 * normal[..., 0], -normal[..., 0]], axis=-1)
        normal = normal + relief * sideways
        normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    key = np.clip(normal @ LIGHT * 0.75 + 0.25, 0, None) ** 1.4
    fill = 0.5 + 0.5 * (normal @ np.array((0.75, 0.2, 0.6)))
    diffuse = 1.0 * key + 0.14 * fill + 0.16 * (0.5 + 0.5 * normal[..., 1])
    diffuse *= 1 - 0.4 * np.exp(-surface.height * 14)  # the ground takes light away from the foot
    facing: Floats = np.clip(normal @ VIEW, 0, 1)
    shine = material.gloss * np.clip(normal @ HALF_WAY, 0, 1) ** (12 + 70 * material.gloss)
    edge = 0.10 * (1 - facing) ** 3
    diffuse = np.where(surface.height > material.glows_from, 0.55 + 0.6 * facing, diffuse)
    light = material.at(surface.height) * diffuse[..., None] + (shine + edge)[..., None]
    return np.asarray(light, np.float32)


def shade_lid(surface: Surface, colour: str, opened: bool) -> Floats:
    """Linear RGB of the top: a flat lid, or the inside of an open vessel lit on its right."""
    right, up = surface.lid_place[..., 0], surface.lid_place[..., 1]
    if opened:
        rim = np.clip((np.hypot(right, up) - 0.86) / 0.1, 0, 1)
        strength = (0.14 + 0.16 * (up + 1) + 0.10 * right) * (1 - rim) + 0.95 * rim
    else:
        strength = 0.98 - 0.08 * right + 0.05 * up
    return (linear(colour) * strength[..., None]).astype(np.float32)
