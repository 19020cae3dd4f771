"""Two cores joined without a socket, and bytes to feed them with."""

import random
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.client import RtmpPublisher
from vitrine.ingest.rtmp.connection import RtmpConnection
from vitrine.ingest.rtmp.events import ClientEvent, Event, PublishRequested, PublishStarted
from vitrine.ingest.rtmp.handshake import RANDOM
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, Track, VideoTrack

AVC_CONFIG = bytes.fromhex(
    "01f4000bffe1001a67f4000b919b28508fc4e022000003000200000300641e28532c01000568ce0f1920fff8f800"
)
"""From libx264: 160x120, 25 frames a second."""

ASC = b"\x11\x88"
"""AAC-LC, 48 kHz, mono."""

OPUS_HEADER = b"OpusHead\x01\x028\x01\x80\xbb\x00\x00\x00\x00\x00"
VIDEO = VideoTrack(1, Codec.H264, 1000, AVC_CONFIG, 160, 120, rate=Fraction(25))
AUDIO = AudioTrack(2, Codec.AAC, 1000, ASC, 48000, 1)

CUTS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "whole": lambda data: iter([data]),
    "byte by byte": lambda data: (data[i : i + 1] for i in range(len(data))),
    "in sevens": lambda data: (data[i : i + 7] for i in range(0, len(data), 7)),
}


def cut(data: bytes, seed: int) -> list[bytes]:
    """Random pieces, some of them empty."""
    dice = random.Random(seed)
    places = sorted(dice.choices(range(len(data) + 1), k=min(40, len(data) // 50)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def units(count: int = 10) -> list[AccessUnit]:
    """Pictures of 25 a second in an order with B-frames, and sound between them."""
    made = []
    for index in range(count):
        data = (700 + index).to_bytes(4, "big") + bytes([0x65 if index % 5 == 0 else 0x41]) + bytes(699 + index)
        made.append(AccessUnit(1, 40 * index, 40 * index + (80, 0)[index % 2], index % 5 == 0, data))
        made.append(AccessUnit(2, 40 * index + 7, 40 * index + 7, True, bytes([index]) * 300))
    return made


class Pair:
    """A publisher and a server in memory. `sent` keeps what the publisher said."""

    def __init__(self, seed: int | None = None, address: str = "rtmp://host/live/key") -> None:
        self.server = RtmpConnection(bytes(RANDOM), 0.0)
        self.client = RtmpPublisher(Address.decode(address), bytes(RANDOM))
        self.seed = seed
        self.sent = b""
        self.events: list[Event] = []
        self.client_events: list[ClientEvent] = []

    def carry(self) -> None:
        """Carry bytes both ways until both are silent; accept what is requested."""
        while True:
            up = self.client.data_to_send()
            self.sent += up
            for piece in [up] if self.seed is None else cut(up, self.seed):
                self.server.receive_data(piece, 0.0)
                self.take()
            down = self.server.data_to_send()
            for piece in [down] if self.seed is None else cut(down, self.seed + 1):
                self.client.receive_data(piece)
            self.client_events += self.client.events_received()
            if not up and not down:
                return

    def take(self) -> None:
        while events := self.server.events_received():
            for event in events:
                self.events.append(event)
                if isinstance(event, PublishRequested):
                    self.answer()

    def answer(self) -> None:
        self.server.accept_publish(0.0)

    def publish(self, tracks: Iterable[Track] = (VIDEO, AUDIO), media: Iterable[AccessUnit] = ()) -> None:
        self.carry()
        assert self.client_events == [PublishStarted()]
        for track in tracks:
            self.client.add_track(track)
        for unit in media:
            self.client.push(unit)
        self.carry()


def capture(count: int = 10, address: str = "rtmp://host/live/key") -> bytes:
    """All that a publisher says, from the handshake to its goodbye."""
    pair = Pair(address=address)
    pair.publish(media=units(count))
    pair.client.close()
    pair.carry()
    return pair.sent


def serve(pieces: Iterable[bytes]) -> list[Event]:
    """What a server makes of a publisher's bytes."""
    server = RtmpConnection(bytes(RANDOM), 0.0)
    events: list[Event] = []
    for piece in pieces:
        server.receive_data(piece, 0.0)
        while news := server.events_received():
            events += news
            if isinstance(news[-1], PublishRequested):
                server.accept_publish(0.0)
        server.data_to_send()
    return events
