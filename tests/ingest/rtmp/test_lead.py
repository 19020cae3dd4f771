import pytest

from vitrine.ingest.rtmp.lead import LONGEST_PAUSE, MOST_LEAD, Lead


def test_a_publisher_at_its_own_pace_is_never_paused() -> None:
    lead = Lead()
    for frame in range(10_000):
        lead.push(frame / 30, 100 + frame / 30)
        assert lead.pause(100 + frame / 30) == 0


@pytest.mark.parametrize("speed", [1.0001, 1.0005])
def test_a_fast_clock_is_no_haste(speed: float) -> None:
    lead = Lead()
    for second in range(8 * 3600):
        lead.push(second * speed, float(second))
        assert lead.pause(float(second)) == 0


def test_what_was_held_back_by_the_network_may_come_at_once() -> None:
    lead = Lead()
    lead.push(0.0, 0.0)
    lead.push(1.0, 1.0)
    for frame in range(150):
        lead.push(1 + frame / 30, 6.0)
        assert lead.pause(6.0) == 0


def test_a_hundred_times_real_time_becomes_real_time() -> None:
    lead, now = Lead(), 0.0
    for frame in range(3000):  # a hundred seconds
        now += 1 / 3000
        lead.push(frame / 30, now)
        now += lead.pause(now)
    assert now == pytest.approx(100 - MOST_LEAD, abs=0.5)


def test_a_pause_is_bounded() -> None:
    lead = Lead()
    lead.push(0.0, 0.0)
    lead.push(3600.0, 0.0)
    assert lead.pause(0.0) == LONGEST_PAUSE
    assert lead.pause(3600.0) == 0


def test_stamps_that_go_back_are_no_lead() -> None:
    lead = Lead()
    for stamp in (10.0, 9.0, 8.0, 8.5):
        lead.push(stamp, 0.0)
    assert lead.pause(0.0) == 0
