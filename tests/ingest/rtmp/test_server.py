import asyncio
import logging
import socket
import struct

import pytest

from tests.ingest.rtmp.listening import CAPTURE, GOODBYE, connected, say, serving
from tests.ingest.rtmp.recorder import HOST, Channels, Recorder, tls_contexts
from tests.ingest.rtmp.wire import AUDIO, VIDEO, Pair, capture, units
from vitrine.ingest.rtmp import amf0, connection
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.message import MessageType
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.media.errors import UnsupportedError
from vitrine.media.track import Track


@pytest.fixture(autouse=True)
def _talkative(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vitrine.ingest.rtmp")


async def test_a_stream_from_start_to_end(caplog: pytest.LogCaptureFixture) -> None:
    channels = Channels()
    async with serving(channels) as port, connected(port) as (_, writer):
        writer.write(CAPTURE)
        await channels.published.wait()
        (publication,) = channels.publications
        assert await publication.ended == "the publisher stopped"
    (request,) = channels.requests
    assert (request.protocol, request.key, request.address) == ("rtmp", "key", HOST)
    assert publication.tracks == [VIDEO, AUDIO]
    assert publication.units == units()
    assert f"{HOST}: closed: the publisher stopped" in caplog.messages
    assert f"{HOST}: publishes with 'Vitrine'" in caplog.messages


async def test_the_connection_just_closes() -> None:
    channels = Channels()
    async with serving(channels) as port:
        async with connected(port) as (_, writer):
            writer.write(CAPTURE[:-GOODBYE])
            await channels.published.wait()
        assert await channels.publications[0].ended == "the publisher closed the connection"


async def test_the_connection_is_reset() -> None:
    channels = Channels()
    async with serving(channels) as port:
        async with connected(port) as (_, writer):
            writer.write(CAPTURE[:-GOODBYE])
            await channels.published.wait()
            peer: socket.socket = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        assert await channels.publications[0].ended == "the publisher closed the connection"


async def test_a_wrong_key_is_refused_in_words_and_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.01)
    channels = Channels()
    async with serving(channels) as port:
        answer = await say(port, capture(address="rtmp://host/live/wr0ng"))
    assert b"NetStream.Publish.Denied" in answer
    assert b"This stream key opens no channel here." in answer
    assert f"{HOST}: closed: refused: This stream key opens no channel here." in caplog.messages
    assert "wr0ng" not in caplog.text
    assert not channels.publications


async def test_what_is_not_rtmp_is_closed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.01)
    async with serving(Channels()) as port:
        assert await say(port, b"GET / HTTP/1.1\r\n\r\n") == b""
    (text,) = caplog.messages
    assert "closed: What connected does not speak RTMP" in text


async def test_silence_ends_a_connection(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_SECONDS", 0.02)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.01)
    async with serving(Channels()) as port:
        assert await say(port, b"\x03") == b""
    assert caplog.messages == [f"{HOST}: closed: no RTMP handshake within 0.02 s"]


async def test_a_takeover_ends_the_session_at_once() -> None:
    channels = Channels()
    async with serving(channels) as port, connected(port) as (reader, writer):
        writer.write(CAPTURE[:-GOODBYE])
        await channels.published.wait()
        channels.requests[0].close("Another publisher took over.")
        assert await channels.publications[0].ended == "Another publisher took over."
        await reader.readuntil(b"Another publisher took over.")


class Picky(Recorder):
    """Refuses what it is given, by an error or from within."""

    def add_track(self, track: Track) -> None:
        raise UnsupportedError("HEVC is not enabled on this channel.")


async def test_a_publication_may_refuse_a_track() -> None:
    channels = Channels(Picky)
    async with serving(channels) as port, connected(port) as (reader, writer):
        writer.write(CAPTURE[:-GOODBYE])
        await channels.published.wait()
        assert await channels.publications[0].ended == "HEVC is not enabled on this channel."
        await reader.readuntil(b"HEVC is not enabled on this channel.")
    assert not channels.publications[0].units


async def test_the_server_stops() -> None:
    channels = Channels()
    async with serving(channels) as port, connected(port) as (_, writer):
        writer.write(CAPTURE[:-GOODBYE])
        await channels.published.wait()
        async with connected(port):
            pass
    assert await channels.publications[0].ended == "The server is stopping"


async def test_rtmps() -> None:
    theirs, ours = tls_contexts()
    channels = Channels()
    rtmp = RtmpServer(channels)
    port = await rtmp.listen(HOST, 0, theirs)
    _, writer = await asyncio.open_connection(HOST, port, ssl=ours)
    writer.write(CAPTURE)
    await channels.published.wait()
    assert await channels.publications[0].ended == "the publisher stopped"
    writer.close()
    await rtmp.close()
    assert len(channels.publications[0].units) == len(units())


AMF3_PRODUCT = bytes.fromhex("11 0a0b01") + b"\x0fproduct" + b"\x06\x0fWM-4411" + b"\x01"
"""An AMF 3 object in AMF 0: dynamic, without a class, one member."""


async def test_data_of_every_form_reach_the_publication() -> None:
    pair = Pair()
    pair.publish(media=units(2))
    name = amf0.encode("onTextData")
    for kind, payload in (
        (MessageType.DATA_AMF0, name + amf0.encode({"product": "WM-4411"})),
        (MessageType.DATA_AMF0, amf0.encode("@setDataFrame") + name + amf0.encode({"product": "WM-4411"})),
        (MessageType.DATA_AMF3, b"\x00" + name + amf0.encode({"product": "WM-4411"})),
        (MessageType.DATA_AMF3, b"\x00" + name + AMF3_PRODUCT),
        (MessageType.DATA_AMF0, name + AMF3_PRODUCT),
        (MessageType.DATA_AMF0, name + b"\x03broken"),
    ):
        pair.client._link.send(Message(kind, payload, 40, 1, 8))
    pair.client.close()
    pair.carry()
    channels = Channels()
    async with serving(channels) as port, connected(port) as (_, writer):
        writer.write(pair.sent)
        await channels.published.wait()
        await channels.publications[0].ended
    assert channels.publications[0].messages == [("onTextData", ({"product": "WM-4411"},), 40)] * 5
    assert channels.publications[0].units == units(2)
