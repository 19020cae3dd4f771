import numpy as np
import pytest

from vitrine.ingest.sample.colour import Picture, linear, mix, to_picture, to_planes

BT709 = [
    ("#000000", (16, 128, 128)),
    ("#ffffff", (235, 128, 128)),
    ("#ff0000", (63, 102, 240)),
    ("#00ff00", (173, 42, 26)),
    ("#0000ff", (32, 240, 118)),
    ("#808080", (126, 128, 128)),
]
"""Colour, and Y, U, V in limited range (ITU-R BT.709)."""


def flat(colour: str, width: int = 8, height: int = 4) -> Picture:
    return to_picture(np.broadcast_to(linear(colour), (height, width, 3)))


@pytest.mark.parametrize(("colour", "code"), BT709)
def test_code_values(colour: str, code: tuple[int, int, int]) -> None:
    y, u, v = to_planes(np.broadcast_to(linear(colour), (2, 2, 3)))
    assert (round(float(y[0, 0])), round(float(u[0, 0])), round(float(v[0, 0]))) == code


def test_planes_have_their_sizes() -> None:
    picture = flat("#123456", 8, 4)
    assert [plane.shape for plane in picture.planes] == [(4, 8), (2, 4), (2, 4)]


def test_noise_is_small_and_the_same_each_time() -> None:
    one, other = flat("#808080", 64, 64), flat("#808080", 64, 64)
    assert all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))
    assert set(np.unique(one.y)) <= {125, 126, 127}
    assert abs(one.y.mean() - 126) < 0.5


def test_mix() -> None:
    below, above = np.zeros((1, 3, 3)), np.ones((1, 3, 3))
    assert mix(below, above, np.array([[0.0, 0.25, 1.0]]))[0, :, 0].tolist() == [0, 0.25, 1]
    assert mix(below, above, 0.5).max() == 0.5
