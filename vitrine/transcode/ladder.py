"""Which renditions a broadcast gets, and how they are encoded. Data and arithmetic only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from vitrine.media.errors import ConfigError
from vitrine.media.grid import PART_TARGET, Grid
from vitrine.media.track import Colour, Rendition, VideoTrack


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: its name, its short side in pixels, its bitrate in kbit/s."""

    name: str
    height: int
    kbps: int


DEFAULT_LADDER = (
    Rung("1080p", 1080, 5000),
    Rung("720p", 720, 2800),
    Rung("480p", 480, 1400),
    Rung("360p", 360, 800),
)

AUDIO_NAME = "audio"
TAKEN_NAMES = frozenset({AUDIO_NAME, "products"})
"""Renditions that are there beside the ladder: its rungs have other names."""

AUDIO_KBPS = 128

MAX_RUNGS = 8
"""Each costs a thread and an encoder."""

MIN_SIDE = 16
"""Pixels. Below one macroblock decoders disagree about cropping."""

NEARLY = Fraction(9, 10)
"""A source whose short side reaches this share of a rung gets that rung, at the source's own size."""

MAX_PIXEL_ASPECT = 4
"""The widest pixel of H.264's table E-1 is 24:11 and no camera exceeds it; what states more is taken as square."""

LARGE = 720
"""Lines from which a rung has the encoder's settings for large pictures."""

MIN_KBPS = 100
"""Below this the parameter sets and slice headers are a good part of the stream."""


