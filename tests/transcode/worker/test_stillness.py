from fractions import Fraction

import numpy as np
import pytest

from vitrine.transcode.worker.stillness import SilentSound, StillPicture

RNG = np.random.default_rng(6)


def seen(*pictures: np.ndarray) -> StillPicture:
    """Ten of each a second, half a second of every one."""
    still = StillPicture()
    for number in range(len(pictures) * 5):
        still.push(pictures[number // 5], Fraction(number, 10))
    return still


def noise() -> np.ndarray:
    return RNG.integers(0, 255, (90, 160), np.uint8)


def test_a_picture_that_stays_is_frozen_for_as_long_but_for_the_noise_of_its_encoder() -> None:
    picture = noise() // 2
    grain = [picture + RNG.integers(0, 3, picture.shape, np.uint8) for _ in range(20)]
    assert seen(*grain).seconds == pytest.approx(9, abs=1)


def test_one_that_moves_or_begins_to_is_not() -> None:
    assert seen(*(noise() for _ in range(20))).seconds <= 1
    assert seen(*[noise()] * 20, *(noise() for _ in range(4))).seconds <= 1


def test_another_size_or_publisher_begins_anew() -> None:
    assert seen(*[np.zeros((90, 160), np.uint8)] * 20, *[np.zeros((180, 320), np.uint8)] * 4).seconds <= 1
    still = seen(*[np.zeros((90, 160), np.uint8)] * 20)
    still.forget()
    assert still.seconds == 0


def test_sound_is_silent_for_as_long_as_nothing_is_heard() -> None:
    silent = SilentSound()
    for _ in range(100):
        silent.push(np.full((2, 480), 0.0005, np.float32))
    assert silent.seconds == pytest.approx(1)
    silent.push(np.full((2, 480), 0.1, np.float32))
    assert silent.seconds == 0
    silent.push(np.zeros((2, 0), np.float32))
    assert silent.seconds == 0
