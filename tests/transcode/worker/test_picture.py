from fractions import Fraction

import pytest

from tests.transcode.clips import plan, video_clip
from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.events import Shed
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.picture import PictureThread
from vitrine.transcode.worker.rung import RungThread

RATE = 25
BURST = 25
"""Pictures, of a second."""

CLIP = video_clip(count=200)
TIMESCALE = CLIP.tracks[0].timescale


class Line:
    """Pictures on their way to a rung that has no thread, and a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.counters = Counters()
        self._rungs: list[RungThread] = []
        self._shed: list[Shed] = []
        monkeypatch.setattr("vitrine.transcode.worker.picture.time.monotonic", lambda: self.now)
        self.pictures = PictureThread(
            plan(live=True),
            self.counters,
            lambda _units: None,
            on_opened=lambda opened, _renditions: self._rungs.extend(opened),
            on_position=self._position,
            on_shed=self._shed.append,
        )
        self.pictures.push(CLIP.tracks[0])  # type: ignore[arg-type]

    def _position(self, _position: Fraction, _nothing_comes: bool) -> None:
        if self._rungs[0].queue.full():
            self._rungs[0].queue.get()

    def encode(self, count: int) -> None:
        """So many pictures are encoded."""
        self._rungs[0].done = count

    def run(self, came: list[float], pace: float) -> None:
        """All of the clip, whose pictures come at these times and are encoded at a pace of the clock."""
        noted = 0
        for number, unit in enumerate(CLIP.units):
            self.now = max(self.now, came[number])
            while noted < len(came) and came[noted] <= self.now:
                self.counters.pictures.note(noted / RATE, came[noted])
                noted += 1
            self.pictures.push(unit)
            self.now += 1 / (pace * RATE)
            self.encode(number + 1)

    @property
    def given_up(self) -> list[str]:
        return [name for each in self._shed[:1] for name in each.steps]


@pytest.mark.parametrize(("behind", "given_up"), [(0.1, []), (2.0, ["every rung encoded faster"])])
def test_pictures_give_way_to_sound_that_waits(
    behind: float, given_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(monkeypatch)
    for number, unit in enumerate(CLIP.units):
        line.now += 1 / RATE
        line.counters.sound.note(number / RATE, line.now)
        line.counters.sound_done = number / RATE - behind
        line.pictures.push(unit)
        line.encode(number + 1)
    assert line.given_up == given_up


@pytest.mark.parametrize(("pace", "given_up"), [(1.0, []), (0.5, ["every rung encoded faster"])])
def test_pictures_that_wait_are_our_lag(pace: float, given_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch)
    line.run([line.now + number / RATE for number in range(len(CLIP.units))], pace)
    assert line.given_up == given_up


@pytest.mark.parametrize(("pace", "given_up"), [(1.2, []), (0.9, ["every rung encoded faster"])])
def test_what_a_network_gives_in_bursts_is_not_our_lag(
    pace: float, given_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(monkeypatch)
    line.run([line.now + (number // BURST + 1) * BURST / RATE for number in range(len(CLIP.units))], pace)
    assert line.given_up == given_up


@pytest.mark.parametrize("keyframe", [True, False])
def test_what_there_will_be_no_picture_of_is_not_waited_for(keyframe: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch)
    line.counters.pictures.note(10.0, line.now - 5)
    assert line.pictures.lag == 5.0
    line.pictures.push(AccessUnit(1, 10 * TIMESCALE, 10 * TIMESCALE, keyframe, b"no picture"))
    assert line.pictures.lag == 0.0
