"""Publishers' clocks that run fast or slow, wrap, jump and step back, from raw stamps to what viewers get."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest

from tests.transcode.clips import Clip, Result, audio_clip, plan, tone, transcode, video_clip
from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.rtmp.server import STAMP_MODULUS
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.media.timeline import Timeline
from vitrine.media.track import AudioTrack, Codec, Track, VideoTrack
from vitrine.packager.packager import Packager
from vitrine.server.session import Session
from vitrine.transcode.standstill import Standstill
from vitrine.transcode.worker.pacing import Pacer
from vitrine.transcode.worker.sound_line import SoundLine

HOURS = 2
RATE = 5
BLOCK = 8 * AAC_FRAME
"""Samples that come at once. Fewer and larger pieces than a real show's, so that two hours take seconds."""

VIDEO = VideoTrack(1, Codec.H264, 1000, b"config", 1280, 720)
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2)
IN_STEP = 0.020
"""Seconds that sound and picture may be apart."""


@dataclass
class Owner:
    """Keeps what a session gives its broadcast."""

    rate: Fraction | None = None
    tracks: list[Track] = field(default_factory=list)
    units: list[AccessUnit] = field(default_factory=list)

    def opened(self, session: Session, rate: Fraction) -> None:
        self.rate = rate

    def add_track(self, session: Session, track: Track) -> None:
        self.tracks.append(track)

    def feed(self, session: Session, units: Iterable[AccessUnit]) -> None:
        self.units += units

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None: ...

    def session_ended(self, session: Session, reason: str, *, stopped: bool) -> None: ...

    def take(self) -> list[AccessUnit]:
        units, self.units = self.units, []
        return units


