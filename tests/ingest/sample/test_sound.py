from fractions import Fraction

import numpy as np
import pytest

from vitrine.ingest.sample.flash import flash_frame
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.sound import BEEP_HERTZ, BEEP_SAMPLES, ROUND_SECONDS, SAMPLE_RATE, Sound, flash_sample
from vitrine.media.grid import RATES

RATE = Fraction(30000, 1001)


@pytest.mark.parametrize("rate", RATES)
def test_a_beep_starts_with_its_frame(rate: Fraction) -> None:
    for second in range(50):
        assert abs(Fraction(flash_sample(second, rate), SAMPLE_RATE) - flash_frame(second, rate) / rate) <= Fraction(
            1, 96000
        )


def test_the_beep_is_a_kilohertz_for_sixty_milliseconds() -> None:
    start = flash_sample(3, RATE)
    sound = Sound(RATE).samples(start - 4800, 14400)[0]
    quiet, loud, after = sound[:4800], sound[4800 : 4800 + BEEP_SAMPLES], sound[4800 + BEEP_SAMPLES :]
    assert np.abs(loud).max() > 0.3
    assert max(np.abs(quiet).max(), np.abs(after).max()) < 0.1
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    assert spectrum.argmax() * SAMPLE_RATE / BEEP_SAMPLES == pytest.approx(BEEP_HERTZ, abs=SAMPLE_RATE / BEEP_SAMPLES)


def test_the_beep_starts_without_a_click() -> None:
    sound = Sound(RATE).samples(flash_sample(5, RATE) - 10, 60)[0].astype(float)
    assert np.abs(np.diff(sound[:30])).max() < 0.02


def test_between_beeps_it_is_quiet_but_not_silent() -> None:
    sound = Sound(RATE).samples(SAMPLE_RATE // 2, SAMPLE_RATE // 4)
    level = float(np.sqrt(np.mean(sound**2)))
    assert 0.003 < level < 0.03
    spectrum = np.abs(np.fft.rfft(sound[0]))
    assert spectrum[round(700 / 4) :].max() < spectrum.max() / 50


def test_any_stretch_is_the_same_sound() -> None:
    whole = Sound(RATE).samples(0, 3 * SAMPLE_RATE)
    for start, count in ((0, 1024), (47000, 3000), (96000, 1), (50000, 90000)):
        assert np.allclose(Sound(RATE).samples(start, count), whole[:, start : start + count], atol=1e-6)


def test_nothing_clips_and_no_chord_jumps() -> None:
    sound = Sound(RATE).samples(0, 8 * SAMPLE_RATE)
    assert sound.shape == (2, 8 * SAMPLE_RATE)
    assert np.abs(sound).max() < 0.6
    seam = sound[:, 6 * SAMPLE_RATE - 2000 : 6 * SAMPLE_RATE - 10]
    over = Sound(RATE).samples(12 * SAMPLE_RATE - 20, 18)
    assert np.abs(np.diff(seam)).max() < 0.01
    assert np.abs(np.diff(over)).max() < 0.01


def test_a_round_loops_without_a_click() -> None:
    start, again = Sound(Fraction(30)).samples(0, 2000), Sound(Fraction(30)).samples(ROUND_SECONDS * SAMPLE_RATE, 2000)
    assert np.allclose(start, again, atol=1e-5)
    assert SampleShow().seconds == ROUND_SECONDS
