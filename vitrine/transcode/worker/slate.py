"""The slate: what viewers see while there is no picture. A still with three points of light that take turns."""

import contextlib
import io
import logging
import unicodedata
from fractions import Fraction
from math import cos, pi

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from vitrine.transcode.ladder import Slate
from vitrine.transcode.worker.scaler import Fitter, plane_pixels

log = logging.getLogger(__name__)

MESSAGE = "Back in a moment"

FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf")
"""Of the system, for letters that Pillow's own font does not have: that one is for ASCII."""

NOT_A_LETTER = "\U0010fffd"
PROBED_SIZE = 24
LEAST_SIZE = 8
"""Pixels."""

MOST_LETTERS = 200
"""Of a title: no picture has room for more."""

STEPS = 12
"""Pictures a second that differ: slow enough to cost little, fast enough for a light that swells."""

TURN = 3.0
"""Seconds until the same light swells again."""

PAINT, LETTERS, GILT = (11, 33, 28), (241, 238, 228), (220, 187, 120)
"""The colours of the house's pages."""

GILT_PLANES = (184, 96, 146)
"""The same in limited range, BT.709; in BT.601 nobody sees the difference."""

Plane = npt.NDArray[np.uint8]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


class SlatePictures:
    """Pictures of one size, made when the first is asked for."""

    def __init__(self, slate: Slate, width: int, height: int, rate: Fraction, fitter: Fitter) -> None:
        self._slate = slate
        self._size = (width, height)
        self._rate = rate
        self._fitter = fitter
        self._still: tuple[Plane, ...] = ()
        self._step = -1
        self._picture: VideoFrame | None = None

    def at(self, number: int) -> VideoFrame:
        """The slate as frame `number` of the grid. Frames that follow one another may be the same object."""
        step = int(number * STEPS / self._rate)
        if self._picture is None or step != self._step:
            self._step, self._picture = step, self._drawn(step)
        return self._picture

    def _drawn(self, step: int) -> VideoFrame:
        if not self._still:
            image = VideoFrame.from_ndarray(np.asarray(self._image()), format="rgb24")
            fitted = self._fitter.fit(image, (1, 1))
            self._still = tuple(plane_pixels(fitted, index).copy() for index in range(3))
        picture = VideoFrame(*self._size, "yuv420p")
        for index, still in enumerate(self._still):
            plane = plane_pixels(picture, index)
            plane[:] = still
            self._light(plane, GILT_PLANES[index], 2 if index else 1, step)
        return picture

    def _light(self, plane: Plane, level: int, reduction: int, step: int) -> None:
        """The three points, each brightest at its own time."""
        width, height = self._size
        radius = max(2.0, min(width, height) / 90) / reduction
        side = int(2 * radius) + 2
        middle = (side - 1) / 2
        y, x = np.mgrid[0:side, 0:side]
        cover = np.clip(radius + 0.5 - np.hypot(y - middle, x - middle), 0, 1)
        for point in range(3):
            phase = step / STEPS / TURN - point / 3
            share = 0.25 + 0.75 * max(0.0, cos(2 * pi * phase)) ** 2
            top = round(height * 0.8 / reduction - middle)
            left = round((width / 2 + (point - 1) * min(width, height) / 14) / reduction - middle)
            area = plane[top : top + side, left : left + side]
            area[:] = np.rint(
                area + (level - area.astype(np.float32)) * cover[: area.shape[0], : area.shape[1]] * share
            )

    def _image(self) -> Image.Image:
        """The channel's image, or where there is none that can be read a made one."""
        if self._slate.image:
            try:
                with Image.open(io.BytesIO(self._slate.image)) as image:
                    image.draft("RGB", self._size)
                    return image.convert("RGB")
            except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
                log.warning("The slate's image cannot be read, another is made: %s", error)
        return _made(self._slate.title, *self._size)


def _made(title: str, width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), PAINT)
    draw = ImageDraw.Draw(image)
    short = min(width, height)
    _write(draw, title, short * 0.1, (width / 2, height * 0.42), LETTERS)
    _write(draw, MESSAGE, short * 0.055, (width / 2, height * 0.6), GILT)
    return image


def _write(
    draw: ImageDraw.ImageDraw, text: str, size: float, middle: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    """A line around its middle: smaller where it is too long, shortened where that would be too small to read."""
    room = draw.im.size[0] * 0.88
    text, name = _legible(text[:MOST_LETTERS])
    font = _font(name, size)
    if (length := font.getlength(text)) > room:
        size = max(size / 2, size * room / length)
        font = _font(name, size)
        text = _shortened(text, font, room)
    draw.text(middle, text, colour, font, anchor="mm")


def _shortened(text: str, font: Font, room: float) -> str:
    """What fits; nothing where not even a letter does."""
    if font.getlength(text) <= room:
        return text
    return next((cut for end in range(len(text), 0, -1) if font.getlength(cut := text[:end] + "...") <= room), "")


def _legible(text: str) -> tuple[str, str | None]:
    """The text and the font that has all its letters; without accents, or empty, where this machine has none."""
    if not text.isascii():
        for name in FONTS:
            with contextlib.suppress(OSError):
                font = _font(name, PROBED_SIZE)
                missing = bytes(font.getmask(NOT_A_LETTER))
                if all(bytes(font.getmask(letter)) != missing for letter in text if not letter.isspace()):
                    return text, name
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return (text if text.isascii() else ""), None


def _font(name: str | None, size: float) -> Font:
    """Raises OSError for one that this machine does not have."""
    size = max(size, LEAST_SIZE)
    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)
