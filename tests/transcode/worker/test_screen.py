from fractions import Fraction

import pytest

from tests.transcode.clips import mean_colour, painted
from vitrine.transcode.ladder import Slate
from vitrine.transcode.worker.scaler import SMPTE170M
from vitrine.transcode.worker.screen import Screen

SQUARE = (1, 1)


@pytest.fixture
def screen() -> Screen:
    return Screen(Slate("A title"), Fraction(25), SMPTE170M)


def test_black_until_something_is_shown(screen: Screen) -> None:
    assert screen.is_blank
    assert mean_colour(screen.at(64, 48)) == (16, 128, 128)


def test_a_picture_in_whatever_size_is_asked_for(screen: Screen) -> None:
    screen.show(painted(160, 120, "yuv420p", (200, 90, 160)), SQUARE)
    assert not screen.is_blank
    for size in ((160, 120), (80, 60), (160, 120)):
        picture = screen.at(*size)
        assert (picture.width, picture.height) == size
        assert mean_colour(picture) == pytest.approx((200, 90, 160), abs=1)


def test_what_stays_is_fitted_once(screen: Screen) -> None:
    screen.show(painted(160, 120, "yuv420p", (200, 90, 160)), SQUARE)
    assert screen.at(80, 60) is screen.at(80, 60)
    before = screen.at(80, 60)
    screen.show(painted(160, 120, "yuv420p", (100, 90, 160)), SQUARE)
    assert screen.at(80, 60) is not before


def test_the_slate_stays_until_a_picture_is_shown(screen: Screen) -> None:
    screen.show(painted(160, 120, "yuv420p", (200, 90, 160)), SQUARE)
    screen.show_slate(3)
    slate = screen.at(160, 120)
    assert mean_colour(slate)[0] < 100
    smaller = screen.at(80, 60)
    assert smaller.width == 80
    assert mean_colour(smaller)[0] == pytest.approx(mean_colour(slate)[0], abs=8)
    screen.show(painted(160, 120, "yuv420p", (200, 90, 160)), SQUARE)
    assert mean_colour(screen.at(160, 120))[0] == pytest.approx(200, abs=1)
