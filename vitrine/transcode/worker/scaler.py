"""Any picture into the geometry, range and matrix of the output, and from each rung to the next smaller one."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from vitrine.media.track import Colour
from vitrine.transcode.ladder import display_size

SCALING = Interpolation.BICUBIC

BT709 = Colour(1, 1, 1, False)
SMPTE170M = Colour(6, 6, 6, False)
UNSPECIFIED = 2

SWS_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""H.273 matrix codes that swscale converts, as its own codes (libswscale/swscale.h, SWS_CS_*)."""

HIGH_DEFINITION = 720
"""Short side from which untagged pictures are taken as BT.709, as players do."""

BLACK = (16, 128, 128)
"""Of each plane, limited range."""


def output_colour(picture: VideoFrame) -> Colour:
    """The tags of the output for a source picture: its own where it has them, else those its size suggests."""
    guess = BT709 if min(picture.width, picture.height) >= HIGH_DEFINITION else SMPTE170M
    matrix = picture.colorspace if picture.colorspace in SWS_MATRICES else guess.matrix
    primaries = picture.color_primaries if 0 < picture.color_primaries != UNSPECIFIED else guess.primaries
    transfer = picture.color_trc if 0 < picture.color_trc != UNSPECIFIED else guess.transfer
    return Colour(primaries, transfer, matrix, False)


class Fitter:
    """Brings decoded pictures of any size, shape and format to one size as yuv420p, limited range, square pixels.

    A picture of another shape is letterboxed.
    """

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self._width = width
        self._height = height
        self._colour = colour
        self._reformatter = VideoReformatter()

    def fit(self, picture: VideoFrame, pixel_aspect: tuple[int, int]) -> VideoFrame:
        """The picture itself if nothing needs doing, else a new one."""
        width, height = self._inner_size(*display_size(picture.width, picture.height, pixel_aspect))
        full_range = picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj")
        guessed = output_colour(picture).matrix
        same = (picture.width, picture.height, picture.format.name) == (width, height, "yuv420p")
        if not same or full_range or SWS_MATRICES[guessed] != SWS_MATRICES[self._colour.matrix]:
            picture = self._reformatter.reformat(
                picture,
                width,
                height,
                "yuv420p",
                src_colorspace=SWS_MATRICES[guessed],
                dst_colorspace=SWS_MATRICES[self._colour.matrix],
                interpolation=SCALING,
                src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        return picture if (width, height) == (self._width, self._height) else self._letterboxed(picture)

    def _inner_size(self, width: int, height: int) -> tuple[int, int]:
        """The largest even size of the picture's shape inside the output; the whole output if it nearly fills it."""
        scale = min(Fraction(self._width, width), Fraction(self._height, height))
        across, down = (
            min(round(width * scale / 2) * 2, self._width),
            min(round(height * scale / 2) * 2, self._height),
        )
        across = self._width if self._width - across <= 2 else max(2, across)
        down = self._height if self._height - down <= 2 else max(2, down)
        return across, down

    def _letterboxed(self, picture: VideoFrame) -> VideoFrame:
        canvas = black_picture(self._width, self._height)
        left = (self._width - picture.width) // 4 * 2
        top = (self._height - picture.height) // 4 * 2
        for index in range(3):
            shift = 1 if index else 0
            source = plane_pixels(picture, index)
            rows, columns = source.shape
            x, y = left >> shift, top >> shift
            plane_pixels(canvas, index)[y : y + rows, x : x + columns] = source
        return canvas


class Reducer:
    """From one rung's pictures to a smaller rung's."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def reduce(self, picture: VideoFrame, width: int, height: int) -> VideoFrame:
        return self._reformatter.reformat(picture, width, height, interpolation=SCALING, threads=1)


def plane_pixels(picture: VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    """A writable view of one plane's 8-bit pixels, without the padding of its lines."""
    plane = picture.planes[index]
    lines = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)  # type: ignore[call-overload]
    pixels: npt.NDArray[np.uint8] = lines[:, : plane.width]
    return pixels


def black_picture(width: int, height: int) -> VideoFrame:
    """A yuv420p picture, limited range."""
    picture = VideoFrame(width, height, "yuv420p")
    for index, level in enumerate(BLACK):
        plane_pixels(picture, index)[:] = level
    return picture
