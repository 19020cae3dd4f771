import pytest

from vitrine.ingest.whip.rtp.nack import BACKOFF, FIRST_INTERVAL, MOST_REQUESTS, SHORTEST_INTERVAL, Nacks


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


def test_hopeless_after_enough_requests_that_grow_apart() -> None:
    nacks = Nacks(10.0)
    nacks.measure(0.01)
    nacks.miss([5], 10.0)
    asked = []
    while not nacks.is_hopeless(5, now := nacks.next_deadline() or 0.0):
        assert nacks.due(now) == [5]
        asked.append(now)
    assert len(asked) == MOST_REQUESTS
    assert asked[1] - asked[0] == pytest.approx(SHORTEST_INTERVAL)
    assert asked[2] - asked[1] == pytest.approx(SHORTEST_INTERVAL * BACKOFF)
    assert now - asked[0] > 0.8


def test_hopeless_by_time() -> None:
    nacks = Nacks(1.0)
    nacks.miss([5], 10.0)
    assert not nacks.is_hopeless(5, 10.9)
    assert nacks.is_hopeless(5, 11.0)
    nacks.give_up(5)
    assert nacks.lost == 1
