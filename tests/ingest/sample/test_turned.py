import numpy as np
import pytest

from vitrine.ingest.sample.turned import COS, SIN, TURN, Material, shade, shade_lid, smooth_profile, turn

CYLINDER = ((0, 0.5), (1, 0.5))
VASE = ((0, 0.1), (0.4, 0.3), (0.8, 0.1), (1, 0.15))
SIZE = 200.0


def test_a_profile_passes_its_stops_and_does_not_overshoot() -> None:
    heights, radii = smooth_profile(VASE)
    assert np.interp([height for height, _ in VASE], heights, radii) == pytest.approx([0.1, 0.3, 0.1, 0.15], abs=1e-3)
    assert radii.max() <= 0.3 + 1e-6
    assert radii.min() >= 0.1 - 1e-6
    assert np.abs(np.diff(radii, 2)).max() < 1e-4


def test_a_cylinder_is_as_large_as_it_should_be() -> None:
    surface = turn(CYLINDER, SIZE)
    columns = surface.body.max(axis=0)
    assert columns.sum() == pytest.approx(SIZE, abs=1)
    middle = surface.body[:, surface.body.shape[1] // 2]
    assert middle.sum() == pytest.approx(SIZE * COS, abs=1)
    assert surface.lid.sum() == pytest.approx(np.pi * (SIZE / 2) ** 2 * SIN, rel=0.02)


def test_edges_are_smooth() -> None:
    body = turn(VASE, SIZE).body
    assert ((body > 0.1) & (body < 0.9)).sum() > SIZE
    assert body.max() == 1


def test_angles_run_from_left_to_right() -> None:
    surface = turn(CYLINDER, SIZE)
    row = surface.angle[surface.foot - 60]
    inside = row[surface.body[surface.foot - 60] == 1]
    assert (np.diff(inside) > 0).all()
    assert inside[0] == pytest.approx(TURN // 4, abs=120)
    assert inside[-1] == pytest.approx(3 * TURN // 4, abs=120)
    assert inside[len(inside) // 2] == pytest.approx(TURN // 2, abs=10)


def test_heights_grow_upwards() -> None:
    surface = turn(VASE, SIZE)
    middle = surface.height[:, surface.height.shape[1] // 2]
    shown = middle[surface.body[:, surface.body.shape[1] // 2] == 1]
    assert (np.diff(shown) < 0).all()
    assert shown[0] > 0.95
    assert shown[-1] < 0.05


def test_normals_are_of_length_one_and_face_the_viewer() -> None:
    surface = turn(VASE, SIZE)
    shown = surface.normal[surface.body == 1]
    assert np.linalg.norm(shown, axis=-1) == pytest.approx(1, abs=0.02)
    assert (shown[:, 2] >= 0).all()


def test_a_rim_hides_what_lies_behind_it() -> None:
    """Under the shade of a lamp no part of its stem shows through."""
    surface = turn(((0, 0.05), (0.5, 0.05), (0.51, 0.5), (1, 0.5)), SIZE)
    shade_rows = surface.height[:, surface.height.shape[1] // 2]
    assert not ((shade_rows > 0.42) & (shade_rows < 0.5) & (surface.body[:, surface.body.shape[1] // 2] == 1)).any()


def test_cut() -> None:
    surface = turn(VASE, SIZE).cut(10, 12)
    assert surface.height.shape == surface.lid.shape == surface.angle.shape == (10, 12)
    assert surface.normal.shape == (10, 12, 3)


def test_light_falls_from_the_upper_left() -> None:
    surface = turn(CYLINDER, SIZE)
    light = shade(surface, Material(((0, "#808080"), (1, "#808080")), gloss=0.0))
    row = light[surface.foot - 100, :, 0][surface.body[surface.foot - 100] == 1]
    assert row[: len(row) // 2].mean() > 1.3 * row[len(row) // 2 :].mean()
    assert light.min() >= 0


def test_gloss_glow_and_relief_change_the_light() -> None:
    surface, grey = turn(VASE, SIZE), ((0, "#808080"), (1, "#808080"))
    matt = shade(surface, Material(grey, gloss=0.0))
    assert shade(surface, Material(grey, gloss=0.6)).max() > 1.2 * matt.max()
    glowing = shade(surface, Material(grey, gloss=0.0, glows_from=0.5))
    upper = (surface.height > 0.5) & (surface.body == 1)
    assert glowing[upper].mean() > matt[upper].mean()
    assert np.allclose(glowing[~(surface.height > 0.5)], matt[~(surface.height > 0.5)])
    assert not np.allclose(shade(surface, Material(grey, gloss=0.0), relief=0.4), matt)


def test_a_material_changes_with_height() -> None:
    colours = Material(((0, "#000000"), (1, "#ffffff"))).at(np.array([0.0, 0.5, 1.0]))
    assert colours[:, 0].tolist() == [0, 0.5, 1]


def test_a_lid_is_bright_and_an_opening_is_dark() -> None:
    surface = turn(CYLINDER, SIZE)
    inside = surface.lid == 1
    assert (
        shade_lid(surface, "#ffffff", opened=False)[inside].mean()
        > 2 * shade_lid(surface, "#ffffff", opened=True)[inside].mean()
    )
