"""What an RTMP connection reports to its shell."""

from dataclasses import dataclass
from fractions import Fraction

from vitrine.ingest.rtmp.amf_values import Object, Value
from vitrine.media.track import TrackAnnounced

HIGHEST_RATE = 240
"""Frames a second: the fastest cameras that publish."""

NTSC_DENOMINATOR = 1001
"""29.97 stands for 30000/1001."""


@dataclass(frozen=True, slots=True)
class PublishRequested:
    """A publisher named its stream key and waits for accept_publish or refuse_publish."""

    app: str
    key: str


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """An access unit came. `stamp` is its raw decoding time, 32 bits of ms; `composition` is pts - dts in ms."""

    track_id: int
    stamp: int
    composition: int
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    """The publisher described its stream (onMetaData). Often wrong: a hint, never a fact."""

    values: Object

    @property
    def encoder(self) -> str:
        """The program's name as it gives it, empty if it does not."""
        value = self.values.get("encoder")
        return value if isinstance(value, str) else ""

    @property
    def rate(self) -> Fraction | None:
        """Frames a second as stated, None where that is no rate of this world."""
        value = self.values.get("framerate")
        if not isinstance(value, float) or not 1 <= value <= HIGHEST_RATE:
            return None
        return Fraction(value).limit_denominator(NTSC_DENOMINATOR)


@dataclass(frozen=True, slots=True)
class DataReceived:
    """Another named data message came (onTextData, onCuePoint): its decoded values and raw 32-bit stamp in ms."""

    name: str
    values: tuple[Value, ...]
    stamp: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the crew should know, told once a connection; the stream goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is over; nothing follows. `reason` is fit for the log and free of the stream key.

    `stopped` tells that the publisher said so itself, by FCUnpublish or deleteStream.
    """

    reason: str
    stopped: bool = False


Event = PublishRequested | TrackAnnounced | MediaReceived | MetadataReceived | DataReceived | Warned | SessionEnded


@dataclass(frozen=True, slots=True)
class PublishStarted:
    """A server accepted what we publish: media may follow."""


@dataclass(frozen=True, slots=True)
class PublishRefused:
    """A server declined what we publish, in its own words."""

    text: str


ClientEvent = PublishStarted | PublishRefused | SessionEnded