@dataclass(frozen=True, slots=True)
class PlannedRung:
    """A rung with its size in square pixels, both sides even. Frames before `first_frame` are not encoded."""

    name: str
    width: int
    height: int
    kbps: int
    first_frame: int = 0


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Settings of libx264, by its own names.

    The look-ahead of six frames pays for itself twice: macroblock-tree rate control saves more bits than
    `zerolatency` saves delay. Weighted prediction costs a twentieth of the time and gains nothing but in fades.
    Adaptive quantisation at full strength is for encoders without that tree; at 0.6 PSNR is 0.1 to 0.2 dB higher, which
    six frames of look-ahead instead of ten spend on time and delay.
    Rungs of LARGE lines and more do without the 8x8 transform: choosing it costs them a twentieth of the time for
    0.04 dB at most, where the smallest rungs lose 0.15 dB.
    `fast_preset` and `fast_params` are for a machine that does not keep up: a third of the time less, without any
    look-ahead, with the same parameter sets, so that an encoder can take over from another at a keyframe.
    `vbv_share` times the bitrate is both the peak rate and, over one second, the size of the buffer.
    `audio_kbps` is for FFmpeg's AAC-LC encoder, stereo at 48 kHz.
    """

    preset: str = "superfast"
    x264_params: str = (
        "rc-lookahead=6:mbtree=1:bframes=0:weightp=0:aq-strength=0.6:sync-lookahead=0:scenecut=0:open-gop=0"
    )
    small_params: str = "8x8dct=1"
    large_params: str = "8x8dct=0"
    fast_preset: str = "ultrafast"
    fast_params: str = "rc-lookahead=0:mbtree=0:cabac=1"
    vbv_share: Fraction = Fraction(11, 10)
    audio_kbps: int = AUDIO_KBPS

    def params(self, rung: PlannedRung, *, fast: bool = False) -> str:
        """The `x264-params` of a rung. What stands later counts."""
        of_size = self.large_params if min(rung.width, rung.height) >= LARGE else self.small_params
        return ":".join(filter(None, (self.x264_params, of_size, self.fast_params if fast else "")))

    def peak(self, kbps: int) -> int:
        """Peak rate in bits a second."""
        return round(kbps * 1000 * self.vbv_share)


@dataclass(frozen=True, slots=True)
class Slate:
    """What is shown while there is no picture: an image (bytes of a PNG or JPEG file), or one made with the title."""

    title: str = ""
    image: bytes = b""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a worker is told before its first access unit.

    `rate` is frames a second of the output grid, `part_target` seconds. A live worker never waits
    for sound; one that is not live keeps every sample and takes its time. `first_frame` and `first_audio_frame` are
    where its output starts on the grids, `fixed` and `colour` the picture that it must keep: they are for a worker
    that replaces another one, whose rungs had not all come equally far. An empty `fixed` lets the first decoded frame
    decide, from `ladder`;
    one whose short side is below `least_side` counts as that large, because the source will grow.
    """

    rate: Fraction
    live: bool = True
    part_target: Fraction = PART_TARGET
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    settings: EncoderSettings = field(default_factory=EncoderSettings)
    first_frame: int = 0
    first_audio_frame: int = 0
    fixed: tuple[PlannedRung, ...] = ()
    colour: Colour | None = None
    least_side: int = 0
    slate: Slate = Slate()

    @property
    def grid(self) -> Grid:
        return Grid(self.rate, self.part_target, self.live)

    def rungs(self, width: int, height: int) -> tuple[PlannedRung, ...]:
        """The renditions for a first picture of a display size in square pixels."""
        if self.fixed:
            return self.fixed
        short = min(width, height)
        grown = Fraction(max(short, self.least_side), short)
        return plan_rungs(round(width * grown), round(height * grown), self.ladder)

    def resumed(self, renditions: Iterable[Rendition], first_frames: Mapping[str, int]) -> "Plan":
        """The plan of a worker that carries on where another stopped, with the same renditions.

        `first_frames` tells by a rendition's name the first frame that it is to make, on the grid of its kind.
        """
        fixed, colour, first_audio_frame = [], self.colour, self.first_audio_frame
        for each in renditions:
            track, first = each.track, first_frames[each.name]
            if isinstance(track, VideoTrack):
                fixed.append(PlannedRung(each.name, track.width, track.height, each.bitrate // 1000, first))
                colour = track.colour
            else:
                first_audio_frame = first
        return replace(
            self,
            first_frame=min((rung.first_frame for rung in fixed), default=self.first_frame),
            first_audio_frame=first_audio_frame,
            fixed=tuple(fixed),
            colour=colour,
        )


def check_ladder(ladder: Iterable[Rung]) -> None:
    """Raise ConfigError unless the rungs are few, named differently, and of sane sizes and rates."""
    rungs = tuple(ladder)
    if not 1 <= len(rungs) <= MAX_RUNGS:
        raise ConfigError(f"The ladder has {len(rungs)} rungs; give 1 to {MAX_RUNGS}")
    names = [rung.name for rung in rungs]
    if len(set(names)) < len(names) or TAKEN_NAMES & set(names):
        taken = " and ".join(map(repr, sorted(TAKEN_NAMES)))
        raise ConfigError(f"The ladder's names must differ from one another and from {taken}: {names}")
    for rung in rungs:
        if not MIN_SIDE <= rung.height <= 4320 or rung.height % 2:
            raise ConfigError(
                f"Rung {rung.name!r} has height {rung.height}; give an even number from {MIN_SIDE} to 4320"
            )
        if not MIN_KBPS <= rung.kbps <= 100_000:
            raise ConfigError(f"Rung {rung.name!r} has {rung.kbps} kbit/s; give {MIN_KBPS} to 100000")


def display_size(width: int, height: int, pixel_aspect: tuple[int, int]) -> tuple[int, int]:
    """The size in square pixels of a coded picture: the side that is too short is stretched, nothing is lost."""
    across, down = pixel_aspect
    if across == down or not 1 <= MAX_PIXEL_ASPECT * min(across, down) >= max(across, down):
        return width, height
    if across > down:
        return round(Fraction(width * across, down)), height
    return width, round(Fraction(height * down, across))


def plan_rungs(width: int, height: int, ladder: Iterable[Rung] = DEFAULT_LADDER) -> tuple[PlannedRung, ...]:
    """The renditions for a source of a display size in square pixels, largest first.

    Never larger than the source, and at least one. The short side carries the rung's height, so a portrait
    source gets the same rungs as a landscape one.
    """
    short = min(width, height)
    by_size: dict[int, PlannedRung] = {}
    for rung in sorted(ladder, key=lambda rung: rung.height, reverse=True):
        if rung.height * NEARLY <= short:
            side = min(_even(Fraction(short)), rung.height)
            by_size[side] = _sized(rung.name, side, rung.kbps, width, height)
    if by_size:
        return tuple(by_size.values())
    smallest = min(ladder, key=lambda rung: rung.height)
    side = _even(Fraction(short))
    kbps = max(MIN_KBPS, round(smallest.kbps * Fraction(side, smallest.height) ** 2))
    return (_sized(f"{short}p", side, kbps, width, height),)


def _sized(name: str, side: int, kbps: int, width: int, height: int) -> PlannedRung:
    short, long = min(width, height), max(width, height)
    other = _even(Fraction(long)) if side == _even(Fraction(short)) else _even(Fraction(long * side, short))
    return PlannedRung(name, other, side, kbps) if width >= height else PlannedRung(name, side, other, kbps)


def _even(length: Fraction) -> int:
    """The nearest even length that is not larger by a whole pixel, at least MIN_SIDE."""
    return max(MIN_SIDE, 2 * ((2 * length.numerator + 2 * length.denominator - 1) // (4 * length.denominator)))
