"""What the sample show sounds like: a beep on every flash over a quiet, slow chord."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vitrine.ingest.sample.flash import flash_frame

Samples = NDArray[np.float32]
"""Channels by samples, -1 to 1."""

SAMPLE_RATE = 48_000
CHANNELS = 2

BEEP_HERTZ = 1000
BEEP_SAMPLES = SAMPLE_RATE * 60 // 1000
BEEP_LEVEL = 0.35
RAMP_SAMPLES = SAMPLE_RATE * 3 // 1000

CHORDS = (
    (110.00, 164.81, 246.94, 329.63),
    (98.00, 146.83, 220.00, 293.66),
    (87.31, 130.81, 196.00, 329.63),
    (98.00, 164.81, 220.00, 261.63),
    (82.41, 123.47, 164.81, 246.94),
)
"""Hertz. All of them well below the beep, so that a detector of the one is deaf to the other."""

CHORD_SECONDS = 6
"""As long as a product is on show."""

ROUND_SECONDS = CHORD_SECONDS * len(CHORDS)
"""Every wave is bent a little to fit into this a whole number of times, so that a round loops without a click."""

CHORD_LEVEL = 0.012
FADE_SECONDS = 1.5


def flash_sample(second: int, rate: Fraction) -> int:
    """The audio sample on which the beep of a second starts: the start of its flash frame, to the nearest sample."""
    return round(flash_frame(second, rate) / rate * SAMPLE_RATE)


def _make_beep() -> Samples:
    time = np.arange(BEEP_SAMPLES) / SAMPLE_RATE
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1, np.arange(BEEP_SAMPLES) / RAMP_SAMPLES))
    tone = BEEP_LEVEL * np.sin(2 * np.pi * BEEP_HERTZ * time) * ramp * ramp[::-1]
    return tone.astype(np.float32)


_BEEP = _make_beep()


class Sound:
    """The show's sound, any stretch of it at any time."""

    def __init__(self, rate: Fraction) -> None:
        """`rate` is the picture's, in frames a second."""
        self._rate = rate

    def samples(self, start: int, count: int) -> Samples:
        """`count` samples of both channels from sample `start` on; the same whatever stretches are asked for."""
        sound = _chords(np.arange(start, start + count))
        for second in range(max(0, start // SAMPLE_RATE - 1), (start + count) // SAMPLE_RATE + 1):
            at = flash_sample(second, self._rate) - start
            first, last = max(0, at), min(count, at + BEEP_SAMPLES)
            if first < last:
                sound[:, first:last] += _BEEP[first - at : last - at]
        return sound


def _chords(index: NDArray[np.int64]) -> Samples:
    """One chord after the other, each fading in while the last fades out, a little wider than mono."""
    time = index / SAMPLE_RATE
    place = (time / CHORD_SECONDS).astype(np.int64)
    rise = np.clip((time - place * CHORD_SECONDS) / FADE_SECONDS, 0, 1)
    sound = np.zeros((CHANNELS, len(index)))
    for step in np.unique(place):
        here = place == step
        fade = 0.5 - 0.5 * np.cos(np.pi * rise[here])
        coming, going = _chord(step, time[here]), _chord(step - 1, time[here])
        sound[:, here] = fade * coming + (1 - fade) * going
    return (CHORD_LEVEL * sound).astype(np.float32)


def _chord(step: np.int64, time: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.zeros((CHANNELS, len(time)))
    for number, hertz in enumerate(CHORDS[step % len(CHORDS)]):
        for channel in range(CHANNELS):
            swell = 1 + 0.3 * np.sin(_turns(time, (4 + number + channel) / ROUND_SECONDS))
            sides[channel] += swell * np.sin(_turns(time, hertz) + 0.4 * channel)
    return sides


def _turns(time: NDArray[np.float64], hertz: float) -> NDArray[np.float64]:
    """The angle of a wave of about so many hertz."""
    angle: NDArray[np.float64] = time * (2 * np.pi * round(hertz * ROUND_SECONDS) / ROUND_SECONDS)
    return angle
