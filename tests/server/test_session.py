import time
from collections.abc import Iterable, Sequence
from fractions import Fraction

import pytest

from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.whip.events import Measured
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, Track, VideoTrack
from vitrine.server.session import HELD_DATA, SILENCE, Session
from vitrine.transcode.gate import RATE_UNITS

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2)


class Owner:
    """Notes what a broadcast would be told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def opened(self, session: Session, rate: Fraction) -> None:
        self.told.append(rate)

    def add_track(self, session: Session, track: Track) -> None:
        self.told.append(track)

    def feed(self, session: Session, units: Iterable[AccessUnit]) -> None:
        self.told += [unit.pts for unit in units]

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None:
        self.told.append((name, *values, programme))

    def session_ended(self, session: Session, reason: str, *, stopped: bool) -> None:
        self.told.append(reason)


def started(owner: Owner) -> Session:
    session = Session(PublishRequest("rtmp", "key", "127.0.0.1", lambda reason: None), owner, Fraction)
    session.add_track(VIDEO)
    return session


def picture(pts: int) -> AccessUnit:
    return AccessUnit(1, pts, pts, pts == 0, b"four")


def test_tracks_come_before_units_and_late_ones_where_they_come() -> None:
    owner = Owner()
    session = started(owner)
    for index in range(RATE_UNITS):
        session.push(picture(40 * index))
    assert owner.told == [25, VIDEO, *range(0, 40 * RATE_UNITS, 40)]
    session.add_track(AUDIO)
    session.push(AccessUnit(2, 390, 390, True, b"four"))
    assert owner.told[-2:] == [AUDIO, 390]
    assert session.received == 4 * RATE_UNITS + 4


def test_a_session_that_ends_early_is_told_whole() -> None:
    owner = Owner()
    session = started(owner)
    session.push(picture(0))
    assert owner.told == []
    session.end("gone")
    assert owner.told == [30, VIDEO, 0, "gone"]


def test_a_rate_that_was_stated_while_another_was_on_air_counts() -> None:
    owner = Owner()
    session = started(owner)
    session.stand_by(Fraction(30))
    session.describe("OBS", Fraction(50))
    session.go_on_air(Fraction(0), None)
    session.push(picture(0))
    session.end("gone")
    assert owner.told == [50, VIDEO, 0, "gone"]


def test_a_session_without_media_only_ends() -> None:
    owner = Owner()
    started(owner).end("gone")
    assert owner.told == ["gone"]


def test_what_the_publisher_says_of_itself_is_a_hint() -> None:
    owner = Owner()
    session = started(owner)
    session.describe("OBS" * 50, Fraction(30000, 1001))
    for index in range(RATE_UNITS):
        session.push(picture(round(index * 1001 / 30)))
    assert owner.told[0] == Fraction(30000, 1001)
    assert len(session.encoder) == 100


def test_keyframes_are_counted_by_their_pictures_time() -> None:
    session = started(Owner())
    session.add_track(AUDIO)
    assert session.keyframe_ms is None
    for pts in (0, 40, 2000):
        session.push(AccessUnit(1, pts, pts, pts != 40, b"four"))
        session.push(AccessUnit(2, pts + 10, pts + 10, True, b"four"))
    assert session.keyframe_ms == 2000


def test_loss_is_of_the_time_between_two_measurements() -> None:
    session = started(Owner())
    session.measure(Measured(90, 10, 0, 0.0, None, 0))
    assert session.loss == 0.1
    session.measure(Measured(190, 10, 5, 0.0, 0.02, 1))
    assert session.loss == 0
    assert session.measured == Measured(190, 10, 5, 0.0, 0.02, 1)
    session.measure(Measured(190, 10, 5, 0.0, 0.02, 1))
    assert session.loss == 0


def test_a_publisher_is_well_while_media_come(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    session = started(Owner())
    now += SILENCE
    assert session.is_well
    now += 0.1
    assert not session.is_well
    session.push(picture(0))
    assert session.is_well


def test_data_follow_the_units_that_they_came_with_in_programme_time() -> None:
    owner = Owner()
    session = started(owner)
    for number in range(HELD_DATA + 2):
        session.data("onCuePoint", [number], 40)
    for index in range(RATE_UNITS):
        session.push(picture(40 * index))
    assert session.received == 4 * RATE_UNITS
    held = [("onCuePoint", number, Fraction(40, 1000)) for number in range(2, HELD_DATA + 2)]
    assert owner.told == [25, VIDEO, *range(0, 40 * RATE_UNITS, 40), *held]
    session.data("onTextData", [{"text": "1"}, None], 360)
    assert owner.told[-1] == ("onTextData", {"text": "1"}, None, Fraction(360, 1000))


def test_data_of_a_session_that_ends_early_are_told_before_its_end() -> None:
    owner = Owner()
    session = started(owner)
    session.push(picture(0))
    session.data("onCuePoint", [1], 0)
    session.end("gone")
    assert owner.told == [30, VIDEO, 0, ("onCuePoint", 1, Fraction(0)), "gone"]
    owner.told.clear()
    empty = started(owner)
    empty.data("onCuePoint", [1], 0)
    empty.end("gone")
    assert owner.told == ["gone"]
