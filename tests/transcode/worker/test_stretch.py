import numpy as np
import pytest

from vitrine.transcode.worker.stretch import HALF, Samples, Stretcher


def tone(hertz: float, count: int, start: int = 0) -> Samples:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(start, start + count) / 48000)
    return np.stack((wave, -wave)).astype(np.float32)


def test_equal_lengths_are_exact() -> None:
    sound = tone(1000, 4096)
    stretcher = Stretcher()
    out = np.concatenate(
        [stretcher.push(sound[:, start : start + 1024], 1024) for start in range(0, 4096, 1024)], axis=1
    )
    assert np.array_equal(out[:, HALF:], sound[:, :-HALF])
    assert not out[:, :HALF].any()


@pytest.mark.parametrize("change", [-5, -1, 1, 5])
@pytest.mark.parametrize("hertz", [440, 5000, 15000])
def test_a_stretched_tone_stays_a_clean_tone(hertz: float, change: int) -> None:
    stretcher = Stretcher()
    blocks, size = 20, 1024
    out = np.concatenate([stretcher.push(tone(hertz, size, n * size), size + change) for n in range(blocks)], axis=1)
    assert out.shape == (2, blocks * (size + change))
    positions = np.arange(out.shape[1]) * (size / (size + change)) - HALF
    ideal = 0.5 * np.sin(2 * np.pi * hertz * positions / 48000)
    error = (out[0] - ideal)[4 * HALF :]
    assert 20 * np.log10(np.sqrt(np.mean(error**2)) / 0.35) < -60
    assert np.allclose(out[0], -out[1])


def test_blocks_shorter_than_the_kernel() -> None:
    sound = tone(1000, 300)
    stretcher = Stretcher()
    out = np.concatenate([stretcher.push(sound[:, n : n + 3], 3) for n in range(0, 300, 3)], axis=1)
    assert np.array_equal(out[:, HALF:], sound[:, :-HALF])
