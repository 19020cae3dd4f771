import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.ingest.rtmp.recorder import HOST, Channels, tls_contexts
from tests.ingest.rtmp.wire import AUDIO, VIDEO, units
from vitrine.ingest.rtmp import peer
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, RefusedError, VitrineError


@asynccontextmanager
async def serving(channels: Channels, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    server = RtmpServer(channels)
    port = await server.listen(HOST, 0, context)
    try:
        yield f"rtmp{'s' if context else ''}://{HOST}:{port}/live"
    finally:
        await server.close()


async def test_publish() -> None:
    channels = Channels()
    async with serving(channels) as url, await RtmpPeer.connect(url, "key") as publisher:
        publisher.add_track(VIDEO)
        publisher.add_track(AUDIO)
        for unit in units():
            await publisher.push(unit)
        await publisher.close()
        (publication,) = channels.publications
        assert await publication.ended == "the publisher stopped"
        assert publication.tracks == [VIDEO, AUDIO]
        assert publication.units == units()
        with pytest.raises(VitrineError, match="published to the end"):
            await publisher.push(units()[0])


async def test_publish_over_tls() -> None:
    theirs, ours = tls_contexts()
    channels = Channels()
    async with serving(channels, theirs) as url:
        with pytest.raises(VitrineError, match="certificate"):
            await RtmpPeer.connect(url, "key")
        async with await RtmpPeer.connect(f"{url}/key", ssl_context=ours) as publisher:
            publisher.add_track(AUDIO)
            await publisher.push(units()[1])
        assert await channels.publications[0].ended == "the publisher stopped"


async def test_refused() -> None:
    async with serving(Channels()) as url:
        with pytest.raises(RefusedError, match="The server declined: This stream key opens no channel here") as caught:
            await RtmpPeer.connect(url, "s3cret")
    assert "s3cret" not in str(caught.value)


async def push_for_ever(publisher: RtmpPeer) -> None:
    while True:
        await publisher.push(units()[1])
        await asyncio.sleep(0)


async def test_refused_later() -> None:
    channels = Channels()
    async with serving(channels) as url, await RtmpPeer.connect(url, "key") as publisher:
        publisher.add_track(AUDIO)
        channels.requests[0].close("Another publisher took over.")
        with pytest.raises(RefusedError, match="Another publisher took over"):
            await push_for_ever(publisher)


async def test_nobody_listens() -> None:
    async with serving(Channels()) as url:
        pass
    with pytest.raises(VitrineError, match="cannot be reached"):
        await RtmpPeer.connect(url, "key")


async def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError):
        await RtmpPeer.connect("http://host/live", "key")


@asynccontextmanager
async def stranger(answer: bytes, *, closes: bool) -> AsyncIterator[str]:
    """A server that says one thing."""
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read(1)
        if not closes:
            await waiting
        writer.close()

    server = await asyncio.start_server(greet, HOST, 0)
    try:
        yield f"rtmp://{HOST}:{server.sockets[0].getsockname()[1]}/live"
    finally:
        waiting.set_result(None)
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "text"), [(b"", "The server closed the connection"), (b"SSH-2.0", "cannot be read")]
)
async def test_servers_of_another_kind(answer: bytes, text: str) -> None:
    async with stranger(answer, closes=True) as url:
        with pytest.raises(VitrineError, match=text):
            await RtmpPeer.connect(url, "key")


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "CONNECT_SECONDS", 0.05)
    async with stranger(b"", closes=False) as url:
        with pytest.raises(VitrineError, match=r"did not answer within 0\.05 s"):
            await RtmpPeer.connect(url, "key")


async def test_push_waits_while_the_network_is_behind() -> None:
    """Held back while the server does not read, then all of it arrives."""
    channels = Channels()
    count, size = 40, 1 << 20
    async with serving(channels) as url, await RtmpPeer.connect(url, "key") as publisher:
        publisher.add_track(AUDIO)
        waited = 0
        for index in range(count):
            push = publisher.push(AccessUnit(2, index, index, True, bytes(size)))
            async with asyncio.TaskGroup() as group:
                task = group.create_task(push)
                await asyncio.sleep(0)
                waited += not task.done()
        await publisher.close()
        assert await channels.publications[0].ended == "the publisher stopped"
        assert waited
        assert len(channels.publications[0].units) == count


async def test_data_arrive_between_the_media_at_their_time() -> None:
    """Stamps that are no times of the stream count as the newest of the media, and move nothing."""
    channels = Channels()
    sent = units()
    async with serving(channels) as url, await RtmpPeer.connect(url, "key") as publisher:
        publisher.add_track(VIDEO)
        publisher.add_track(AUDIO)
        for unit in sent[:4]:
            await publisher.push(unit)
        for stamp in (80, 0, 3_600_000):
            await publisher.send_data("onCuePoint", {"name": "👗", "parameters": {"product": "WM-4411"}}, stamp)
        for unit in sent[4:]:
            await publisher.push(unit)
        await publisher.close()
        (publication,) = channels.publications
        await publication.ended
    value = {"name": "👗", "parameters": {"product": "WM-4411"}}
    newest = 47
    assert publication.messages == [("onCuePoint", (value,), at) for at in (80, newest, newest)]
    assert publication.units == sent
