import random

from tests.ingest.whip.rtp.feedback import Feedback, read_feedback
from vitrine.ingest.whip.rtp.arrivals import INTERVAL, Arrivals


def told(arrivals: Arrivals, now: float) -> list[Feedback]:
    messages = arrivals.due(now)
    assert all(len(message) <= 1_200 for message in messages)
    return [read_feedback(message) for message in messages]


def test_nothing_is_told_where_nothing_came() -> None:
    arrivals = Arrivals(1)
    assert arrivals.next_deadline() is None
    assert arrivals.due(100.0) == []


def test_what_came_and_what_did_not() -> None:
    arrivals = Arrivals(1)
    for number, at in ((65_534, 10.0), (65_535, 10.01), (2, 10.02)):
        arrivals.push(number, 7, at)
    assert arrivals.next_deadline() == 10.0 + INTERVAL
    assert arrivals.due(10.04) == []
    (feedback,) = told(arrivals, 10.05)
    assert feedback == Feedback(1, 7, 0, {65_534: 40_000, 65_535: 40_040, 0: None, 1: None, 2: 40_080})
    assert arrivals.next_deadline() is None


def test_each_message_goes_on_where_the_one_before_ended() -> None:
    """Lost packets at the border of two are told of in the later one."""
    arrivals = Arrivals(1)
    arrivals.push(5, 7, 10.0)
    assert list(told(arrivals, 10.1)[0].arrivals) == [5]
    arrivals.push(8, 7, 10.2)
    (feedback,) = told(arrivals, 10.3)
    assert (feedback.count, feedback.arrivals) == (1, {6: None, 7: None, 8: 40_800})


def test_what_comes_late_is_told_of_after_all() -> None:
    arrivals = Arrivals(1)
    arrivals.push(5, 7, 10.0)
    arrivals.push(7, 7, 10.0)
    told(arrivals, 10.1)
    arrivals.push(6, 7, 10.15)
    arrivals.push(6, 7, 10.16)
    (feedback,) = told(arrivals, 10.25)
    assert feedback.arrivals == {6: 40_600, 7: 40_000}


def test_a_burst_is_told_in_messages_that_fit() -> None:
    arrivals = Arrivals(1)
    for number in range(3_000):
        if number % 3:
            arrivals.push(number, 7, 10.0 + number / 100_000)
    messages = told(arrivals, 10.1)
    assert len(messages) > 1
    seen = {number: at for message in messages for number, at in message.arrivals.items()}
    assert [number for number, at in seen.items() if at is None] == list(range(3, 3_000, 3))


def test_arrivals_far_apart_are_told_in_messages_that_fit() -> None:
    """Each in a vector of its own, with a run behind it and two bytes for its time."""
    arrivals = Arrivals(1)
    for index in range(250):
        arrivals.push(30 * index, 7, 10.0 + 0.1 * index)
    messages = told(arrivals, 40.0)
    assert sum(at is not None for message in messages for at in message.arrivals.values()) == 250


def test_a_network_that_was_away_begins_anew() -> None:
    arrivals = Arrivals(1)
    arrivals.push(5, 7, 10.0)
    told(arrivals, 10.1)
    arrivals.push(20_000, 7, 30.0)
    (feedback,) = told(arrivals, 30.1)
    assert feedback.arrivals == {20_000: 120_000}
    arrivals.push(19_000, 7, 30.2)  # older than anything that can be told of
    assert arrivals.next_deadline() is None


def test_a_pause_is_no_jump_that_the_message_cannot_hold() -> None:
    arrivals = Arrivals(1)
    arrivals.push(5, 7, 10.0)
    arrivals.push(6, 7, 20.0)
    assert [message.arrivals for message in told(arrivals, 20.0)] == [{5: 40_000}, {6: 80_000}]


def test_hours_leave_nothing_behind() -> None:
    chance, arrivals, seen = random.Random(1), Arrivals(1), 0
    for number in range(200_000):
        now = number / 400
        if chance.random() > 0.05:
            arrivals.push(number & 0xFFFF, 7, now)
        for message in told(arrivals, now):
            seen += sum(at is not None for at in message.arrivals.values())
    assert abs(seen - 190_000) < 1_000
    assert len(arrivals._arrived) < 300
