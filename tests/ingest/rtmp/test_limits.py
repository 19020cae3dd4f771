"""What the RTMP listener does not stand: crowds, floods, and peers that do not read."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import SimpleNamespace

import pytest

from tests.ingest.rtmp.listening import CAPTURE, GOODBYE, connected, say, serving
from tests.ingest.rtmp.recorder import HOST, Channels
from tests.ingest.rtmp.wire import Pair, units
from vitrine.ingest import rate
from vitrine.ingest.rtmp import connection, effort, lead, server
from vitrine.ingest.rtmp.chunk import ChunkWriter, Message
from vitrine.ingest.rtmp.handshake import PACKET
from vitrine.ingest.rtmp.message import MessageType, UserControl, UserControlType
from vitrine.ingest.rtmp.server import Limits, RtmpServer

PING = ChunkWriter().write(UserControl(UserControlType.PING_REQUEST, bytes(4)).message())


@pytest.fixture(autouse=True)
def _talkative(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vitrine.ingest.rtmp")


async def test_a_limit_on_connections_of_an_address(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Channels(), Limits(connections_per_address=2)) as port, connected(port), connected(port):
        await refused(port)
    assert "2 RTMP connections from its address" in caplog.text


async def test_ipv6_addresses_of_one_house_count_together() -> None:
    listener = RtmpServer(Channels(), Limits(connections_per_address=2))
    peers = [server._Peer(listener) for _ in range(4)]
    assert [listener.admit(peer, f"2001:db8::{at}") for at, peer in enumerate(peers[:2])] == [None, None]
    assert "2 RTMP connections from its address" in (listener.admit(peers[2], "2001:db8::9") or "")
    assert listener.admit(peers[2], "2001:db8:0:1::9") is None
    listener.release(peers[0])
    assert listener.admit(peers[3], "2001:db8::9") is None


async def test_a_limit_on_publishers(caplog: pytest.LogCaptureFixture) -> None:
    channels = Channels()
    async with serving(channels, Limits(connections=2)) as port, connected(port) as first, connected(port) as second:
        for _, writer in (first, second):
            channels.published.clear()
            writer.write(CAPTURE[:-GOODBYE])
            await channels.published.wait()
        await refused(port)
    assert "2 RTMP connections already" in caplog.text


async def refused(port: int) -> None:
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        async with connected(port) as (reader, _):
            await reader.readexactly(1)


async def test_room_is_made_again() -> None:
    channels = Channels()
    async with serving(channels, Limits(connections=1)) as port:
        for number in range(2):
            channels.published.clear()
            async with connected(port) as (reader, writer):
                writer.write(CAPTURE)
                await channels.published.wait()
                await channels.publications[number].ended
                writer.write_eof()
                await reader.read()


def pause_reading(writer: asyncio.StreamWriter) -> None:
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()


async def ping_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(PING * 4000)
        await writer.drain()


@asynccontextmanager
async def cramped() -> AsyncIterator[tuple[RtmpServer, asyncio.StreamWriter]]:
    """A listener and a peer that has shaken hands, with small buffers in the kernel between them, so that it takes
    thousands of pings to fill them and not millions.
    """
    rtmp = RtmpServer(Channels())
    port = await rtmp.listen(HOST, 0)
    rtmp._servers[0].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ours.setblocking(False)
        await asyncio.get_running_loop().sock_connect(ours, (HOST, port))
        _, writer = await asyncio.open_connection(sock=ours)
        writer.write(b"\x03" + bytes(2 * PACKET))
        yield rtmp, writer
        writer.close()
    await rtmp.close()


async def test_a_peer_that_does_not_read_its_answers(caplog: pytest.LogCaptureFixture) -> None:
    async with cramped() as (_, writer):
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await ping_for_ever(writer)
    assert "does not read what it is answered" in caplog.text


async def test_stopping_waits_for_no_peer_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.05)
    async with cramped() as (rtmp, writer):
        pause_reading(writer)
        writer.write(PING * 2000)  # their answers fill the kernel's buffers and stay below our limit
        (peer,) = rtmp._peers
        assert isinstance(peer, server._Peer)
        while not peer._transport.get_write_buffer_size():  # noqa: ASYNC110 - asyncio tells nobody of it
            await asyncio.sleep(0)
        await rtmp.close()


async def test_a_thousand_slow_handshakes_keep_no_publisher_out() -> None:
    """They come from many addresses; here the limit of each is lifted. The oldest stranger makes way."""
    channels = Channels()
    async with (
        serving(channels, Limits(connections=40, connections_per_address=1000)) as port,
        AsyncExitStack() as stack,
    ):
        for _ in range(150):
            _, writer = await stack.enter_async_context(connected(port))
            writer.write(b"\x03")
        _, writer = await stack.enter_async_context(connected(port))
        writer.write(CAPTURE[:-GOODBYE])
        await channels.published.wait()


async def test_a_connection_that_publishes_never_makes_way() -> None:
    channels = Channels()
    limits = Limits(connections=2, connections_per_address=1000)
    async with serving(channels, limits) as port, connected(port) as (_, publisher):
        publisher.write(CAPTURE[:-GOODBYE])
        await channels.published.wait()
        for _ in range(5):
            async with connected(port) as (_, stranger):
                stranger.write(b"\x03")
        publisher.write(CAPTURE[-GOODBYE:])
        assert await channels.publications[0].ended == "the publisher stopped"


async def test_who_connects_too_often_is_let_go_unheard_and_the_log_stays_short(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_OF_AN_ADDRESS", 10)
    async with serving(Channels()) as port:
        for _ in range(60):
            async with connected(port):
                pass
        async with connected(port) as (reader, _):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
    refusals = [line for line in caplog.messages if "its address connects too often" in line]
    assert len(refusals) == rate.COMPLAINTS


async def test_an_address_that_gave_wrong_keys_is_let_go_unheard() -> None:
    rtmp = RtmpServer(Channels(), waits=lambda address, _now: 5.0 if address == HOST else 0.0)
    port = await rtmp.listen(HOST, 0)
    try:
        async with connected(port) as (reader, _):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert rtmp.refused == 1
    finally:
        await rtmp.close()


async def test_a_flood_of_tiny_messages_ends_the_session(caplog: pytest.LogCaptureFixture) -> None:
    """Each of one byte: headers that repeat the one before."""
    first = ChunkWriter().write(Message(MessageType.ACKNOWLEDGEMENT, b""))
    async with serving(Channels()) as port:
        with suppress(ConnectionResetError):  # what it sends meets a connection that is closed
            await say(port, CAPTURE[: 1 + 2 * PACKET] + first + b"\xc3" * 1_000_000)
    assert f"{HOST}: closed: The publisher sent 100 messages and published nothing" in caplog.messages


async def test_a_file_that_is_sent_as_fast_as_it_goes_becomes_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead, "MOST_LEAD", 0.2)
    loop = asyncio.get_running_loop()
    channels = Channels()
    pair = Pair()
    pair.publish(media=units(30))  # 1.2 s
    pair.client.close()
    pair.carry()
    async with serving(channels) as port, connected(port) as (_, writer):
        begun = loop.time()
        writer.write(pair.sent)
        await channels.published.wait()
        assert await channels.publications[0].ended == "the publisher stopped"
        assert loop.time() - begun > 0.5  # what came with the last slice is not waited for
    assert channels.publications[0].units == units(30)


async def test_who_takes_more_than_its_share_waits_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each slice takes as long here as all that is between them; a timer beside it is asked all the same."""
    clock = itertools.count()
    monkeypatch.setattr(server, "time", SimpleNamespace(monotonic=lambda: next(clock) / 200))
    monkeypatch.setattr(effort, "AT_ONCE", 0.0)
    channels = Channels()
    pair = Pair()
    pair.publish(media=units(50))
    pair.client.close()
    pair.carry()
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while not channels.published.is_set() or not channels.publications[0].ended.done():
            await asyncio.sleep(0.001)
            turns += 1

    async with serving(channels) as port, connected(port) as (_, writer):
        writer.write(pair.sent)
        await take_turns()
    assert channels.publications[0].units == units(50)
    assert turns > 10
