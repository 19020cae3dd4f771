import math
import random

from soak.growth import ALLOWED, FILLING, LEAST, growth


def hour(megabytes_an_hour: float, noise: float = 0.5) -> list[tuple[float, float]]:
    """A sample every five seconds of a process that fills its windows first."""
    chance = random.Random(1)
    minutes = [number / 12 for number in range(60 * 12)]
    return [
        (at, 80 + 40 * (1 - math.exp(-at)) + megabytes_an_hour * at / 60 + chance.uniform(-noise, noise))
        for at in minutes
    ]


def test_what_fills_its_windows_levels_off() -> None:
    found = growth(hour(0.0))
    assert found is not None
    assert found.levels_off()


def test_a_leak_does_not() -> None:
    found = growth(hour(5 * ALLOWED))
    assert found is not None
    assert not found.levels_off()


def test_peaks_of_faults_are_no_growth() -> None:
    series = [(at, size + (60 if int(at) % 7 == 0 else 0)) for at, size in hour(0.0)]
    found = growth(series)
    assert found is not None
    assert found.levels_off()


def test_who_lived_for_too_short_a_time_is_not_judged() -> None:
    series = hour(100.0)
    assert growth([each for each in series if each[0] < FILLING + LEAST - 0.5]) is None
    assert growth([]) is None


def test_what_is_kept_on_purpose_is_no_leak() -> None:
    found = growth(hour(1.2 * 60 / (55 / 3) * ALLOWED))
    assert found is not None
    assert not found.levels_off()
    assert found.levels_off(0.3 * ALLOWED)
    assert not found.levels_off(0.1 * ALLOWED)
