import numpy as np
import pytest

from vitrine.ingest.sample.patterns import ROWS, Pattern, flutes, hoops, inscription, terrazzo
from vitrine.ingest.sample.products import PRODUCTS, Product
from vitrine.ingest.sample.turned import TURN


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_every_product_has_a_pattern_that_turns_without_a_seam(product: Product) -> None:
    pattern = product.pattern()
    assert pattern.shape == (ROWS, TURN)
    assert -1 <= pattern.min() <= pattern.max() <= 1
    around = np.abs(np.diff(pattern, axis=1)).max()
    seam = np.abs(pattern[:, 0] - pattern[:, -1]).max()
    assert seam <= around
    assert around > 0


def turns_in(pattern: Pattern) -> int:
    return int(np.abs(np.fft.rfft(pattern[ROWS // 2])).argmax())


def test_flutes() -> None:
    assert turns_in(flutes(16)) == 16


def test_hoops_lie_between_their_heights_and_are_open() -> None:
    pattern = hoops(((0.25, 0.5),), gap=0.25)
    rows = np.flatnonzero(pattern.max(axis=1) > 0.5)
    assert (rows[0], rows[-1]) == (ROWS // 4, ROWS // 2 - 1)
    assert (pattern[ROWS // 3] > 0.5).mean() == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("per_turn", [1, 3, 4])
def test_an_inscription_stands_upright_as_often_as_asked(per_turn: int) -> None:
    pattern = inscription("I", 0.5, 0.2, per_turn, 2.0)
    line = pattern[ROWS // 2] > 0.5
    assert np.count_nonzero(np.diff(line.astype(int)) == 1) + int(line[0]) == per_turn
    assert not pattern[: ROWS // 3].any()
    assert ((pattern[ROWS // 2] > 0.5) == (pattern[ROWS // 2 + 10] > 0.5)).all()


def test_letters_are_read_from_the_foot_up() -> None:
    """An L has its long stroke at the bottom, which is where a pattern begins."""
    pattern = inscription("L", 0.5, 0.5, 1, 2.0)
    inked = np.flatnonzero(pattern.max(axis=1) > 0.5)
    assert pattern[inked[3]].sum() > 3 * pattern[inked[-3]].sum()


def test_terrazzo_is_the_same_each_time() -> None:
    assert (terrazzo(30, 5.0) == terrazzo(30, 5.0)).all()
    assert 0.02 < terrazzo(100, 5.0).mean() < 0.5
