import pytest

from vitrine.ingest.rtmp.effort import AT_ONCE, SHARE, Effort


def test_a_publisher_within_its_share_is_never_paused() -> None:
    effort = Effort()
    for slice_ in range(10_000):
        effort.spend(SHARE / 100, 5 + slice_ / 100)
        assert effort.pause(5 + slice_ / 100) == 0


def test_what_a_network_held_back_may_come_at_once() -> None:
    effort = Effort()
    effort.spend(AT_ONCE, 100.0)
    assert effort.pause(100.0) == 0


def test_whoever_takes_more_is_paused_until_its_share_has_covered_it() -> None:
    effort, now, worked = Effort(), 0.0, 0.0
    while now < 100:
        now += 0.01
        worked += 0.01
        effort.spend(0.01, now)
        now += effort.pause(now)
    assert worked / now == pytest.approx(SHARE, rel=0.05)


def test_a_rest_does_not_buy_more_than_that() -> None:
    effort = Effort()
    effort.spend(0.01, 0.0)
    effort.spend(2 * AT_ONCE, 3600.0)
    assert effort.pause(3600.0) == pytest.approx(2 * AT_ONCE / SHARE)
