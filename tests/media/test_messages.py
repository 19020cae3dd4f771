import pytest

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, RefusedError
from vitrine.media.messages import MAX_MESSAGE, MAX_STAMP, MessageSplitter, decode_unit, encode_message, encode_unit

UNIT = AccessUnit(3, -5, 7, True, b"data")


def test_an_access_unit() -> None:
    assert decode_unit(memoryview(encode_unit(UNIT))) == UNIT
    with pytest.raises(MalformedError):
        decode_unit(memoryview(encode_unit(UNIT)[:20]))
    with pytest.raises(MalformedError):
        decode_unit(memoryview(encode_unit(AccessUnit(3, MAX_STAMP, 0, True, b""))))


def test_messages_arrive_in_pieces() -> None:
    data = encode_message(1, b"one") + encode_message(2, b"")
    splitter = MessageSplitter(lambda kind, body: (kind, body))
    received = []
    for byte in data + b"\x00":
        splitter.receive_data(bytes([byte]))
        received += splitter.events_received()
    assert received == [(1, b"one"), (2, b"")]
    with pytest.raises(MalformedError):
        splitter.receive_eof()


def test_lengths_are_bounded() -> None:
    with pytest.raises(RefusedError):
        encode_message(1, bytes(MAX_MESSAGE))
    splitter = MessageSplitter(lambda kind, body: (kind, body))
    splitter.receive_data((MAX_MESSAGE + 1).to_bytes(4, "big") + b"\x01")
    with pytest.raises(MalformedError):
        splitter.events_received()
