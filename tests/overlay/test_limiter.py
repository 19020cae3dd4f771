import pytest

from vitrine.overlay.limiter import COMMANDS, Limiter


def test_the_sixth_in_a_second_waits_for_the_first_to_be_a_second_old() -> None:
    limiter = Limiter()
    assert [limiter.take(10 + count / 10) for count in range(COMMANDS)] == [0.0] * COMMANDS
    assert limiter.take(10.5) == pytest.approx(0.45)
    assert limiter.take(10.9) > 0, "one refused does not count, and does not push the others out"
    assert limiter.take(10.96) == 0.0
    assert limiter.take(10.97) > 0


def test_five_a_second_pass_for_ever_though_they_come_a_little_early_or_late() -> None:
    limiter = Limiter()
    jitter = (0.0, 0.02, -0.02, 0.01, -0.01, 0.015, -0.015)
    assert not any(limiter.take(100 + n / 5 + jitter[n % len(jitter)]) for n in range(3000))
