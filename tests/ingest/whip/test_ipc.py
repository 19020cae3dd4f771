import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.whip.events import Connected, Measured, PeerEnded
from vitrine.ingest.whip.ipc import (
    AddCandidates,
    Answered,
    Begin,
    Close,
    Kind,
    Message,
    MessageReader,
    OfferRefused,
    Open,
    WantKeyframe,
    encode,
)
from vitrine.ingest.whip.rtp.opus import opus_track
from vitrine.ingest.whip.settings import IceServer, PeerSettings
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError
from vitrine.media.messages import encode_message
from vitrine.media.track import Codec, Colour, TrackAnnounced, VideoTrack

MESSAGES: list[Message] = [
    Begin(PeerSettings((50_000, 50_010), True, (IceServer("turn:turn.example.org", "u", "c"),), 3)),
    Open("v=0"),
    AddCandidates(("candidate:1", "candidate:2")),
    WantKeyframe(),
    Close("why"),
    Answered("v=0"),
    OfferRefused("no"),
    Connected(),
    TrackAnnounced(VideoTrack(1, Codec.H264, 90_000, b"avcC", 640, 480, colour=Colour(1, 1, 1, False))),
    TrackAnnounced(opus_track(2)),
    AccessUnit(1, 2, 3, True, b"data"),
    Measured(1, 2, 3, 0.5, None, 4),
    PeerEnded("over"),
]


def test_every_message_arrives_with_its_peer_whole_or_in_pieces() -> None:
    data = b"".join(encode(number, message) for number, message in enumerate(MESSAGES))
    whole, pieces = MessageReader(), MessageReader()
    whole.receive_data(data)
    received = []
    for byte in data:
        pieces.receive_data(bytes([byte]))
        received += pieces.events_received()
    assert received == whole.events_received() == list(enumerate(MESSAGES))
    pieces.receive_eof()


def test_the_end_within_a_message() -> None:
    reader = MessageReader()
    reader.receive_data(encode(1, Connected())[:-1])
    with pytest.raises(MalformedError):
        reader.receive_eof()


@pytest.mark.parametrize(
    "data",
    [
        encode_message(Kind.CONNECTED, b"\x00"),
        encode_message(99, bytes(4)),
        encode_message(Kind.OPEN, bytes(4) + b"\xc1"),
        encode_message(Kind.UNIT, bytes(9)),
        bytes(5),
    ],
)
def test_what_makes_no_sense(data: bytes) -> None:
    reader = MessageReader()
    reader.receive_data(data)
    with pytest.raises(MalformedError):
        reader.events_received()


@given(st.sampled_from([int(kind) for kind in Kind]), st.binary(max_size=40))
def test_any_bytes(kind: int, body: bytes) -> None:
    reader = MessageReader()
    reader.receive_data(encode_message(kind, body))
    with contextlib.suppress(MalformedError):
        assert len(reader.events_received()) == 1
