"""Whether what the publisher sends still changes: a camera that froze sends pictures, a muted desk sends sound."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vitrine.media.grid import AUDIO_RATE
from vitrine.transcode.worker.stretch import Samples

EVERY = Fraction(1)
"""Seconds between two pictures that are compared: a slide that turns once a second is no frozen picture."""

GRAIN = 8
"""Every so many pixels each way one is compared: a mouth that moves covers many."""

SAME = 3
"""Steps of brightness by which an encoder's own noise moves a still picture."""

SILENT = 0.001
"""Of full scale, -60 dB: below any room that somebody speaks in."""


class StillPicture:
    """`seconds` for which the picture has been the same."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since = self._compared = Fraction(0)
        self._sample: npt.NDArray[np.int16] | None = None

    def push(self, luma: npt.NDArray[np.uint8], time: Fraction) -> None:
        """A decoded picture with its time in seconds."""
        if self._sample is not None and 0 <= time - self._compared < EVERY:
            return
        sample = luma[::GRAIN, ::GRAIN].astype(np.int16)
        former, self._sample, self._compared = self._sample, sample, time
        same = former is not None and former.shape == sample.shape and np.abs(sample - former).max() <= SAME
        if not same:
            self._since = time
        self.seconds = float(time - self._since)

    def forget(self) -> None:
        """Another publisher's pictures follow."""
        self.seconds, self._sample = 0.0, None


class SilentSound:
    """`seconds` for which there has been silence where sound came."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def push(self, samples: Samples) -> None:
        """Decoded sound at 48 kHz."""
        quiet = bool(np.abs(samples).max(initial=0) < SILENT)
        self.seconds = self.seconds + samples.shape[1] / AUDIO_RATE if quiet else 0.0

    def forget(self) -> None:
        """Another publisher's sound follows."""
        self.seconds = 0.0
