"""Messages between the server and the media process of WHIP: commands one way, events of many peers the other.

A body begins with the peer's number in 4 bytes; then comes an access unit's fixed form, or MessagePack.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec

from vitrine.ingest.whip.events import Connected, Measured, PeerEnded, PeerEvent
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError
from vitrine.media.messages import MessageSplitter, decode_unit, encode_message, encode_unit
from vitrine.media.track import AudioTrack, TrackAnnounced, VideoTrack

BEAT = 1.0
"""Seconds from one sign of life of the process to the next."""


@dataclass(frozen=True, slots=True)
class Begin:
    """To the process: how to work. Comes first."""

    settings: PeerSettings


@dataclass(frozen=True, slots=True)
class Open:
    """To the process: answer this offer."""

    offer: str


@dataclass(frozen=True, slots=True)
class AddCandidates:
    """To the process: more of the publisher's candidates, `candidate:` lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantKeyframe:
    """To the process: the transcoder has to begin anew."""


@dataclass(frozen=True, slots=True)
class Close:
    """To the process: end this peer, for a reason in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Alive:
    """From the process, of no peer, every BEAT seconds."""


@dataclass(frozen=True, slots=True)
class Answered:
    """From the process: the answer, with all of its candidates."""

    answer: str


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """From the process: the offer cannot be taken, for a reason in words."""

    reason: str


Command = Begin | Open | AddCandidates | WantKeyframe | Close
Report = Alive | Answered | OfferRefused | PeerEvent
Message = Command | Report


class Kind(IntEnum):
    """The byte after the length."""

    UNIT = 1
    BEGIN = 2
    OPEN = 3
    ADD_CANDIDATES = 4
    WANT_KEYFRAME = 5
    CLOSE = 6
    ANSWERED = 16
    OFFER_REFUSED = 17
    CONNECTED = 18
    VIDEO_TRACK = 19
    AUDIO_TRACK = 20
    MEASURED = 21
    ENDED = 22
    ALIVE = 23


_TYPES: dict[Kind, Any] = {
    Kind.BEGIN: Begin,
    Kind.OPEN: Open,
    Kind.ADD_CANDIDATES: AddCandidates,
    Kind.WANT_KEYFRAME: WantKeyframe,
    Kind.CLOSE: Close,
    Kind.ANSWERED: Answered,
    Kind.OFFER_REFUSED: OfferRefused,
    Kind.CONNECTED: Connected,
    Kind.VIDEO_TRACK: VideoTrack,
    Kind.AUDIO_TRACK: AudioTrack,
    Kind.MEASURED: Measured,
    Kind.ENDED: PeerEnded,
    Kind.ALIVE: Alive,
}
_KINDS = {wanted: kind for kind, wanted in _TYPES.items()}
_PEER = struct.Struct(">I")
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[int, Callable[[memoryview], Any]] = {
    kind: msgspec.msgpack.Decoder(wanted).decode for kind, wanted in _TYPES.items()
}


def encode(peer: int, message: Message) -> bytes:
    """The bytes of a message. Raises RefusedError where it is too long."""
    head = _PEER.pack(peer)
    if isinstance(message, AccessUnit):
        return encode_message(Kind.UNIT, head + encode_unit(message))
    content = message.track if isinstance(message, TrackAnnounced) else message
    return encode_message(_KINDS[type(content)], head + _ENCODER.encode(content))


class MessageReader(MessageSplitter[tuple[int, Message]]):
    """(peer, message) out of a byte stream that arrives in pieces."""

    def __init__(self) -> None:
        super().__init__(_decode)


def _decode(kind: int, body: bytes) -> tuple[int, Message]:
    if len(body) < _PEER.size:
        raise MalformedError("A message names no peer")
    (peer,) = _PEER.unpack_from(body)
    with memoryview(body) as view, view[_PEER.size :] as content:
        if kind == Kind.UNIT:
            return peer, decode_unit(content)
        decode = _DECODERS.get(kind)
        if decode is None:
            raise MalformedError(f"A message has the unknown kind {kind}")
        try:
            decoded = decode(content)
        except (ValueError, RecursionError) as error:
            raise MalformedError(f"A message of kind {Kind(kind).name} is malformed: {error}") from error
    return peer, TrackAnnounced(decoded) if isinstance(decoded, VideoTrack | AudioTrack) else decoded
