"""What a worker reports. Its access units come as they are, `vitrine.media.access_unit.AccessUnit`."""

from dataclasses import dataclass

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Rendition


@dataclass(frozen=True, slots=True)
class Opened:
    """The output is known: largest rung first, sound last. Comes before the first access unit."""

    renditions: tuple[Rendition, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the worker began, about once a second.

    Frames are pictures; `undecodable` counts access units that became no picture, `lost` those that never reached the
    worker because it did not keep up. `lag` is seconds for which the oldest picture that is not encoded yet has been
    there, or the same of sound where that is more. `silence`, `trimmed` and `stretched` are samples at
    48 kHz. `frozen` and `mute` are seconds for which the publisher's picture has been the same, and its sound silent.
    """

    frames_in: int = 0
    frames_out: int = 0
    repeated: int = 0
    dropped: int = 0
    undecodable: int = 0
    lost: int = 0
    skipped: int = 0
    cpu: float = 0.0
    lag: float = 0.0
    silence: int = 0
    trimmed: int = 0
    stretched: int = 0
    frozen: float = 0.0
    mute: float = 0.0


@dataclass(frozen=True, slots=True)
class Shed:
    """What is given up has changed: `steps` are all that are in force, in words. `lag` is seconds at that moment."""

    steps: tuple[str, ...]
    lag: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker gave up, for a reason in words; its end follows. `ours` where what it was given is not to blame."""

    reason: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything that was asked for has been delivered."""


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The process ended without having been asked to. `status` is its exit status, negative for a signal."""

    status: int
    reason: str


WorkerEvent = Opened | AccessUnit | Stats | Shed | Failed | Finished
PoolEvent = WorkerEvent | WorkerDied
