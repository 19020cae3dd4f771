"""The sound's way through a worker: decode, 48 kHz stereo, programme time, AAC."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import UnsupportedError
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.media.ticks import rescale, ticks_at
from vitrine.media.track import AudioTrack
from vitrine.transcode.ladder import Plan
from vitrine.transcode.worker.decoder import AudioDecoder
from vitrine.transcode.worker.encoder import SoundEncoder
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.pacing import MAX_GAP_SECONDS
from vitrine.transcode.worker.sound_line import SoundLine
from vitrine.transcode.worker.stillness import SilentSound
from vitrine.transcode.worker.stretch import Samples

WAIT = AUDIO_RATE * 4 // 10
"""Samples that live sound may come behind the picture before silence takes its place."""

MAX_WAIT = AUDIO_RATE
"""The wait grows to this for a publisher whose sound always comes late."""


@dataclass(frozen=True, slots=True)
class PictureReached:
    """The picture has come to `position` seconds; `nothing_comes` where it is filled in, and was waited for already."""

    position: Fraction
    nothing_comes: bool = False


@dataclass(frozen=True, slots=True)
class PictureEnded:
    """The picture ends at `position` seconds, and so does the sound."""

    position: Fraction


@dataclass(frozen=True, slots=True)
class SoundLeft:
    """The publisher is gone: there is nothing to wait for until a track is announced."""


SoundInput = AccessUnit | AudioTrack | PictureReached | PictureEnded | SoundLeft


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
        self._timescale = AUDIO_RATE
        self._refused_before = 0
        self._normaliser = Normaliser()
        self._silent = SilentSound()
        self._wait = WAIT
        self._left = False
        self._filled = 0

    def push(self, item: SoundInput) -> None:
        match item:
            case AccessUnit():
                self._decode(item)
                self._counters.sound_done = item.pts / self._timescale
            case AudioTrack():
                self._change_track(item)
            case SoundLeft():
                self._drop_decoder()
                self._silent.forget()
                self._left, self._wait = True, WAIT
            case PictureReached(position, nothing_comes):
                self._follow(ticks_at(position, AUDIO_RATE), 0 if nothing_comes or self._left else self._wait)
            case PictureEnded(position):
                # To the nearest whole AAC frame: one more would begin a segment that the picture does not have.
                end = AAC_FRAME * rescale(ticks_at(position, AUDIO_RATE), AAC_FRAME, 1)
                self._fill(end)
                self._encode(self._line.flush(end))
                self._deliver(self._encoder.flush())
        self._count()

    def _change_track(self, track: AudioTrack) -> None:
        if self._decoder and self._decoder.track == track:
            return
        self._drop_decoder()
        self._left, self._filled, self._timescale = False, 0, track.timescale
        try:
            self._decoder = AudioDecoder(track)
        except UnsupportedError:
            if not self._live:
                raise  # else the show goes on in silence; the units that come are counted

    def _drop_decoder(self) -> None:
        self._refused_before += self._decoder.undecodable if self._decoder else 0
        self._decoder = None

    def _follow(self, picture: int, wait: int) -> None:
        """Where sound cannot be waited for longer, or will never come, silence follows the picture."""
        if self._live or self._decoder is None:
            before = self._line.position
            self._fill(picture - wait)
            if self._line.position > before:
                self._filled = self._line.position

    def _fill(self, position: int) -> None:
        """In steps, so that an hour of silence does not take the memory of an hour of sound."""
        while self._line.position < position:
            self._encode(self._line.fill(min(position, self._line.position + AUDIO_RATE)))

    def _catch_up(self, position: int) -> None:
        gap = position - self._line.position
        if gap > MAX_GAP_SECONDS * AUDIO_RATE:
            raise UnsupportedError(
                f"The sound's time jumps ahead by more than {MAX_GAP_SECONDS} s; restart the encoder"
            )
        if gap > AUDIO_RATE:
            self._fill(position)

    def _decode(self, unit: AccessUnit) -> None:
        decoder = self._decoder
        if decoder is None or unit.track_id != decoder.track.id:
            self._refused_before += decoder is None
            return
        for frame in decoder.decode(unit):
            assert frame.pts is not None
            position = rescale(frame.pts, decoder.track.timescale, AUDIO_RATE)
            for samples in self._normaliser.push(frame):
                self._silent.push(samples)
                self._note_lateness(position)
                self._catch_up(position)
                self._encode(self._line.push(samples, position))
                position += samples.shape[1]

    def _note_lateness(self, position: int) -> None:
        """Sound for which silence had already been put in its place: wait longer from now on."""
        if self._filled > position:
            self._wait = min(MAX_WAIT, self._wait + self._filled - position)
        self._filled = 0

    def _encode(self, blocks: list[Samples]) -> None:
        for block in blocks:
            self._deliver(self._encoder.encode(block))

    def _count(self) -> None:
        self._counters.silence = self._line.silence
        self._counters.trimmed = self._line.trimmed
        self._counters.stretched = self._line.stretched
        self._counters.mute = self._silent.seconds
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
