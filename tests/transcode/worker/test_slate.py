from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vitrine.transcode.ladder import Slate
from vitrine.transcode.worker.scaler import BT709, Fitter, plane_pixels
from vitrine.transcode.worker.slate import STEPS, SlatePictures


def pictures(slate: Slate, width: int = 640, height: int = 360) -> SlatePictures:
    return SlatePictures(slate, width, height, Fraction(30), Fitter(width, height, BT709))


def luma(slate: Slate, number: int = 0, width: int = 640, height: int = 360) -> np.ndarray:
    return plane_pixels(pictures(slate, width, height).at(number), 0).copy()


def file(colour: str, width: int, height: int, kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


def test_the_made_one_has_the_title() -> None:
    title = slice(90, 210)
    assert (luma(Slate("Cyber Deals Sunday"))[title] > 200).sum() > 300
    assert (luma(Slate(""))[title] > 200).sum() == 0


@pytest.mark.parametrize("title", ["M" * 400, "Élégance à la Žižkov", "限定セール", "\U0010fffd", "a"])
@pytest.mark.parametrize("size", [(640, 360), (360, 640), (16, 16)])
def test_any_title_fits(title: str, size: tuple[int, int]) -> None:
    width, height = size
    picture = luma(Slate(title), 0, width, height)
    assert picture.shape == (height, width)
    margin = max(1, width // 20)
    assert picture[:, :margin].max() < 60
    assert picture[:, -margin:].max() < 60


def test_it_moves_gently_and_within_its_points_only() -> None:
    slate = pictures(Slate("Title"))
    shown = [plane_pixels(slate.at(number), 0).copy() for number in range(30)]
    assert len({picture.tobytes() for picture in shown}) <= STEPS + 1
    changes = np.ptp(np.array(shown), axis=0)
    assert changes.max() > 50
    assert (changes > 0).mean() < 0.01


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_image_of_the_channel_is_fitted(kind: str) -> None:
    picture = luma(Slate("Title", file("white", 400, 400, kind)))
    assert picture[180, 320] == 235
    assert picture[180, 20] == 16, "bars at its sides"


def test_an_image_that_cannot_be_read_is_replaced_by_the_made_one() -> None:
    assert np.array_equal(luma(Slate("Title", b"no image")), luma(Slate("Title")))
