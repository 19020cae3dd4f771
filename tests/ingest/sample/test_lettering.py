from string import ascii_uppercase, digits

import numpy as np
import pytest

from vitrine.ingest.sample.lettering import STROKES, WORD_SPACE, advance, draw
from vitrine.ingest.sample.products import PRODUCTS


def test_every_capital_and_figure_has_a_shape_of_its_own() -> None:
    shapes = {glyph: draw(glyph, 40.0).tobytes() for glyph in ascii_uppercase + digits + "-.:"}
    assert len(set(shapes.values())) == len(shapes)


def test_labels_need_no_other_glyphs() -> None:
    for product in PRODUCTS:
        assert set(product.code + product.name + product.line) <= {*STROKES, " "}


@pytest.mark.parametrize("glyph", sorted(STROKES))
def test_ink_stays_on_the_paper_and_is_smooth(glyph: str) -> None:
    ink = draw(glyph, 50.0, pen=0.12)
    assert ink.min() == 0
    assert ink.max() > 0.95
    assert max(ink[0].max(), ink[-1].max(), ink[:, 0].max()) <= 0.5
    assert ((ink > 0.05) & (ink < 0.95)).any()


def test_a_straight_stroke_is_as_wide_as_the_pen() -> None:
    ink = draw("I", 100.0, pen=0.1)
    assert ink[ink.shape[0] // 2].sum() == pytest.approx(10, abs=0.2)
    assert ink.sum() == pytest.approx(100 * 10 + np.pi * 25, rel=0.02)


def test_letters_follow_one_another() -> None:
    assert draw("AB", 40.0).shape[1] > draw("A", 40.0).shape[1] + draw("B", 40.0).shape[1] - 12
    assert advance(" ") == WORD_SPACE
    assert draw(" ", 40.0).max() == 0
