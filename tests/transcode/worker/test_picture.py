from collections.abc import Iterator
from fractions import Fraction

import pytest

from tests.transcode.clips import plan, video_clip
from vitrine.transcode.events import Shed
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.picture import PictureThread
from vitrine.transcode.worker.rung import RungThread


@pytest.mark.parametrize(("waiting", "given_up"), [(0.1, []), (2.0, ["every rung encoded faster"])])
def test_pictures_give_way_to_sound_that_waits(
    waiting: float, given_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock: Iterator[float] = (number / 25 for number in range(1_000_000))
    monkeypatch.setattr("vitrine.transcode.worker.picture.time.monotonic", lambda: next(clock))
    clip = video_clip(count=150)
    counters = Counters(sound_in=waiting)
    rungs: list[RungThread] = []
    shed: list[Shed] = []

    def reached(position: Fraction, _nothing_comes: bool) -> None:
        """The rung has no thread here, and is never behind."""
        if rungs[0].queue.full():
            rungs[0].queue.get()
        rungs[0].done = int(position * 25)

    pictures = PictureThread(
        plan(live=True),
        counters,
        lambda _units: None,
        on_opened=lambda opened, _renditions: rungs.extend(opened),
        on_position=reached,
        on_shed=shed.append,
    )
    pictures.push(clip.tracks[0])  # type: ignore[arg-type]
    for unit in clip.units:
        pictures.push(unit)
    assert [name for each in shed[:1] for name in each.steps] == given_up
