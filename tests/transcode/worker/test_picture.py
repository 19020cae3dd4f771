from fractions import Fraction

import pytest

from tests.transcode.clips import plan, video_clip
from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.events import Shed
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.picture import PictureThread
from vitrine.transcode.worker.rung import RungThread

RATE = 25
BURST = 20
"""Pictures, of 0.8 seconds."""

CLIP = video_clip(count=150)


class Line:
    """Pictures on their way to a rung that has no thread, and a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.counters = Counters()
        self._rungs: list[RungThread] = []
        self._shed: list[Shed] = []
        monkeypatch.setattr("vitrine.transcode.worker.picture.time.monotonic", lambda: self.now)
        self._pictures = PictureThread(
            plan(live=True),
            self.counters,
            lambda _units: None,
            on_opened=lambda opened, _renditions: self._rungs.extend(opened),
            on_position=self._position,
            on_shed=self._shed.append,
        )
        self._pictures.push(CLIP.tracks[0])  # type: ignore[arg-type]

    def _position(self, _position: Fraction, _nothing_comes: bool) -> None:
        if self._rungs[0].queue.full():
            self._rungs[0].queue.get()

    def encode(self, count: int) -> None:
        """So many pictures are encoded."""
        self._rungs[0].done = count

    def push(self, unit: AccessUnit) -> None:
        self._pictures.push(unit)

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
        line.push(unit)
        line.encode(number + 1)
    assert line.given_up == given_up


@pytest.mark.parametrize(("pace", "given_up"), [(1.0, []), (0.5, ["every rung encoded faster"])])
def test_pictures_that_wait_are_our_lag(pace: float, given_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures come steadily, and are encoded at a pace of the clock."""
    line = Line(monkeypatch)
    for number, unit in enumerate(CLIP.units):
        line.now += 1 / RATE
        line.counters.pictures.note(number / RATE, line.now)
        line.push(unit)
        line.encode(int(pace * (number + 1)))
    assert line.given_up == given_up


def test_what_a_network_gives_in_bursts_is_not_our_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a burst is decoded before its first picture is encoded."""
    line = Line(monkeypatch)
    for start in range(0, len(CLIP.units), BURST):
        line.now += BURST / RATE
        for number, unit in enumerate(CLIP.units[start : start + BURST], start):
            line.counters.pictures.note(number / RATE, line.now)
            line.push(unit)
        line.encode(start + BURST)
    assert line.given_up == []
