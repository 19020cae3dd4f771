from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, RefusedError
from vitrine.media.messages import MAX_MESSAGE
from vitrine.media.track import AudioTrack, Codec, Colour, Rendition, TrackAnnounced, VideoTrack
from vitrine.transcode.events import Failed, Finished, Opened, Shed, Stats
from vitrine.transcode.ipc import Advanced, Begin, Came, Finish, Left, Message, MessageReader, encode
from vitrine.transcode.ladder import Plan, PlannedRung, Slate

VIDEO = VideoTrack(1, Codec.H264, 1000, b"\x01\x02", 640, 480, (4, 3), Fraction(30000, 1001), Colour(1, 1, 1, True))
AUDIO = AudioTrack(2, Codec.OPUS, 48000, b"OpusHead", 48000, 2)

EXACT: list[tuple[Message, bytes]] = [
    (
        AccessUnit(7, 1, -2, True, b"abc"),
        bytes.fromhex("00000019 01 00000007 0000000000000001 fffffffffffffffe 01 616263"),
    ),
    (Finish(), bytes.fromhex("00000001 06")),
    (Finished(), bytes.fromhex("00000001 13")),
    (Advanced(Fraction(5, 2), slate=True), bytes.fromhex("00000006 05 92920502c3")),
    (Came(0.5), bytes.fromhex("0000000a 08 cb3fe0000000000000")),
    (Left(), bytes.fromhex("00000001 07")),
    (Failed("no", ours=True), bytes.fromhex("00000006 12 92a26e6fc3")),
]

MESSAGES: list[Message] = [message for message, _ in EXACT] + [
    Begin(Plan(Fraction(30000, 1001), live=False, fixed=(PlannedRung("a", 2, 4, 6),), colour=Colour(1, 2, 3, False))),
    Begin(Plan(Fraction(25), slate=Slate("Élan", b"\x89PNG"))),
    TrackAnnounced(VIDEO),
    TrackAnnounced(AUDIO),
    Opened((Rendition("720p", VIDEO, 1, 2), Rendition("audio", AUDIO, 3, 4))),
    Stats(frames_in=3, skipped=2, cpu=1.5, lag=0.5, stretched=7),
    Shed(("every rung encoded faster",), 0.4),
]


def read(data: bytes, size: int) -> list[Message]:
    reader = MessageReader()
    messages: list[Message] = []
    for start in range(0, len(data), size):
        reader.receive_data(data[start : start + size])
        messages += reader.events_received()
    reader.receive_eof()
    return messages


@pytest.mark.parametrize(("message", "data"), EXACT)
def test_exact_bytes(message: Message, data: bytes) -> None:
    assert encode(message) == data
    assert read(data, len(data)) == [message]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_round_trip_in_pieces(message: Message, size: int) -> None:
    assert read(encode(message) * 2, size) == [message, message]


def test_what_follows_a_message_waits() -> None:
    reader = MessageReader()
    reader.receive_data(encode(Finish()) + encode(VIDEO_UNIT)[:-1])
    assert reader.events_received() == [Finish()]
    reader.receive_data(encode(VIDEO_UNIT)[-1:])
    assert reader.events_received() == [VIDEO_UNIT]


VIDEO_UNIT = AccessUnit(1, 0, 0, False, b"x")

BAD = [
    ("00000000", "length of 0"),
    ("00800001 01", "length of 8388609"),
    ("00000001 63", "unknown kind 99"),
    ("00000003 01 0000", "cut short"),
    ("00000016 01 00000007 7000000000000001 0000000000000000 01", "out of range"),
    ("00000002 02 c1", "kind BEGIN"),
    ("00000006 05 92920500c2", "kind ADVANCED"),
    ("00000002 08 c0", "kind CAME"),
    ("00000002 05 05", "kind ADVANCED"),
    ("00000009 10 9195a161c0c00102", "has no track"),
    ("00000002 12 05", "kind FAILED"),
]


@pytest.mark.parametrize(("data", "words"), BAD)
def test_malformed(data: str, words: str) -> None:
    reader = MessageReader()
    reader.receive_data(bytes.fromhex(data) + b"\x00")
    with pytest.raises(MalformedError, match=words):
        reader.events_received()


def test_an_end_inside_a_message() -> None:
    reader = MessageReader()
    reader.receive_data(encode(Finish())[:-1])
    assert reader.events_received() == []
    with pytest.raises(MalformedError, match="middle of a message"):
        reader.receive_eof()


def test_an_access_unit_over_the_limit() -> None:
    with pytest.raises(RefusedError, match="over the limit"):
        encode(AccessUnit(1, 0, 0, True, bytes(MAX_MESSAGE)))


@given(st.binary(max_size=64), st.integers(0, 22))
def test_any_bytes_give_messages_or_the_one_error(body: bytes, kind: int) -> None:
    reader = MessageReader()
    reader.receive_data((len(body) + 1).to_bytes(4, "big") + bytes([kind]) + body)
    try:
        messages = reader.events_received()
    except MalformedError:
        return
    for message in messages:
        assert [encode(again) for again in read(encode(message), 1)] == [encode(message)]
