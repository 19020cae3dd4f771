"""Sound laid on programme time: gaps filled, overlaps trimmed, drift followed. Pure.

Positions are samples at 48 kHz.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np

from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.transcode.worker.stretch import HALF, Samples, Stretcher

JUMP = AUDIO_RATE // 10
"""An error of 100 ms is a gap or an overlap for certain: no encoder's stamps jitter by as much."""

STEP = AUDIO_RATE * 15 // 1000
"""An error that stays above 15 ms is corrected at once, so that the sound is never 20 ms off for long."""

CLOSE = AUDIO_RATE * 2 // 1000
"""An error below 2 ms is left alone: stamps in milliseconds (RTMP) are wrong by up to one."""

MEMORY = 8
"""Blocks over which an error must persist; jitter changes its size or sign within them."""

SETTLING = 2
"""Seconds in which stretching takes away most of an error."""

MAX_STRETCH = 200
"""One part in so many, 5 ms in a second: a change of pitch that nobody hears."""


class SoundLine:
    """Takes blocks of stereo samples with the position where they belong, gives AAC frames without a hole."""

    def __init__(self, first_frame: int = 0) -> None:
        self.silence = self.trimmed = self.stretched = 0
        self._start = first_frame * AAC_FRAME
        self._written = self._start
        self._errors: deque[int] = deque(maxlen=MEMORY)
        self._running = False
        self._carry = 0.0
        self._stretcher = Stretcher()
        self._skip = HALF
        self._ready: list[Samples] = []
        self._ready_count = 0

    @property
    def position(self) -> int:
        """Where the next sample goes."""
        return self._written

    def push(self, samples: Samples, position: int) -> list[Samples]:
        """Sound that belongs at `position`. Returns the AAC frames it completes, of shape (2, 1024)."""
        error = position - self._written
        step = self._step(error)
        if step > 0:
            self._fill(step)
        elif step < 0:
            self.trimmed += min(-step, samples.shape[1])
            samples = samples[:, -step:]
        self._running = samples.shape[1] > 0
        self._write(samples, samples.shape[1] + (0 if step else self._correction(samples.shape[1])))
        return list(self._frames())

    def fill(self, position: int) -> list[Samples]:
        """Silence up to a position, if the sound has not come that far."""
        if position > self._written:
            self._fill(position - self._written)
            self._running = False
        return list(self._frames())

    def flush(self, position: int) -> list[Samples]:
        """The rest: silence or a cut to `position`, which is then rounded up to a whole frame."""
        whole = -(-(position - self._start) // AAC_FRAME) * AAC_FRAME + self._start
        frames = self.fill(whole)
        self._append(self._stretcher.push(np.zeros((2, HALF), np.float32), HALF))
        frames += self._frames()
        return frames

    def _step(self, error: int) -> int:
        """Samples to insert or to cut before this block, exactly; 0 leaves the error to stretching."""
        self._errors.append(error)
        persistent = _persistent(self._errors)
        if self._running and abs(error) < JUMP and abs(persistent) < STEP:
            return 0
        self._errors.clear()
        return error if not self._running or abs(error) >= JUMP else persistent

    def _correction(self, count: int) -> int:
        persistent = _persistent(self._errors)
        if abs(persistent) < CLOSE:
            return 0
        limit = count / MAX_STRETCH
        self._carry += max(-limit, min(limit, persistent * count / (SETTLING * AUDIO_RATE)))
        whole = int(self._carry)
        self._carry -= whole
        self.stretched += abs(whole)
        return whole

    def _fill(self, count: int) -> None:
        self.silence += count
        self._write(np.zeros((2, count), np.float32), count)

    def _write(self, samples: Samples, count: int) -> None:
        if samples.shape[1]:
            self._append(self._stretcher.push(samples, count))
            self._written += count

    def _append(self, samples: Samples) -> None:
        """The stretcher's delay is cut off the front of the very first samples."""
        kept = samples[:, self._skip :]
        self._skip -= samples.shape[1] - kept.shape[1]
        self._ready.append(kept)
        self._ready_count += kept.shape[1]

    def _frames(self) -> Iterator[Samples]:
        if self._ready_count < AAC_FRAME:
            return
        line = np.concatenate(self._ready, axis=1)
        end = self._ready_count // AAC_FRAME * AAC_FRAME
        self._ready = [line[:, end:]]
        self._ready_count -= end
        for start in range(0, end, AAC_FRAME):
            yield np.ascontiguousarray(line[:, start : start + AAC_FRAME])


def _persistent(errors: deque[int]) -> int:
    """The error that all of a full memory share: the smallest, if they agree in sign."""
    if len(errors) < MEMORY:
        return 0
    if min(errors) > 0:
        return min(errors)
    return max(errors) if max(errors) < 0 else 0