class Publisher:
    """Raw stamps in milliseconds through the timeline and the gate, as the RTMP server does it."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.owner = Owner()
        self.timeline = Timeline(1000, STAMP_MODULUS)
        self._session = Session(PublishRequest("rtmp", "key", "127.0.0.1", lambda reason: None), self.owner, Fraction)
        for track in tracks:
            self._session.add_track(track)

    def send(self, track_id: int, stamp: int, now: float, data: bytes, *, keyframe: bool) -> list[AccessUnit]:
        """What passes the gate, in programme time."""
        dts = self.timeline.place(track_id, stamp % STAMP_MODULUS, now)
        self._session.push(AccessUnit(track_id, dts, dts, keyframe, data))
        return self.owner.take()

    def state_rate(self, rate: Fraction) -> None:
        self._session.describe("encoder", rate)

    def end(self) -> list[AccessUnit]:
        self._session.end("over")
        return self.owner.take()


def drifting_show(clock: float, sound_card: float) -> Iterable[tuple[float, int, int, float]]:
    """Two hours: arrival, track, stamp in ms, and what was captured when, in order of arrival.

    The publisher's clock runs `clock` times as fast as ours, its sound card `sound_card` times as fast as its clock.
    """
    sound = 0
    block = BLOCK / (AUDIO_RATE * sound_card * clock)
    for picture in range(int(HOURS * 3600 * RATE * clock)):
        captured = picture / RATE / clock
        while sound * block <= captured:
            yield sound * block, AUDIO.id, int(sound * block * clock * 1000), sound * block
            sound += 1
        yield captured, VIDEO.id, int(captured * clock * 1000), captured


@pytest.mark.parametrize(
    ("clock", "sound_card"),
    [(1.0001, 0.9999), (0.9999, 1.0001)],
    ids=["clock fast, sound card slow", "clock slow, sound card fast"],
)
def test_two_hours_of_a_clock_that_is_off(clock: float, sound_card: float) -> None:
    """Every sample of sound carries the time at which it was captured; it is compared with the picture beside it."""
    publisher, pacer, line = Publisher([VIDEO, AUDIO]), Pacer(Fraction(RATE)), SoundLine()
    standstill = Standstill()
    heard: list[np.float32] = []  # the sample at the time of each picture
    played = 0
    captured_at: list[float] = []
    lengths: list[float] = []
    waiting: list[tuple[int, float]] = []
    for arrival, track, stamp, captured in drifting_show(clock, sound_card):
        waiting.append((track, captured))
        for unit in publisher.send(track, stamp, arrival, b"data", keyframe=track == AUDIO.id or stamp == 0):
            unit_track, unit_captured = waiting.pop(0)
            assert unit.track_id == unit_track
            if unit.track_id == VIDEO.id:
                assert standstill.push(Fraction(unit.pts, 1000), arrival) == 0
                assert standstill.look(arrival) is None
                frame = pacer.place(unit.pts, 1000)
                assert frame == len(captured_at), "no picture is dropped or repeated"
                captured_at.append(unit_captured)
                lengths.append(line.position / AUDIO_RATE - frame / RATE)
            else:
                span = BLOCK / (AUDIO_RATE * sound_card * clock)
                ramp = np.linspace(unit_captured, unit_captured + span, BLOCK, endpoint=False) / (HOURS * 3600)
                samples = np.tile(ramp.astype(np.float32), (2, 1))
                for block in line.push(samples, unit.pts * AUDIO_RATE // 1000):
                    if (offset := len(heard) * AUDIO_RATE // RATE - played) < block.shape[1]:
                        heard.append(block[0, offset])
                    played += block.shape[1]
    frames = slice(RATE, len(captured_at) - RATE)
    apart = np.array(heard[frames]) * HOURS * 3600 - np.array(captured_at)[frames]
    assert np.abs(apart).max() < IN_STEP
    assert line.silence + line.trimmed < AUDIO_RATE // 10
    assert max(lengths[-100:]) - max(lengths[RATE : RATE + 100]) < IN_STEP, "what is held back grows"
    assert publisher.timeline.jumps == publisher.timeline.regressions == 0


LENGTH = 6
"""Seconds of the short shows."""


def published(stamp: Callable[[int], int], stated: Fraction | None = None, rate: Fraction = Fraction(25)) -> Publisher:
    """A show of real pictures and sound through timeline and gate, with stamps as `stamp` bends them.

    Its units are in `owner.units`.
    """
    clip = shown(rate)
    scales = {track.id: track.timescale for track in clip.tracks}
    publisher = Publisher([replace(track, timescale=1000) for track in clip.tracks])
    if stated is not None:
        publisher.state_rate(stated)
    units: list[AccessUnit] = []
    for unit in clip.units:
        now = unit.dts / scales[unit.track_id]
        bent = stamp(int(now * 1000))
        units += publisher.send(unit.track_id, bent, now, unit.data, keyframe=unit.keyframe)
    publisher.owner.units = units + publisher.end()
    return publisher


def shown(rate: Fraction) -> Clip:
    options = {"bf": "0"}
    pictures = video_clip(count=int(LENGTH * rate), rate=rate, paint=lambda n: (40 + n, 128, 128), options=options)
    return pictures + audio_clip(tone(LENGTH))


async def encoded(publisher: Publisher) -> Result:
    assert publisher.owner.rate is not None
    clip = Clip(publisher.owner.tracks, publisher.owner.units)
    return await transcode(clip, plan(publisher.owner.rate, live=True))


def check_playlists(result: Result, rate: Fraction) -> None:
    """Every rendition goes through the packager, which takes no hole; sound and picture end together."""
    packager = Packager("b", result.renditions, plan(rate).grid, 0, 60)
    ids = {rendition.track.id for rendition in result.renditions}
    for event in result.events:
        if isinstance(event, AccessUnit) and event.track_id in ids:
            packager.push(event)
    pictures = len(result.units("120p")) / rate
    sound = Fraction(len(result.units("audio")) * AAC_FRAME, AUDIO_RATE)
    assert abs(pictures - sound) < Fraction(1, 20)


@pytest.mark.parametrize(
    ("name", "stamp", "seconds", "jumps"),
    [
        ("wrap", lambda ms: ms + STAMP_MODULUS - 3000, LENGTH, 0),
        ("an hour ahead", lambda ms: ms + (3_600_000 if ms >= 3000 else 0), LENGTH, 1),
        ("an hour back", lambda ms: ms + (0 if ms >= 3000 else 3_600_000), LENGTH, 1),
        ("half a second back, for good", lambda ms: ms - (500 if ms >= 3000 else 0), LENGTH - 0.5, 0),
        ("half a second back, for a moment", lambda ms: ms - (500 if 3000 <= ms < 3200 else 0), LENGTH, 0),
    ],
)
async def test_stamps_that_misbehave(name: str, stamp: Callable[[int], int], seconds: float, jumps: int) -> None:
    publisher = published(stamp)
    result = await encoded(publisher)
    check_playlists(result, Fraction(25))
    assert len(result.units("120p")) == pytest.approx(seconds * 25, abs=3), name
    assert publisher.timeline.jumps == jumps
    assert result.stats.undecodable == 0


@pytest.mark.parametrize(
    ("real", "stated"),
    [
        (Fraction(30000, 1001), Fraction(30)),
        (Fraction(30), Fraction(30000, 1001)),
        (Fraction(25), Fraction(60)),
    ],
    ids=["29.97 as 30", "30 as 29.97", "25 as 60"],
)
async def test_a_frame_rate_that_is_not_the_declared_one(real: Fraction, stated: Fraction) -> None:
    publisher = published(lambda ms: ms, stated, real)
    result = await encoded(publisher)
    assert publisher.owner.rate is not None
    check_playlists(result, publisher.owner.rate)
    assert len(result.units("120p")) / publisher.owner.rate == pytest.approx(LENGTH, abs=0.1)
    assert result.stats.dropped == 0
    assert result.stats.repeated <= 3, "more than the last picture, held until the sound ends"
