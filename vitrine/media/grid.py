"""Where keyframes are forced and segments and parts are cut: one grid for the encoder and the packager.

Programme time 0 is frame 0 and starts segment 0. Video frames lie exactly on the grid; audio frames have a
grid of their own, and an audio segment starts at the audio frame nearest to the video segment's start.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from vitrine.media.errors import ConfigError
from vitrine.media.ticks import rescale

VIDEO_TIMESCALE = 90_000
AAC_FRAME = 1024
"""Samples in one AAC-LC frame (ISO 14496-3)."""

AUDIO_RATE = 48_000
SEGMENT_SECONDS = 2
"""An IDR every 2 s (HLS Authoring Specification 1.13)."""

PART_TARGET = Fraction(334, 1000)
"""Seconds. Whole numbers of frames at every rate of RATES, and of AAC frames, fit 85..100 % of it."""

PART_FILL = Fraction(85, 100)
"""A part that does not end its segment lasts at least this share of PART-TARGET (draft-22 section 4.4.4.9)."""

RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)
"""Output frame rates, frames a second."""


def nearest_rate(measured: Fraction) -> Fraction:
    """The output rate nearest to a source's, by ratio."""
    return min(RATES, key=lambda rate: abs(rate / measured - 1))


@dataclass(frozen=True)
class Grid:
    """The cutting grid of one broadcast. Constant from its first frame to its last.

    `rate` is frames a second, `part_target` seconds. Of a `live` show the first two segments share the time of one:
    players begin with a whole segment (hls.js 1.7), and see it a second sooner.
    """

    rate: Fraction
    part_target: Fraction = PART_TARGET
    live: bool = False

    @cached_property
    def frames_per_segment(self) -> int:
        return round(self.rate * SEGMENT_SECONDS)

    @cached_property
    def _frames_of_first(self) -> int:
        """Frames of a live show's first segment, in whole parts; 0 where there is no such segment."""
        return self.live * (self.frames_per_segment // 2 // self.frames_per_part) * self.frames_per_part

    @cached_property
    def frames_per_part(self) -> int:
        return int(self.part_target * self.rate)

    @cached_property
    def audio_frames_per_part(self) -> int:
        return int(self.part_target * AUDIO_RATE / AAC_FRAME)

    def tick(self, frame: int) -> int:
        """Start of a video frame on VIDEO_TIMESCALE. At 23.976 and 59.94 the durations alternate by one tick."""
        return rescale(frame * self.rate.denominator * VIDEO_TIMESCALE, self.rate.numerator, 1)

    def frame(self, tick: int) -> int:
        """The video frame whose start is nearest to a tick of VIDEO_TIMESCALE."""
        return rescale(tick * self.rate.numerator, VIDEO_TIMESCALE * self.rate.denominator, 1)

    def starts_segment(self, frame: int) -> bool:
        return frame == self.first_frame(self.segment(frame))

    def place_in_part(self, frame: int) -> int:
        """How many frames a video frame lies behind its part's first."""
        return frame % self.frames_per_segment % self.frames_per_part

    def segment(self, frame: int) -> int:
        """The segment that holds a video frame, counted from 0."""
        return frame // self.frames_per_segment + (0 < self._frames_of_first <= frame)

    def first_frame(self, segment: int) -> int:
        """The video frame that starts a segment."""
        if self._frames_of_first and segment > 0:
            return self._frames_of_first if segment == 1 else (segment - 1) * self.frames_per_segment
        return segment * self.frames_per_segment

    def segment_start(self, segment: int) -> int:
        """Start of a segment on VIDEO_TIMESCALE."""
        return self.tick(self.first_frame(segment))

    def audio_segment_start(self, segment: int) -> int:
        """Index of the AAC frame that starts a segment's audio: the nearest to the video's start."""
        samples = self.first_frame(segment) * self.rate.denominator * AUDIO_RATE
        return rescale(samples, self.rate.numerator * AAC_FRAME, 1)


def check_part_target(part_target: Fraction) -> None:
    """Raise ConfigError unless whole frames fill PART_FILL of the part target at every output rate.

    Apple's player refuses a stream with shorter parts. What fits all of these rates fits AAC frames too.
    """
    for rate in RATES:
        if int(part_target * rate) < PART_FILL * part_target * rate:
            raise ConfigError(
                f"A part of {float(part_target):g} s does not fit {float(rate):.5g} frames a second: whole frames "
                f"fill only {float(int(part_target * rate) / (part_target * rate)):.0%} of it, and players want 85 %. "
                f"Try {float(PART_TARGET):g}, 0.5 or 1."
            )
