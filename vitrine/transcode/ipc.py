"""Messages between the server and a worker, over one byte stream each way.

Framed as in `media/messages.py`; the body of everything but an access unit is MessagePack.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any

import msgspec

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError
from vitrine.media.messages import MessageSplitter, decode_unit, encode_message, encode_unit
from vitrine.media.track import AudioTrack, Rendition, TrackAnnounced, VideoTrack
from vitrine.transcode.events import Failed, Finished, Opened, Shed, Stats
from vitrine.transcode.ladder import Plan


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker: what to make. Comes first."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Came:
    """To a worker: the media that follow were given to it at so many seconds of the machine's monotonic clock."""

    at: float


@dataclass(frozen=True, slots=True)
class Advanced:
    """To a worker: programme time has reached so many seconds, with or without media.

    What is missing is filled with the slate, or else with the picture that was shown last.
    """

    position: Fraction
    slate: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """To a worker: the publisher is gone. Tracks and media that follow are another one's, in whatever form."""


@dataclass(frozen=True, slots=True)
class Finish:
    """To a worker: nothing follows; deliver the rest and end."""


class Kind(IntEnum):
    """The byte after the length."""

    UNIT = 1
    BEGIN = 2
    VIDEO_TRACK = 3
    AUDIO_TRACK = 4
    ADVANCED = 5
    FINISH = 6
    LEFT = 7
    CAME = 8
    OPENED = 16
    STATS = 17
    FAILED = 18
    FINISHED = 19
    SHED = 20


ToWorker = AccessUnit | Begin | TrackAnnounced | Came | Advanced | Left | Finish
Message = ToWorker | Opened | Stats | Shed | Failed | Finished

_WireRendition = tuple[str, VideoTrack | None, AudioTrack | None, int, int]


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return (value.numerator, value.denominator)
    raise NotImplementedError(type(value))


def _rich(wanted: type, value: Any) -> Any:
    if wanted is Fraction and isinstance(value, list) and len(value) == 2 and all(type(each) is int for each in value):
        return Fraction(*value)
    raise NotImplementedError(wanted)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)


def _decoder(wanted: Any) -> Callable[[memoryview], Any]:
    return msgspec.msgpack.Decoder(wanted, dec_hook=_rich).decode


_read_plan = _decoder(Plan)
_read_video_track = _decoder(VideoTrack)
_read_audio_track = _decoder(AudioTrack)
_read_moment = _decoder(float)
_read_advanced = _decoder(tuple[Fraction, bool])
_read_renditions = _decoder(tuple[_WireRendition, ...])
_read_stats = _decoder(Stats)
_read_shed = _decoder(Shed)
_read_failure = _decoder(tuple[str, bool])


def _decode_renditions(body: memoryview) -> Opened:
    return Opened(tuple(_rendition(*each) for each in _read_renditions(body)))


def _rendition(name: str, video: VideoTrack | None, audio: AudioTrack | None, bitrate: int, peak: int) -> Rendition:
    track = video or audio
    if track is None:
        raise MalformedError("A rendition has no track")
    return Rendition(name, track, bitrate, peak)


def _encode_renditions(opened: Opened) -> bytes:
    return _ENCODER.encode(
        [
            (
                each.name,
                each.track if isinstance(each.track, VideoTrack) else None,
                each.track if isinstance(each.track, AudioTrack) else None,
                each.bitrate,
                each.peak_bitrate,
            )
            for each in opened.renditions
        ]
    )


_DECODERS: dict[int, Callable[[memoryview], Message]] = {
    Kind.UNIT: decode_unit,
    Kind.BEGIN: lambda body: Begin(_read_plan(body)),
    Kind.VIDEO_TRACK: lambda body: TrackAnnounced(_read_video_track(body)),
    Kind.AUDIO_TRACK: lambda body: TrackAnnounced(_read_audio_track(body)),
    Kind.ADVANCED: lambda body: Advanced(*_read_advanced(body)),
    Kind.LEFT: lambda body: Left(),
    Kind.CAME: lambda body: Came(_read_moment(body)),
    Kind.FINISH: lambda body: Finish(),
    Kind.OPENED: _decode_renditions,
    Kind.STATS: _read_stats,
    Kind.SHED: _read_shed,
    Kind.FAILED: lambda body: Failed(*_read_failure(body)),
    Kind.FINISHED: lambda body: Finished(),
}


def _control(message: Message) -> tuple[Kind, bytes]:
    match message:
        case Begin(plan):
            return Kind.BEGIN, _ENCODER.encode(plan)
        case TrackAnnounced(VideoTrack() as track):
            return Kind.VIDEO_TRACK, _ENCODER.encode(track)
        case TrackAnnounced(track):
            return Kind.AUDIO_TRACK, _ENCODER.encode(track)
        case Advanced(position, slate):
            return Kind.ADVANCED, _ENCODER.encode((position, slate))
        case Came(at):
            return Kind.CAME, _ENCODER.encode(at)
        case Left():
            return Kind.LEFT, b""
        case Opened():
            return Kind.OPENED, _encode_renditions(message)
        case Stats():
            return Kind.STATS, _ENCODER.encode(message)
        case Shed():
            return Kind.SHED, _ENCODER.encode(message)
        case Failed(reason, ours):
            return Kind.FAILED, _ENCODER.encode((reason, ours))
        case Finished():
            return Kind.FINISHED, b""
        case _:
            return Kind.FINISH, b""


def encode(message: Message) -> bytes:
    """The bytes of a message. Raises RefusedError where it is too long."""
    if isinstance(message, AccessUnit):
        return encode_message(Kind.UNIT, encode_unit(message))
    return encode_message(*_control(message))


class MessageReader(MessageSplitter[Message]):
    """Messages out of a byte stream that arrives in pieces."""

    def __init__(self) -> None:
        super().__init__(_decode)


def _decode(kind: int, body: bytes) -> Message:
    decode = _DECODERS.get(kind)
    if decode is None:
        raise MalformedError(f"A message has the unknown kind {kind}")
    try:
        return decode(memoryview(body))
    except (ValueError, ArithmeticError, NotImplementedError, RecursionError) as error:
        raise MalformedError(f"A message of kind {Kind(kind).name} is malformed: {error}") from error
