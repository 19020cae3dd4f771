"""The studio set: a wall with a niche, window light, a floor and a plinth, as linear light."""

import numpy as np

from vitrine.ingest.sample.colour import Floats, linear, mix
from vitrine.ingest.sample.layout import Layout
from vitrine.ingest.sample.lettering import Coverage, draw
from vitrine.ingest.sample.products import Palette, Product
from vitrine.ingest.sample.turned import Material, shade, shade_lid, turn

LAMPLIGHT = linear("#ffb765")


def build(product: Product, layout: Layout) -> Floats:
    """Rows by columns by RGB: the set of a product with its label, without the product."""
    palette = product.palette
    y, x = np.mgrid[0 : layout.height, 0 : layout.width].astype(np.float32) + np.float32(0.5)
    light = _wall(palette, layout, x, y)
    light = mix(light, _floor(palette, layout, x, y), _soft(y - layout.horizon, 1.0))
    if product.material.glows_from < 1:
        _add_lamplight(light, layout, x, y)
    _add_plinth(light, product, layout, x, y)
    _add_label(light, product, layout)
    return light


def _soft(distance: Floats, width: float) -> Floats:
    """0 to 1 across an edge, `width` pixels wide, that lies where the distance is 0."""
    step: Floats = np.clip(distance / np.float32(width) + np.float32(0.5), 0, 1)
    return step * step * (3 - 2 * step)


def _wall(palette: Palette, layout: Layout, x: Floats, y: Floats) -> Floats:
    width, height, unit = layout.width, layout.height, layout.unit
    pool: Floats = np.exp(-(((x - 0.38 * width) / (0.62 * width)) ** 2) - ((y - 0.22 * height) / (0.62 * height)) ** 2)
    wall = linear(palette.wall) * (0.62 + 0.5 * pool)[..., None]
    half, top = layout.niche
    inside = _soft(-_arch_distance(layout, x, y, half, top), 1.5)
    shadow = _soft(_arch_distance(layout, x - 26 * unit, y - 20 * unit, half, top), 70 * unit)
    depth = (0.8 + 0.3 * (x - layout.axis + half) / (2 * half)) * (1 - 0.45 * shadow)
    niche = linear(palette.niche) * (depth * (0.72 + 0.4 * pool))[..., None]
    light = mix(wall, niche, inside)
    beam = _window_light(layout, x, y) * (1 - inside)
    return np.asarray(light * (1 + 0.22 * beam)[..., None], np.float32)


def _arch_distance(layout: Layout, x: Floats, y: Floats, half: float, top: float) -> Floats:
    """Pixels from the edge of a door with a round top, negative inside."""
    middle = top + half
    away = np.abs(x - layout.axis)
    return np.asarray(np.where(y > middle, away - half, np.hypot(away, y - middle) - half), np.float32)


def _window_light(layout: Layout, x: Floats, y: Floats) -> Floats:
    """Sun through two panes of a window, falling on the wall at a slant."""
    unit = layout.unit
    slant = x + 0.45 * y
    total: Floats = np.zeros_like(x)
    for left in (60, 300):
        pane = _soft(slant - left * unit, 60 * unit) * (1 - _soft(slant - (left + 200) * unit, 60 * unit))
        total += pane
    total *= 1 - _soft(y - 0.62 * layout.height, 0.4 * layout.height)
    return total


def _floor(palette: Palette, layout: Layout, x: Floats, y: Floats) -> Floats:
    near = np.clip((y - layout.horizon) / (layout.footer - layout.horizon), 0, 1)
    pool = np.exp(-(((x - layout.axis) / (0.55 * layout.width)) ** 2))
    floor: Floats = linear(palette.floor) * (0.5 + 0.28 * near + 0.26 * pool)[..., None]
    return floor


def _add_lamplight(light: Floats, layout: Layout, x: Floats, y: Floats) -> None:
    """The warm light of a lamp on the wall behind it."""
    reach = 300 * layout.unit
    away = np.hypot(x - layout.axis, y - (layout.stand - 0.72 * layout.product_height)) / reach
    light += LAMPLIGHT * (0.42 * np.exp(-1.6 * away))[..., None]


def _add_plinth(light: Floats, product: Product, layout: Layout, x: Floats, y: Floats) -> None:
    """The plinth with its shadow on the floor, and the product's shadow on the plinth."""
    radius, tall = layout.plinth
    ground = layout.stand + tall
    cast = np.exp(-(((x - layout.axis - 0.55 * radius) / (1.5 * radius)) ** 2) - ((y - ground) / (0.3 * radius)) ** 2)
    light *= (1 - 0.5 * cast * _soft(y - layout.horizon + 4, 8))[..., None]
    surface = turn(((0, radius / tall), (1, radius / tall)), tall)
    rows, columns = surface.height.shape
    left, top = round(layout.axis - columns / 2), round(ground) - surface.foot
    area = light[top : top + rows, left : left + columns]
    lid = shade_lid(surface, product.palette.plinth, opened=False)
    foot = product.stops[0][1] * product.size * layout.product_height / radius
    right, up = surface.lid_place[..., 0], surface.lid_place[..., 1]
    fall = np.exp(-(((right - 0.22) / (foot + 0.3)) ** 2) - ((up + 0.05) / (foot + 0.2)) ** 2)
    touch = np.exp(-(np.maximum(0, np.hypot(right, up) - foot) / 0.06))
    lid *= (1 - 0.38 * fall)[..., None] * (1 - 0.45 * touch)[..., None]
    area[:] = mix(area, lid, surface.lid)
    colour = product.palette.plinth
    area[:] = mix(area, shade(surface, Material(((0, colour), (1, colour)), gloss=0.0)), surface.body)


def _add_label(light: Floats, product: Product, layout: Layout) -> None:
    """Name, number and line of the product, one below the other."""
    left, top = layout.label
    size, ink = layout.unit * layout.label_scale, linear(product.palette.ink)
    _write(light, draw(product.name, 19 * size, 0.105, 0.52), left, top, ink)
    _write(light, draw(product.code, 74 * size, 0.078, 0.22), left, top + 54 * size, ink)
    rule = round(top + 162 * size)
    light[rule : rule + max(1, round(2 * size)), round(left) : round(left + 66 * size)] = ink
    _write(light, draw(product.line, 13 * size, 0.11, 0.6), left, top + 188 * size, ink)


def _write(light: Floats, ink: Coverage, left: float, top: float, colour: Floats) -> None:
    rows, columns = ink.shape
    area = light[round(top) : round(top) + rows, round(left) : round(left) + columns]
    area[:] = mix(area, colour, ink[: area.shape[0], : area.shape[1]])
