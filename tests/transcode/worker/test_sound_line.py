import numpy as np
import pytest

from vitrine.media.grid import AAC_FRAME
from vitrine.transcode.worker.sound_line import CLOSE, SoundLine
from vitrine.transcode.worker.stretch import Samples


def ramp(start: int, count: int) -> Samples:
    """Each sample's value tells its position, exactly in float32."""
    return np.tile(np.arange(start, start + count, dtype=np.float32) + 1, (2, 1))


def join(frames: list[Samples]) -> Samples:
    assert all(frame.shape == (2, AAC_FRAME) for frame in frames)
    return np.concatenate(frames, axis=1) if frames else np.zeros((2, 0), np.float32)


def test_sound_on_time_passes_unchanged() -> None:
    line = SoundLine()
    frames: list[Samples] = []
    for start in range(0, 10240, 1024):
        frames += line.push(ramp(start, 1024), start)
    frames += line.flush(10240)
    assert np.array_equal(join(frames), ramp(0, 10240))
    assert (line.silence, line.trimmed, line.stretched) == (0, 0, 0)


@pytest.mark.parametrize("size", [1, 100, 960, 1024, 5000])
def test_any_block_size(size: int) -> None:
    line = SoundLine()
    frames: list[Samples] = []
    for start in range(0, 10_000, size):
        frames += line.push(ramp(start, size), start)
    whole = join(frames + line.flush(line.position))
    assert np.array_equal(whole[:, :10_000], ramp(0, whole.shape[1])[:, :10_000])


def test_a_late_start_is_silence() -> None:
    line = SoundLine()
    whole = join(line.push(ramp(3000, 1096), 3000) + line.flush(4096))
    assert not whole[:, :3000].any()
    assert np.array_equal(whole[:, 3000:], ramp(3000, 1096))
    assert line.silence == 3000


def test_sound_before_the_first_picture_is_cut() -> None:
    line = SoundLine()
    frames = line.push(ramp(-1500, 1024), -1500) + line.push(ramp(-476, 1024), -476)
    whole = join(frames + line.push(ramp(548, 1500), 548) + line.flush(2048))
    assert np.array_equal(whole, ramp(0, 2048))
    assert line.trimmed == 1500


def test_a_gap_becomes_silence_and_what_follows_is_in_place() -> None:
    line = SoundLine()
    frames = line.push(ramp(0, 2048), 0) + line.push(ramp(12048, 8432), 12048)
    whole = join(frames + line.flush(20480))
    assert np.array_equal(whole[:, :2048], ramp(0, 2048))
    assert not whole[:, 2048:12048].any()
    assert np.array_equal(whole[:, 12048:], ramp(12048, 8432))


def test_an_overlap_is_cut() -> None:
    line = SoundLine()
    frames = line.push(ramp(0, 20480), 0)
    for start in (10240, 15360):
        frames += line.push(ramp(start, 5120), start)
    frames += line.push(ramp(20480, 1024), 20480)
    assert np.array_equal(join(frames + line.flush(21504)), ramp(0, 21504))
    assert line.trimmed == 10240


def test_one_lost_block_is_put_right_within_eight() -> None:
    line = SoundLine()
    line.push(ramp(0, 1024), 0)
    for start in range(2048, 2048 + 1024 * 12, 1024):
        line.push(ramp(start, 1024), start)
    assert line.position == 2048 + 1024 * 12
    assert line.silence == 1024


def test_silence_up_to_the_picture_and_late_sound_after_it() -> None:
    line = SoundLine()
    frames = line.fill(4800) + line.fill(100)
    frames += line.push(ramp(4000, 2000), 4000)
    whole = join(frames + line.flush(6000))
    assert not whole[:, :4800].any()
    assert np.array_equal(whole[:, 4800:6000], ramp(4800, 1200))


def test_flush_rounds_up_to_a_whole_frame() -> None:
    line = SoundLine()
    assert join(line.flush(1)).shape == (2, AAC_FRAME)
    assert join(SoundLine().flush(2 * AAC_FRAME)).shape == (2, 2 * AAC_FRAME)
    assert SoundLine().flush(0) == []


def test_a_replaced_worker_begins_where_it_is_told() -> None:
    line = SoundLine(first_frame=10)
    assert line.position == 10240
    assert np.array_equal(join(line.push(ramp(9000, 5360), 9000) + line.flush(14360))[:, :4000], ramp(10240, 4000))


@pytest.mark.parametrize(("parts_per_million", "minutes"), [(-1000, 2), (-100, 30), (0, 60), (100, 30), (1000, 2)])
def test_drift_stays_within_five_milliseconds(parts_per_million: int, minutes: int) -> None:
    line = SoundLine()
    worst = 0
    silence = np.zeros((2, 1024), np.float32)
    stamp = 0.0
    for _ in range(minutes * 60 * 48000 // 1024):
        line.push(silence, int(stamp / 48) * 48)  # stamps in milliseconds
        stamp += 1024 * (1 + parts_per_million / 1e6)
        worst = max(worst, abs(line.position - int(stamp)))
    assert worst < 240
    assert (line.silence, line.trimmed) == (0, 0)
    assert (line.stretched == 0) == (parts_per_million == 0)


def test_jitter_of_stamps_is_not_followed() -> None:
    line = SoundLine()
    jitter = np.random.default_rng(1).integers(-900, 900, 500)
    for n, late in enumerate(jitter):
        line.push(np.zeros((2, 1024), np.float32), max(0, n * 1024 + int(late)) if n else 0)
    assert abs(line.position - 500 * 1024) < CLOSE
    assert line.silence == line.trimmed == 0
