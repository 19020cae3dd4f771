from fractions import Fraction

from tests.ingest.file.test_repeat import AUDIO, VIDEO
from vitrine.ingest.file.returning import EARLIER, LONGEST_ABSENCE, STEADY, WAITS, Rejoin, Returning
from vitrine.media.access_unit import AccessUnit


def give_up(returning: Returning, now: float) -> tuple[int, float]:
    """How often it is tried from `now` on, and when it is given up."""
    tries = 0
    while (wait := returning.wait(now)) is not None:
        now, tries = now + wait, tries + 1
    return tries, now


def test_a_lost_server_is_tried_for_a_minute() -> None:
    returning = Returning()
    tries, until = give_up(returning, 100.0)
    assert 100 + LONGEST_ABSENCE - max(WAITS) < until <= 100 + LONGEST_ABSENCE
    assert tries > LONGEST_ABSENCE / max(WAITS)
    assert returning.left(until) == 100 + LONGEST_ABSENCE - until


def test_who_is_back_has_a_minute_again() -> None:
    returning = Returning()
    assert returning.wait(100.0) == WAITS[0]
    returning.back(130.0)
    returning.send(130.0 + STEADY)
    assert returning.wait(200.0) == WAITS[0]
    assert returning.left(200.0) == LONGEST_ABSENCE


def test_a_server_that_takes_it_and_drops_it_is_given_up_too() -> None:
    returning = Returning()
    now = 100.0
    while (wait := returning.wait(now)) is not None:
        now += wait
        returning.back(now)
        now += STEADY / 2
        returning.send(now)
    assert now <= 100 + LONGEST_ABSENCE + STEADY


def recording() -> list[AccessUnit]:
    """Ten seconds of a picture and a block of sound every tenth, a keyframe every second."""
    pictures = [AccessUnit(1, 9000 * n, 9000 * n + 6000, n % 10 == 0, b"picture %d" % n) for n in range(100)]
    sound = [AccessUnit(2, 4800 * n, 4800 * n, True, b"sound %d" % n) for n in range(100)]
    return [unit for pair in zip(pictures, sound, strict=True) for unit in pair]


def test_the_first_session_has_all_as_it_is() -> None:
    rejoin = Rejoin([VIDEO, AUDIO])
    assert [rejoin.push(unit) for unit in recording()] == recording()


def test_a_later_one_begins_with_a_keyframe_at_its_own_time_0() -> None:
    rejoin, units = Rejoin([VIDEO, AUDIO]), recording()
    for unit in units[:60]:
        rejoin.push(unit)
    rejoin.come_to(Fraction(51, 10) + EARLIER)
    sent = [moved for unit in units[60:] if (moved := rejoin.push(unit)) is not None]
    assert sent[0] == AccessUnit(1, -6000, 0, True, b"picture 60")
    assert sent[1] == AccessUnit(2, -3200, -3200, True, b"sound 60")
    assert len(sent) == 80
    assert sent[-2] == AccessUnit(1, 39 * 9000 - 6000, 39 * 9000, False, b"picture 99")


def test_without_pictures_sound_goes_on_at_once() -> None:
    rejoin = Rejoin([AUDIO])
    rejoin.come_to(Fraction(51, 10) + EARLIER)
    sent = [moved for unit in recording() if unit.track_id == 2 and (moved := rejoin.push(unit)) is not None]
    assert sent[0] == AccessUnit(2, 0, 0, True, b"sound 51")
