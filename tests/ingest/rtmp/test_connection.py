from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.rtmp.wire import AUDIO, VIDEO, Pair, capture, cut, serve, units
from vitrine.ingest.publish import Refusal
from vitrine.ingest.rtmp.chunk import ChunkWriter, Message
from vitrine.ingest.rtmp.connection import (
    HANDSHAKE_SECONDS,
    IDLE_SECONDS,
    LINGER_SECONDS,
    PUBLISH_SECONDS,
    RtmpConnection,
)
from vitrine.ingest.rtmp.events import (
    Event,
    MediaReceived,
    MetadataReceived,
    PublishRefused,
    PublishRequested,
    PublishStarted,
    SessionEnded,
)
from vitrine.ingest.rtmp.handshake import PACKET, RANDOM
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError
from vitrine.media.track import TrackAnnounced

CAPTURE = capture()
SHAKEN = 1 + 2 * PACKET


def media(count: int = 10) -> Iterator[Event]:
    for unit in units(count):
        yield MediaReceived(unit.track_id, unit.dts, unit.pts - unit.dts, unit.keyframe, unit.data)


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4, 5])
def test_pair(seed: int | None) -> None:
    pair = Pair(seed)
    pair.publish(media=units())
    assert pair.server.received == len(pair.sent)
    pair.client.close()
    pair.carry()
    request, metadata, video, audio, *rest = pair.events
    assert request == PublishRequested("live", "key")
    assert isinstance(metadata, MetadataReceived)
    assert metadata.encoder == "Vitrine"
    assert [video, audio] == [
        TrackAnnounced(VIDEO),
        TrackAnnounced(AUDIO),
    ]
    assert rest == [*media(), SessionEnded("the publisher stopped", stopped=True)]
    assert pair.client_events == [PublishStarted(), SessionEnded("published to the end")]
    assert not pair.server.dropped


@given(st.integers(0, 1 << 32))
def test_bytes_may_come_in_any_pieces(seed: int) -> None:
    assert serve(cut(CAPTURE, seed)) == serve([CAPTURE])


def test_byte_by_byte() -> None:
    data = capture(2)
    assert serve(data[i : i + 1] for i in range(len(data))) == serve([data])


@given(st.integers(0, len(CAPTURE)))
def test_cut_anywhere(end: int) -> None:
    events = serve([CAPTURE[:end]])
    whole = serve([CAPTURE])
    assert events == whole[: len(events)]


@given(st.integers(SHAKEN, len(CAPTURE) - 1), st.integers(1, 255))
def test_flipped_bits(position: int, mask: int) -> None:
    broken = bytearray(CAPTURE)
    broken[position] ^= mask
    ends = [event for event in serve([bytes(broken)]) if isinstance(event, SessionEnded)]
    assert len(ends) <= 1


@given(st.binary(max_size=500))
def test_any_bytes_after_a_handshake(data: bytes) -> None:
    events = serve([CAPTURE[:SHAKEN], data])
    assert all(isinstance(event, SessionEnded) for event in events)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22]), st.binary(max_size=80))))
def test_any_messages_while_publishing(messages: list[tuple[int, bytes]]) -> None:
    pair = Pair()
    pair.publish()
    writer = ChunkWriter()
    writer.chunk_size = 65_536
    pair.server.receive_data(b"".join(writer.write(Message(kind, data, 0, 1, 9)) for kind, data in messages), 1.0)
    events = pair.server.events_received()
    assert [each for each in events if isinstance(each, SessionEnded)] in ([], events[-1:])
    pair.server.data_to_send()


def connection() -> RtmpConnection:
    return RtmpConnection(bytes(RANDOM), 100.0)


def ended(core: RtmpConnection) -> str:
    (event,) = core.events_received()
    assert isinstance(event, SessionEnded)
    return event.reason


def test_no_handshake_in_time() -> None:
    core = connection()
    core.receive_data(CAPTURE[:2000], 105.0)
    assert core.next_deadline() == 100 + HANDSHAKE_SECONDS
    core.handle_deadline(100 + HANDSHAKE_SECONDS - 0.1)
    assert not core.events_received()
    core.handle_deadline(100 + HANDSHAKE_SECONDS)
    assert ended(core) == "no RTMP handshake within 10 s"
    assert not core.expired
    assert core.next_deadline() == 100 + HANDSHAKE_SECONDS + LINGER_SECONDS
    core.handle_deadline(core.next_deadline())
    assert core.expired


def test_nothing_published_in_time() -> None:
    core = connection()
    core.receive_data(CAPTURE[:SHAKEN], 105.0)
    assert core.next_deadline() == 100 + PUBLISH_SECONDS
    core.handle_deadline(core.next_deadline())
    assert ended(core) == "nothing was published within 20 s"


