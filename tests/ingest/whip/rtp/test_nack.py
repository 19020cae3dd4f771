import pytest

from vitrine.ingest.whip.rtp.nack import FIRST_INTERVAL, MOST_REQUESTS, SHORTEST_INTERVAL, Nacks


def test_asked_for_at_once_and_again_after_an_interval() -> None:
    nacks = Nacks(1.0)
    nacks.miss([5, 6], 10.0)
    assert nacks.due(10.0) == [5, 6]
    assert nacks.due(10.0 + FIRST_INTERVAL / 2) == []
    assert nacks.next_deadline() == pytest.approx(10.0 + FIRST_INTERVAL)
    assert nacks.due(10.0 + FIRST_INTERVAL) == [5, 6]


def test_the_interval_follows_the_round_trip() -> None:
    nacks = Nacks(1.0)
    nacks.measure(0.2)
    assert nacks.interval == pytest.approx(0.25)
    for _ in range(8):
        nacks.measure(0.001)
    assert nacks.interval == SHORTEST_INTERVAL


def test_a_repair_is_counted_and_measured() -> None:
    nacks = Nacks(1.0)
    nacks.miss([5], 10.0)
    nacks.due(10.0)
    nacks.find(5, 10.08)
    assert nacks.repaired == 1
    assert nacks.interval == pytest.approx(0.1)
    assert nacks.next_deadline() is None


def test_what_was_only_late_is_no_repair() -> None:
    nacks = Nacks(1.0)
    nacks.miss([5], 10.0)
    nacks.find(5, 10.0)
    assert nacks.repaired == 0


def test_hopeless_by_time_or_by_requests() -> None:
    nacks = Nacks(1.0)
    nacks.measure(0.01)
    nacks.miss([5], 10.0)
    now = 10.0
    for _ in range(MOST_REQUESTS):
        assert not nacks.is_hopeless(5, now)
        assert nacks.due(now) == [5]
        now += SHORTEST_INTERVAL * 1.01
    assert nacks.is_hopeless(5, now)
    slow = Nacks(1.0)
    slow.miss([5], 10.0)
    assert not slow.is_hopeless(5, 10.9)
    assert slow.is_hopeless(5, 11.0)
    slow.give_up(5)
    assert slow.lost == 1
