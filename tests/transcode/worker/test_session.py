import os

import pytest

from tests.transcode.clips import plan, video_clip
from vitrine.media.track import TrackAnnounced
from vitrine.transcode.ipc import Came, Finish
from vitrine.transcode.worker.arrivals import Arrivals
from vitrine.transcode.worker.output import Output
from vitrine.transcode.worker.session import Session


def test_media_came_when_the_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[float, float]] = []
    monkeypatch.setattr(Arrivals, "note", lambda _, time, came: noted.append((time, came)))
    clip = video_clip(count=2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    session = Session(plan(), Output(nowhere))
    for message in (TrackAnnounced(clip.tracks[0]), Came(7.5), clip.units[0], Came(8.0), clip.units[1], Finish()):
        session.push(message)
    os.close(nowhere)
    assert noted == [(0.0, 7.5), (0.04, 8.0)]
