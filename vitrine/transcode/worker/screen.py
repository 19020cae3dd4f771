"""What is on show at an instant, in whatever size it is asked for."""

from fractions import Fraction

from av.video.frame import VideoFrame

from vitrine.media.track import Colour
from vitrine.transcode.ladder import Slate
from vitrine.transcode.worker.scaler import Fitter, black_picture
from vitrine.transcode.worker.slate import SlatePictures


class Screen:
    """The last picture, or the slate; black before either. Fitted when it is asked for, and once."""

    def __init__(self, slate: Slate, rate: Fraction, colour: Colour) -> None:
        self._slate = slate
        self._rate = rate
        self._colour = colour
        self._size = (0, 0)
        self._fitter: Fitter | None = None
        self._slates: SlatePictures | None = None
        self._slate_frame: int | None = None
        self._shown: tuple[VideoFrame, tuple[int, int]] | None = None
        self._fitted: VideoFrame | None = None

    @property
    def is_blank(self) -> bool:
        """No picture has been shown yet."""
        return self._shown is None

    def show(self, picture: VideoFrame, pixel_aspect: tuple[int, int]) -> None:
        """A decoded picture, until something else is shown."""
        self._shown = picture, pixel_aspect
        self._fitted = None
        self._slate_frame = None

    def show_slate(self, number: int) -> None:
        """The slate as it is at frame `number`."""
        self._slate_frame = number

    def at(self, width: int, height: int) -> VideoFrame:
        """The same picture object as long as neither what is shown nor the size changes."""
        if self._fitter is None or self._size != (width, height):
            self._size = width, height
            self._fitter = Fitter(width, height, self._colour)
            self._fitted = self._slates = None
        if self._slate_frame is not None:
            if self._slates is None:
                self._slates = SlatePictures(self._slate, width, height, self._rate, self._fitter)
            return self._slates.at(self._slate_frame)
        if self._fitted is None:
            self._fitted = self._fitter.fit(*self._shown) if self._shown else black_picture(width, height)
        return self._fitted
