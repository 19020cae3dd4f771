import pytest

from tests.ingest.rtmp.wire import CUTS
from vitrine.ingest.rtmp.chunk import ChunkReader, ChunkWriter, Message
from vitrine.ingest.rtmp.handshake import PACKET, RANDOM
from vitrine.ingest.rtmp.link import SMALLEST_WINDOW, WINDOW_SIZE, Link
from vitrine.ingest.rtmp.message import MessageType, UserControl, UserControlType, control
from vitrine.media.errors import MalformedError, RefusedError

SHAKE = b"\x03" + bytes(2 * PACKET)


def opened() -> Link:
    link = Link(bytes(RANDOM), client=False)
    link.receive_data(SHAKE)
    link.data_to_send()
    return link


def written(*messages: Message) -> bytes:
    return b"".join(map(ChunkWriter().write, messages))


def said(link: Link) -> list[Message]:
    reader = ChunkReader()
    reader.receive_data(link.data_to_send())
    return reader.events_received()


@pytest.mark.parametrize("how", CUTS)
def test_messages_follow_the_handshake(how: str) -> None:
    link = Link(bytes(RANDOM), client=False)
    message = Message(20, b"x" * 200)
    assert not link.open
    for piece in CUTS[how](SHAKE + written(message)):
        link.receive_data(piece)
    assert link.open
    assert link.events_received() == [message]
    assert link.events_received() == []
    assert link.received == len(SHAKE + written(message))
    assert len(link.data_to_send()) == 1 + 2 * PACKET


def test_a_client_speaks_first() -> None:
    assert len(Link(bytes(RANDOM), client=True).data_to_send()) == 1 + PACKET


def test_pings_are_answered_and_other_user_control_is_not() -> None:
    link = opened()
    ping = UserControl(UserControlType.PING_REQUEST, b"\x00\x00\x00\x09").message()
    link.receive_data(written(ping, UserControl(32, b"").message(), UserControl(3, bytes(8)).message()))
    assert said(link) == [UserControl(UserControlType.PING_RESPONSE, b"\x00\x00\x00\x09").message()]
    assert link.events_received() == []


def test_short_user_control() -> None:
    with pytest.raises(MalformedError):
        opened().receive_data(written(Message(MessageType.USER_CONTROL, b"\x00")))


@pytest.mark.parametrize(("asked", "window"), [(None, WINDOW_SIZE), (100_000, 100_000), (1, SMALLEST_WINDOW)])
def test_acknowledgements(asked: int | None, window: int) -> None:
    link = opened()
    if asked:
        link.receive_data(written(control(MessageType.WINDOW_SIZE, asked)))
    filler = written(Message(9, bytes(40_000)))
    counts: list[int] = []
    while len(counts) < 2:
        before = link.received
        link.receive_data(filler)
        for message in said(link):
            assert message == control(MessageType.ACKNOWLEDGEMENT, link.received)
            counts.append(link.received)
            assert before < (counts[-2] if len(counts) > 1 else 0) + window <= link.received


def test_the_acknowledged_count_wraps() -> None:
    link = opened()
    link.received = 0xFFFFFFFF
    link.receive_data(b"\x03")
    assert said(link) == [control(MessageType.ACKNOWLEDGEMENT, 0)]


def test_only_commands_may_come_at_first() -> None:
    large = written(Message(9, bytes(70_000)))
    with pytest.raises(RefusedError, match="limit of 65536"):
        opened().receive_data(large)
    link = opened()
    link.allow_media()
    link.receive_data(large)
    assert link.events_received() == [Message(9, bytes(70_000))]


def test_chunk_size_acts_on_what_follows() -> None:
    link = opened()
    large = Message(20, bytes(500))
    link.send(control(MessageType.SET_CHUNK_SIZE, 1000))
    link.send(large)
    data = link.data_to_send()
    assert data == written(control(MessageType.SET_CHUNK_SIZE, 1000)) + written(Message(20, b""))[:4] + bytes(
        [0, 1, 244, 20, 0, 0, 0, 0]
    ) + bytes(500)
