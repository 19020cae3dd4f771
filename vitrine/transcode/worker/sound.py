"""The sound's way through a worker: decode, 48 kHz stereo, programme time, AAC."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.media.ticks import rescale, ticks_at
from vitrine.media.track import AudioTrack
from vitrine.transcode.ladder import Plan
from vitrine.transcode.worker.decoder import AudioDecoder
from vitrine.transcode.worker.encoder import SoundEncoder
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.sound_line import SoundLine
from vitrine.transcode.worker.stretch import Samples

WAIT = AUDIO_RATE * 4 // 10
"""Samples that live sound may come behind the picture before silence takes its place."""

MAX_WAIT = AUDIO_RATE
"""The wait grows to this for a publisher whose sound always comes late."""


@dataclass(frozen=True, slots=True)
class PictureReached:
    """The picture has come to `position` seconds."""

    position: Fraction


@dataclass(frozen=True, slots=True)
class PictureEnded:
    """The picture ends at `position` seconds, and so does the sound."""

    position: Fraction


SoundInput = AccessUnit | AudioTrack | PictureReached | PictureEnded


class SoundThread:
    """Never waited for by the picture: what does not come in time is silence."""

    def __init__(
        self, plan: Plan, encoder: SoundEncoder, counters: Counters, deliver: Callable[[list[AccessUnit]], None]
    ) -> None:
        self._live = plan.live
        self._encoder = encoder
        self._counters = counters
        self._deliver = deliver
        self._line = SoundLine(plan.first_audio_frame)
        self._decoder: AudioDecoder | None = None
        self._refused_before = 0
        self._normaliser = Normaliser()
        self._wait = WAIT

    def push(self, item: SoundInput) -> None:
        match item:
            case AccessUnit():
                self._decode(item)
            case AudioTrack():
                self._refused_before += self._decoder.undecodable if self._decoder else 0
                self._decoder = AudioDecoder(item)
            case PictureReached(position):
                if self._live:
                    self._encode(self._line.fill(ticks_at(position, AUDIO_RATE) - self._wait))
            case PictureEnded(position):
                # To the nearest whole AAC frame: one more would begin a segment that the picture does not have.
                frames = rescale(ticks_at(position, AUDIO_RATE), AAC_FRAME, 1)
                self._encode(self._line.flush(frames * AAC_FRAME))
                self._deliver(self._encoder.flush())
        self._count()

    def _decode(self, unit: AccessUnit) -> None:
        decoder = self._decoder
        if decoder is None or unit.track_id != decoder.track.id:
            return
        for frame in decoder.decode(unit):
            assert frame.pts is not None
            position = rescale(frame.pts, decoder.track.timescale, AUDIO_RATE)
            for samples in self._normaliser.push(frame):
                self._note_lateness(position)
                self._encode(self._line.push(samples, position))
                position += samples.shape[1]

    def _note_lateness(self, position: int) -> None:
        late = self._line.position - position
        if late > 0 and not self._line.is_running and position > 0:
            self._wait = min(MAX_WAIT, self._wait + late)

    def _encode(self, blocks: list[Samples]) -> None:
        for block in blocks:
            self._deliver(self._encoder.encode(block))

    def _count(self) -> None:
        self._counters.silence = self._line.silence
        self._counters.trimmed = self._line.trimmed
        self._counters.stretched = self._line.stretched
        self._counters.undecodable_sound = self._refused_before + (self._decoder.undecodable if self._decoder else 0)


class Normaliser:
    """Decoded sound of any rate and layout as float32 stereo at 48 kHz."""

    def __init__(self) -> None:
        self._source: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def push(self, frame: AudioFrame) -> list[Samples]:
        """Blocks of shape (2, n)."""
        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        if source != self._source or self._resampler is None:
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            self._resampler = AudioResampler("fltp", layout, AUDIO_RATE)
            self._source = source
        return [_stereo(block.to_ndarray().astype(np.float32, copy=False)) for block in self._resampler.resample(frame)]


def _stereo(samples: Samples) -> Samples:
    """Mono goes to both ears at its own level; FFmpeg's own conversion would take 3 dB off."""
    return np.repeat(samples, 2, axis=0) if samples.shape[0] == 1 else samples
