import pytest

from tests.ingest.rtmp.wire import CUTS
from vitrine.ingest.rtmp.handshake import PACKET, RANDOM, Handshake, check_version
from vitrine.media.errors import MalformedError, UnsupportedError

OURS = b"\x0a" * RANDOM
THEIRS = b"\x0b" * RANDOM
HELLO = b"\x03" + b"\x00\x01\x02\x03" + bytes(4) + THEIRS
GREETING = b"\x03" + bytes(8) + OURS


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("client", [False, True])
def test_both_sides(how: str, client: bool) -> None:
    handshake = Handshake(OURS, client=client)
    sent = handshake.data_to_send()
    assert sent == (GREETING if client else b"")
    for piece in CUTS[how](HELLO):
        assert not handshake.complete
        handshake.receive_data(piece)
        sent += handshake.data_to_send()
    assert sent == GREETING + HELLO[1:]
    for piece in CUTS[how](bytes(PACKET) + b"first chunk"):
        handshake.receive_data(piece)
    assert handshake.complete
    assert handshake.excess() == b"first chunk"
    assert handshake.data_to_send() == b""


def test_nothing_is_said_before_the_peer_has_spoken() -> None:
    handshake = Handshake(OURS, client=False)
    handshake.receive_data(b"")
    handshake.receive_data(HELLO[:-1])
    assert handshake.data_to_send() == b""


@pytest.mark.parametrize(
    ("version", "error", "word"),
    [
        (6, UnsupportedError, "RTMPE"),
        (8, UnsupportedError, "RTMPE"),
        (0x16, UnsupportedError, "TLS"),
        (ord("G"), MalformedError, "does not speak RTMP"),
        (255, MalformedError, "does not speak RTMP"),
        (2, UnsupportedError, "version 2"),
    ],
)
def test_other_versions_are_refused_in_words(version: int, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        check_version(version)
    with pytest.raises(error, match=word):
        Handshake(OURS, client=False).receive_data(bytes([version]))
