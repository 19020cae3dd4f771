"""A publisher with two RTP clocks; what is captured at one instant must be at one session time."""

import itertools
import random
from dataclasses import dataclass, field

import pytest

from vitrine.ingest.whip.clock import FINE, MODULUS, Quickest, SessionClock

VIDEO, AUDIO = 1, 2
RATES = {VIDEO: 90_000, AUDIO: 48_000}
NTP_EPOCH = 3_900_000_000


@dataclass
class Publisher:
    """`delays` are each track's seconds from capture to arrival, at least; `paces` its clock against the true one."""

    delays: dict[int, float] = field(default_factory=lambda: {VIDEO: 0.12, AUDIO: 0.05})
    paces: dict[int, float] = field(default_factory=lambda: {VIDEO: 1.0, AUDIO: 1.0})
    origins: dict[int, int] = field(default_factory=lambda: {VIDEO: MODULUS - 90_000, AUDIO: 4711})
    jitter: float = 0.0
    clock: SessionClock = field(default_factory=lambda: SessionClock(AUDIO, VIDEO, RATES))
    errors: list[tuple[float, float]] = field(default_factory=list)
    _dts: dict[int, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _offset: float | None = None

    def stamp(self, track: int, at: float) -> int:
        return (self.origins[track] + round(at * RATES[track] * self.paces[track])) % MODULUS

    def send(self, track: int, at: float) -> float:
        """Session seconds of what is captured at `at`."""
        arrival = 1000 + at + self.delays[track] + self._random.uniform(0, self.jitter)
        dts, pts = self.clock.place(track, self.stamp(track, at), arrival)
        assert dts >= self._dts.get(track, 0)
        self._dts[track] = dts
        return pts / RATES[track]

    def report(self, track: int, at: float, late: float = 0.0) -> None:
        """`late` seconds lie between the instant of the stamp and that by which it is dated."""
        self.clock.report(track, int((NTP_EPOCH + at + late) * 2**32), self.stamp(track, at))

    def film(self, begin: float, end: float, reports: float | None = None) -> None:
        """Sound every 20 ms, pictures every 40 ms, reports every so many seconds; notes how far apart they lie."""
        for step in range(round(begin * 50), round(end * 50)):
            at = step / 50
            if reports and step % round(reports * 50) == 0:
                self.report(AUDIO, at)
                self.report(VIDEO, at)
            sound = self.send(AUDIO, at)
            if step % 2 == 0:
                self.errors.append((at, self.send(VIDEO, at) - sound))

    def worst(self, begin: float) -> float:
        return max(abs(error) for at, error in self.errors if at >= begin)


def test_session_time_begins_near_zero_across_a_wrap() -> None:
    publisher = Publisher()
    publisher.film(0, 3)
    assert publisher.errors[0][0] == 0
    assert publisher.send(AUDIO, 3) == pytest.approx(3, abs=0.001)


def test_with_reports_picture_and_sound_lie_together() -> None:
    publisher = Publisher(jitter=0.02)
    publisher.film(0, 20, reports=1)
    assert publisher.worst(5) < 0.005


def test_without_reports_they_lie_as_they_arrive() -> None:
    publisher = Publisher(delays={VIDEO: 0.05, AUDIO: 0.05}, jitter=0.08)
    publisher.film(0, 30)
    assert publisher.worst(5) < 0.015


def test_a_first_keyframe_that_took_long_is_forgotten() -> None:
    publisher = Publisher(delays={VIDEO: 0.6, AUDIO: 0.05})
    publisher.film(0, 0.2)
    publisher.delays[VIDEO] = 0.05
    publisher.film(0.2, 20)
    assert publisher.worst(8) < 0.005


def test_reports_that_come_late_move_the_picture_slowly() -> None:
    publisher = Publisher(delays={VIDEO: 0.35, AUDIO: 0.05})
    publisher.film(0, 5)
    assert publisher.worst(4) == pytest.approx(0.3, abs=0.02)
    publisher.film(5, 15, reports=1)
    assert publisher.worst(9) < 0.005
    moves = [later - before for (_, before), (_, later) in itertools.pairwise(publisher.errors)]
    assert max(map(abs, moves)) <= 0.0041


@pytest.mark.parametrize("track", [VIDEO, AUDIO])
@pytest.mark.parametrize("late", [0.11, -0.11])
def test_single_reports_that_a_busy_publisher_dated_wrongly_move_nothing(track: int, late: float) -> None:
    publisher = Publisher(delays={VIDEO: 0.05, AUDIO: 0.05})
    publisher.film(0, 8, reports=1)
    for second in range(8, 24):
        for each in (VIDEO, AUDIO):
            publisher.report(each, second, late if each == track and second % 4 == 0 else 0.0)
        publisher.film(second, second + 1)
    assert publisher.worst(8) < 0.005


@pytest.mark.parametrize("reports", [1.0, None])
def test_a_sound_card_that_runs_fast(reports: float | None) -> None:
    """Two in a thousand: a tenth of a second in a minute, if nobody looks."""
    publisher = Publisher(paces={VIDEO: 1.0, AUDIO: 1.002}, delays={VIDEO: 0.05, AUDIO: 0.05}, jitter=0.01)
    publisher.film(0, 50, reports)
    assert publisher.worst(10) < 0.02


def test_reports_of_two_clocks_are_not_believed() -> None:
    publisher = Publisher(delays={VIDEO: 0.05, AUDIO: 0.05})
    for at in range(5):
        publisher.report(AUDIO, at + 40)
        publisher.report(VIDEO, at)
        publisher.film(at, at + 1)
    assert publisher.worst(0) < 0.005


def test_a_clock_that_jumps_goes_on_beside_the_other() -> None:
    publisher = Publisher(delays={VIDEO: 0.05, AUDIO: 0.05})
    publisher.film(0, 5, reports=1)
    publisher.origins[VIDEO] = 123_456_789
    publisher.film(5, 20, reports=1)
    assert publisher.worst(12) < 0.005


def test_one_track_alone_and_a_sound_that_joins() -> None:
    publisher = Publisher(delays={VIDEO: 0.05, AUDIO: 0.05})
    assert [round(publisher.send(VIDEO, each / 25), 2) for each in range(4)] == [0.0, 0.04, 0.08, 0.12]
    publisher.film(1, 3)
    assert publisher.worst(1) < 0.005


def test_a_picture_shown_before_one_decoded_earlier() -> None:
    clock = SessionClock(AUDIO, VIDEO, RATES)
    units = [clock.place(VIDEO, stamp, 10 + index / 30) for index, stamp in enumerate((0, 9000, 3000, 6000, 12000))]
    assert units == [(0, 0), (9000, 9000), (9000, 3000), (9000, 6000), (12000, 12000)]


def test_a_stall_of_the_network_is_no_jump() -> None:
    clock = SessionClock(AUDIO, VIDEO, RATES)
    clock.place(VIDEO, 0, 10.0)
    assert [clock.place(VIDEO, 3000 * each, 13.0 + each / 1000)[1] for each in range(1, 4)] == [3000, 6000, 9000]


def test_the_quickest_of_some_seconds() -> None:
    quickest = Quickest()
    assert quickest.value is None
    for second, value in enumerate((5, 3, *[7] * 12)):
        quickest.push(value, float(second))
    assert quickest.value == 7
    assert FINE % RATES[AUDIO] == FINE % RATES[VIDEO] == 0


def test_another_stream_goes_on_where_the_one_before_it_was() -> None:
    clock = SessionClock(AUDIO, VIDEO, RATES)
    clock.place(VIDEO, 9000, 10.0)
    clock.place(VIDEO, 99_000, 11.0)
    clock.restart(VIDEO)
    assert clock.place(VIDEO, 99_001, 13.0) == (270_000, 270_000)
