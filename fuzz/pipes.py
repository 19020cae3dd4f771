"""Messages between our own processes: a worker that met hostile input may write anything."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any, Protocol

from fuzz.target import Target, cut
from tests.ingest.rtmp.wire import AUDIO, VIDEO
from vitrine.ingest.whip import ipc as whip
from vitrine.ingest.whip.events import Connected, Measured, PeerEnded
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, RefusedError
from vitrine.media.track import Rendition, TrackAnnounced
from vitrine.transcode import ipc as worker
from vitrine.transcode.events import Failed, Finished, Opened, Stats
from vitrine.transcode.ladder import DEFAULT_LADDER, Plan


class Reader(Protocol):
    def receive_data(self, data: bytes) -> None: ...
    def receive_eof(self) -> None: ...
    def events_received(self) -> list[Any]: ...


def _read(pieces: Iterable[bytes], make: Callable[[], Reader]) -> list[str]:
    reader = make()
    found: list[Any] = []
    try:
        for piece in pieces:
            reader.receive_data(piece)
            found += reader.events_received()
        reader.receive_eof()
    except MalformedError:
        return ["malformed"]  # of two faults either may be found first
    return [repr(each) for each in found]


def worker_pipe(data: bytes) -> None:
    """In pieces as in one; a message that is read can be written and read again."""
    whole = _read([data], worker.MessageReader)
    assert _read(cut(data), worker.MessageReader) == whole
    reader = worker.MessageReader()
    reader.receive_data(data)
    with suppress(MalformedError):
        for message in reader.events_received():
            with suppress(RefusedError):
                assert _read([worker.encode(message)], worker.MessageReader) == [repr(message)]


def whip_pipe(data: bytes) -> None:
    """The media process of WHIP reads strangers' packets, so what it writes is not trusted either."""
    whole = _read([data], whip.MessageReader)
    assert _read(cut(data), whip.MessageReader) == whole
    reader = whip.MessageReader()
    reader.receive_data(data)
    with suppress(MalformedError):
        for peer, message in reader.events_received():
            with suppress(RefusedError):
                assert _read([whip.encode(peer, message)], whip.MessageReader) == [repr((peer, message))]


UNIT = AccessUnit(1, 90_000, 90_040, True, b"\0\0\0\1\x65")


def _worker_seeds() -> Iterator[bytes]:
    plan = Plan(Fraction(30), part_target=Fraction("0.334"), ladder=DEFAULT_LADDER)
    renditions = (Rendition("720p", VIDEO, 1, 2), Rendition("audio", AUDIO, 1, 2))
    for message in (
        worker.Begin(plan),
        TrackAnnounced(VIDEO),
        TrackAnnounced(AUDIO),
        worker.Came(1.5),
        worker.Advanced(Fraction(1, 3)),
        worker.Finish(),
        UNIT,
        Opened(renditions),
        Stats(),
        Failed("why"),
        Finished(),
    ):
        yield worker.encode(message)


def _whip_seeds() -> Iterator[bytes]:
    for message in (UNIT, whip.Answered("v=0"), whip.OfferRefused("no"), Connected(), PeerEnded("gone")):
        yield whip.encode(3, message)
    yield whip.encode(1, TrackAnnounced(replace(VIDEO, rate=None))) + whip.encode(2, TrackAnnounced(AUDIO))
    yield whip.encode(1, Measured(1, 2, 3, 0.1, None, 4))


TARGETS = (
    Target("worker_pipe", worker_pipe, _worker_seeds, 1024),
    Target("whip_pipe", whip_pipe, _whip_seeds, 1024),
)
