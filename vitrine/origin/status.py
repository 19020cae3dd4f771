"""What the API tells of a channel."""

from typing import Literal

import msgspec

State = Literal["idle", "starting", "live", "ended", "failed"]


class RenditionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rendition, as the playlists declare it. Width, height and rate only where there is a picture."""

    name: str
    codecs: str
    kbps: int
    width: int | None = None
    height: int | None = None
    rate: float | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A WebRTC publisher's connection. Counts are since it began; `loss_percent` is of the last second or so.

    `lost` packets never came; `repaired` ones came after they were asked for again.
    """

    packets: int
    lost: int
    repaired: int
    loss_percent: float
    jitter_ms: float
    round_trip_ms: float | None
    keyframes_requested: int


class Trouble(msgspec.Struct, frozen=True):
    """Something wrong with what the publisher sends: a word for programs, a sentence for the crew."""

    kind: str
    text: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a crew should know before its viewers do. Counts are since the broadcast began.

    `on_air` and `standby` are what publishers are there: "primary" or "backup".
    `keyframe_ms` is how far apart the publisher's last two keyframes were. `dvr` says in words why viewers cannot go
    back as far as they should. `shed` is what is given up at the moment because the machine does not keep up, in words,
    and `times_shed` how often something was; `frames_skipped` were left out of every rendition meanwhile.
    `transcoders_died` is how many had to be replaced.
    """

    publisher: str | None = None
    on_air: str | None = None
    standby: str | None = None
    encoder: str | None = None
    ingest_kbps: int = 0
    frames_in: int = 0
    frames_out: int = 0
    frames_repeated: int = 0
    frames_dropped: int = 0
    frames_skipped: int = 0
    units_dropped: int = 0
    decoder_errors: int = 0
    encode_lag_ms: int = 0
    shed: tuple[str, ...] = ()
    times_shed: int = 0
    transcoders_died: int = 0
    keyframe_ms: int | None = None
    dvr: str | None = None
    connection: Connection | None = None
    troubles: tuple[Trouble, ...] = ()


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /api/channels/{channel}`. `reason` is a sentence where the state is `ended` or `failed`.

    `awaited_until` is there while the publisher is gone: when the broadcast ends unless it comes back. It is `lost` if
    it did not say that it would go.
    A `rehearsal` is told of at its unlisted address only. The `playlist` of a `protected` channel needs a token.
    """

    channel: str
    title: str
    state: State
    rehearsal: bool = False
    protected: bool = False
    reason: str | None = None
    broadcast: str | None = None
    started: str | None = None
    awaited_until: str | None = None
    lost: bool = False
    playlist: str
    renditions: tuple[RenditionState, ...] = ()
    health: Health = Health()