def test_only_media_keep_a_session_alive() -> None:
    pair = Pair()
    pair.publish()
    assert pair.server.next_deadline() == IDLE_SECONDS
    pair.client.push(units()[0])
    pair.server.receive_data(pair.client.data_to_send(), 7.0)
    assert pair.server.next_deadline() == 7 + IDLE_SECONDS
    pair.server.events_received()
    ping = bytes.fromhex("02 000000 000006 04 00000000 0006 00000000")
    pair.server.receive_data(ping, 9.0)
    assert pair.server.next_deadline() == 7 + IDLE_SECONDS
    pair.server.handle_deadline(7 + IDLE_SECONDS)
    assert ended(pair.server) == "No audio or video came for 15 s"


def test_end_of_the_connection() -> None:
    pair = Pair()
    pair.publish()
    pair.server.receive_eof(1.0)
    assert ended(pair.server) == "the publisher closed the connection"
    assert pair.server.expired
    pair.server.receive_eof(2.0)
    assert pair.server.events_received() == []


def test_what_comes_after_the_end_is_discarded() -> None:
    core = connection()
    core.receive_data(b"GET / HTTP/1.1\r\n", 100.0)
    assert "does not speak RTMP" in ended(core)
    core.receive_data(CAPTURE, 101.0)
    assert core.events_received() == []
    assert core.data_to_send() == b""
    assert core.next_deadline() == 100 + LINGER_SECONDS


def test_events_before_a_fault_come_first() -> None:
    events = serve([CAPTURE[:5000], CAPTURE[5000:-200] + b"\xff" * 500])
    assert isinstance(events[-1], SessionEnded)
    assert len([event for event in events if isinstance(event, MediaReceived)]) >= 19


class RefusingPair(Pair):
    def answer(self) -> None:
        self.server.refuse_publish(Refusal.WRONG_KEY, "This stream key opens no channel here.", 5.0)


def test_refusal_reaches_the_publisher_in_words() -> None:
    pair = RefusingPair(seed=3, address="rtmp://host/live/s3cret")
    pair.carry()
    assert pair.client_events[0] == PublishRefused("This stream key opens no channel here.")
    assert pair.events[-1] == SessionEnded("refused: This stream key opens no channel here.")
    assert pair.server.next_deadline() == 5 + LINGER_SECONDS


def test_closing_from_our_side() -> None:
    pair = Pair()
    pair.publish()
    pair.server.close("Another publisher took over", 3.0)
    assert ended(pair.server) == "Another publisher took over"
    pair.carry()
    assert PublishRefused("Another publisher took over") in pair.client_events


def test_answering_nobody() -> None:
    with pytest.raises(MisuseError):
        connection().accept_publish(0.0)


def test_a_request_is_answered_before_more_is_received() -> None:
    core = connection()
    core.receive_data(CAPTURE, 100.0)
    (request,) = core.events_received()
    assert isinstance(request, PublishRequested)
    with pytest.raises(MisuseError):
        core.receive_data(b"", 100.0)
    core.accept_publish(104.0)
    assert len(core.events_received()) == 24
    assert core.next_deadline() == 104 + LINGER_SECONDS


def test_what_came_with_a_refused_request_is_dropped() -> None:
    core = connection()
    core.receive_data(CAPTURE, 100.0)
    core.events_received()
    core.refuse_publish(Refusal.BUSY, "Busy.", 104.0)
    assert ended(core) == "refused: Busy."
    assert b"Busy." in core.data_to_send()


def test_a_fault_in_what_came_with_a_request() -> None:
    writer = ChunkWriter()
    writer.chunk_size = 65_536
    pair = Pair()
    pair.publish(media=units(2))
    core = connection()
    core.receive_data(pair.sent + writer.write(Message(22, b"\x00")), 100.0)
    core.events_received()
    core.accept_publish(104.0)
    end = core.events_received()[-1]
    assert isinstance(end, SessionEnded)
    assert "aggregate" in end.reason


def test_a_keyframe_that_comes_with_the_request_to_publish() -> None:
    """Encoders that do not wait for the answer, on a network that delivers all at once."""
    large = AccessUnit(1, 0, 0, True, (100_000).to_bytes(4, "big") + bytes([0x65]) * 100_000)
    pair = Pair()
    pair.publish(media=[large])
    assert serve([pair.sent]) == serve(cut(pair.sent, 1))
    assert [event.data for event in serve([pair.sent]) if isinstance(event, MediaReceived)] == [large.data]
