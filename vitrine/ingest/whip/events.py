"""What a WebRTC peer tells of its publisher."""

from dataclasses import dataclass

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import TrackAnnounced


@dataclass(frozen=True, slots=True)
class Connected:
    """ICE and DTLS are done; media may come."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How the connection does, about once a second. Counts are since it began.

    `round_trip` is in seconds, None before the first report; `lost` are packets that never came, `repaired` those
    that came after they were asked for again.
    """

    packets: int
    lost: int
    repaired: int
    jitter: float
    round_trip: float | None
    keyframes_requested: int


@dataclass(frozen=True, slots=True)
class PeerEnded:
    """Nothing follows. The reason is a sentence for the log and the crew."""

    reason: str


PeerEvent = Connected | TrackAnnounced | AccessUnit | Measured | PeerEnded
"""Access units are in session time, in ticks of their track's timescale."""
