from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.transcode.clips import Clip, audio_clip, plan, tone
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import UnsupportedError
from vitrine.media.grid import AAC_FRAME
from vitrine.media.track import AudioTrack
from vitrine.transcode.worker.encoder import SoundEncoder
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.sound import MAX_WAIT, WAIT, PictureEnded, PictureReached, SoundLeft, SoundThread


class Bench:
    """A sound thread without a thread, and what it delivers."""

    def __init__(self, live: bool) -> None:
        self.counters = Counters()
        self.units: list[AccessUnit] = []
        self._encoder = SoundEncoder(9, 128, 0)
        self.thread = SoundThread(plan(live=live), self._encoder, self.counters, self.units.extend)

    def push(self, clip: Clip, units: Iterable[AccessUnit] | None = None) -> None:
        track = clip.tracks[0]
        assert isinstance(track, AudioTrack)
        self.thread.push(track)
        for unit in clip.units if units is None else units:
            self.thread.push(unit)

    def decoded(self) -> npt.NDArray[np.float32]:
        context = av.CodecContext.create("aac", "r")
        assert isinstance(context, av.AudioCodecContext)
        context.extradata = self._encoder.track.config
        blocks = [frame.to_ndarray() for unit in self.units for frame in context.decode(av.Packet(unit.data))]
        return np.concatenate(blocks, axis=1).astype(np.float32)


def test_live_silence_follows_the_picture_at_a_distance() -> None:
    bench = Bench(live=True)
    bench.thread.push(PictureReached(Fraction(2)))
    expected = (2 * 48000 - WAIT) // AAC_FRAME
    assert expected - 3 <= len(bench.units) <= expected
    bench.thread.push(PictureEnded(Fraction(2)))
    assert len(bench.units) == -(-2 * 48000 // AAC_FRAME)
    assert not bench.decoded().any()


def test_offline_sound_is_waited_for() -> None:
    bench = Bench(live=False)
    clip = audio_clip(tone(1))
    bench.push(clip, [])
    bench.thread.push(PictureReached(Fraction(10)))
    assert bench.units == []
    bench.push(clip)
    bench.thread.push(PictureEnded(Fraction(1)))
    assert bench.counters.silence < 48000 // 10


def test_live_sound_that_always_comes_late_is_waited_for_longer() -> None:
    bench = Bench(live=True)
    late = WAIT + 4800
    clip = audio_clip(tone(4))
    scale = 48000
    track = clip.tracks[0]
    bench.thread.push(track)  # type: ignore[arg-type]
    for unit in clip.units:
        bench.thread.push(PictureReached(Fraction(unit.pts + late, scale)))
        bench.thread.push(unit)
    bench.thread.push(PictureEnded(Fraction(4)))
    assert late < MAX_WAIT
    assert bench.counters.silence < 12000
    assert np.sqrt(np.mean(bench.decoded()[0, 48000:] ** 2)) == pytest.approx(0.354, rel=0.03)


def test_it_tells_how_far_it_is() -> None:
    bench = Bench(live=True)
    clip = audio_clip(tone(1, rate=44100), rate=44100)
    bench.push(clip)
    assert bench.counters.sound_done == clip.units[-1].pts / 44100


def test_another_publisher_is_not_waited_for_as_long_as_one_that_was_late() -> None:
    bench = Bench(live=True)
    clip = audio_clip(tone(1))
    bench.push(clip, [])
    for unit in clip.units:
        bench.thread.push(PictureReached(Fraction(unit.pts + WAIT + 4800, 48000)))
        bench.thread.push(unit)
    bench.thread.push(SoundLeft())
    bench.push(clip, [])
    bench.thread.push(PictureReached(Fraction(10)))
    expected = (10 * 48000 - WAIT) // AAC_FRAME
    assert expected - 3 <= len(bench.units) <= expected


@pytest.mark.parametrize("factor", [Fraction(1001, 1000), Fraction(999, 1000), Fraction(10001, 10000)])
def test_clicks_of_a_drifting_clock_stay_with_their_stamps(factor: Fraction) -> None:
    seconds, every = 40, 4
    samples = np.zeros((2, seconds * 48000), np.float32)
    for second in range(every, seconds, every):
        samples[:, second * 48000 : second * 48000 + 24] = 0.8
    clip = audio_clip(samples)
    units = [replace(unit, dts=int(unit.dts * factor), pts=int(unit.pts * factor)) for unit in clip.units]
    bench = Bench(live=False)
    bench.push(clip, units)
    bench.thread.push(PictureEnded(Fraction(int(seconds * factor * 1000), 1000)))
    sound = np.abs(bench.decoded()[0])
    for second in range(every, seconds, every):
        wanted = second * 48000 * factor
        around = slice(int(wanted) - 4800, int(wanted) + 4800)
        heard = int(np.argmax(sound[around])) + around.start
        assert abs(heard - wanted) < 480
    assert bench.counters.stretched > 0
    assert bench.counters.silence < 4800


def test_a_lost_second_is_silence_and_the_rest_in_place() -> None:
    clip = audio_clip(tone(4))
    units = [unit for unit in clip.units if not 48000 <= unit.pts < 96000]
    bench = Bench(live=False)
    bench.push(clip, units)
    bench.thread.push(PictureEnded(Fraction(4)))
    sound = bench.decoded()[0]
    assert np.abs(sound[52000:94000]).max() < 0.01
    assert np.sqrt(np.mean(sound[100_000:180_000] ** 2)) == pytest.approx(0.354, rel=0.03)


def test_a_jump_of_hours_is_refused() -> None:
    clip = audio_clip(tone(0.1))
    bench = Bench(live=False)
    with pytest.raises(UnsupportedError, match="jumps ahead"):
        bench.push(clip, [replace(unit, pts=unit.pts + 48000 * 3600) for unit in clip.units])


def test_a_gap_of_minutes_is_silence() -> None:
    clip = audio_clip(tone(1))
    bench = Bench(live=False)
    bench.push(clip, clip.units + [replace(unit, pts=unit.pts + 48000 * 120) for unit in clip.units])
    bench.thread.push(PictureEnded(Fraction(121)))
    assert len(bench.units) == -(-121 * 48000 // AAC_FRAME)
    assert np.sqrt(np.mean(bench.decoded()[0, 48000 * 120 + 4800 : 48000 * 121 - 4800] ** 2)) == pytest.approx(
        0.354, rel=0.03
    )


def test_offline_silence_follows_the_picture_where_there_is_no_sound_at_all() -> None:
    bench = Bench(live=False)
    bench.thread.push(PictureReached(Fraction(600)))
    assert len(bench.units) > 590 * 48000 // AAC_FRAME


def test_the_same_track_again_changes_nothing() -> None:
    clip = audio_clip(tone(1))
    bench = Bench(live=False)
    bench.push(clip, clip.units[:20])
    bench.push(clip, clip.units[20:])
    bench.thread.push(PictureEnded(Fraction(1)))
    assert np.abs(bench.decoded()[0, 2000:46000]).reshape(-1, 400).max(axis=1).min() > 0.4
