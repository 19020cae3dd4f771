"""Real peers: aiortc publishes to the media process over UDP."""

import asyncio
import os
import signal
import socket
from dataclasses import replace

import psutil
import pytest
from aioice import ice
from aiortc import RTCSessionDescription

from tests.ingest.whip.publisher import LOOPBACK, Heard, Picture, offered, pool, published, publisher
from vitrine.ingest.whip.errors import PeersUnavailableError, PoolFullError
from vitrine.ingest.whip.events import Connected, Measured, PeerEnded
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.process.peer import ConnectedPeer
from vitrine.ingest.whip.rtp.opus import opus_track
from vitrine.media.errors import RefusedError
from vitrine.media.track import Codec, TrackAnnounced, VideoTrack
from vitrine.transcode.worker.decoder import AudioDecoder, VideoDecoder


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
async def test_picture_and_sound_can_be_decoded(codec: Codec) -> None:
    async with pool() as running, published(running, publisher(Picture(), codec=codec.value)) as (_, heard):
        await heard.first(Connected)
        await heard.until(lambda: len(heard.units(1)) >= 30 and len(heard.units(2)) >= 50)
        tracks = [each.track for each in heard.events if isinstance(each, TrackAnnounced)]
        video = [each for each in tracks if isinstance(each, VideoTrack)][-1]
        assert opus_track(2) in tracks
        assert (video.codec, video.width, video.height) == (codec, 320, 180)
        pictures, sounds = VideoDecoder(video), AudioDecoder(opus_track(2))
        decoded = [frame for unit in heard.units(1) for frame in pictures.decode(unit)]
        assert len(decoded) >= 29
        assert pictures.undecodable == 0
        assert sum(len(sounds.decode(unit)) for unit in heard.units(2)) >= 50
        assert sounds.undecodable == 0
        measured = await heard.first(Measured)
        assert measured.packets > 50
        assert measured.round_trip is not None


async def test_a_picture_that_changes_its_size_is_described_anew() -> None:
    async with pool() as running, published(running, publisher(Picture(turn=15), False, "H264")) as (_, heard):
        sizes = {(320, 180), (180, 320)}

        def described() -> set[tuple[int, int]]:
            announced = [each.track for each in heard.events if isinstance(each, TrackAnnounced)]
            return {(each.width, each.height) for each in announced if isinstance(each, VideoTrack)} & sizes

        await heard.until(lambda: described() == sizes)


async def test_the_publisher_closes() -> None:
    async with pool() as running:
        connection = publisher()
        async with published(running, connection) as (_, heard):
            await heard.until(lambda: len(heard.units(2)) > 3)
        ended = await heard.first(PeerEnded)
        assert ended.reason == "The publisher closed the connection."
        assert heard.events[-1] is ended


async def test_the_server_closes() -> None:
    async with pool() as running, published(running, publisher()) as (peer, heard):
        await heard.first(Connected)
        peer.close("Enough.")
        peer.close("Again.")
        assert (await heard.first(PeerEnded)).reason == "Enough."
        assert sum(isinstance(each, PeerEnded) for each in heard.events) == 1


async def test_a_publisher_that_answers_no_checks_but_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg's muxer, as of version 8.1: the consent of RFC 7675 would expire after half a minute."""
    monkeypatch.setattr(ice, "CONSENT_INTERVAL", 0.01)
    heard, connection = Heard(), publisher()
    peer = ConnectedPeer(LOOPBACK, heard)
    await peer.open(await offered(connection))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(peer.run())
        await connection.setRemoteDescription(RTCSessionDescription(peer.answer, "answer"))
        await heard.first(Connected)
        asked: asyncio.Queue[object] = asyncio.Queue()
        checks = connection.getTransceivers()[0].sender.transport.transport._connection
        monkeypatch.setattr(checks, "request_received", lambda message, address, protocol: asked.put_nowait(message))
        async with asyncio.timeout(30):
            for _ in range(ice.CONSENT_FAILURES + 2):
                await asked.get()
        before = len(heard.units(2))
        await heard.until(lambda: len(heard.units(2)) > before + 3)
        assert not any(isinstance(each, PeerEnded) for each in heard.events)
        await connection.close()


async def test_trickled_candidates_and_hopeless_ones() -> None:
    async with pool() as running:
        connection, heard = publisher(), Heard()
        offer = await offered(connection)
        lines = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
        bare = "\r\n".join(line for line in offer.splitlines() if not line.startswith("a=candidate:")) + "\r\n"
        peer = await running.open(bare, heard)
        await peer.add_candidates(["candidate:x", "candidate:1 1 udp 1 hidden.local 9 typ host", *lines])
        await peer.add_candidates([])
        await connection.setRemoteDescription(RTCSessionDescription(peer.answer, "answer"))
        await heard.first(Connected)
        await connection.close()
        await heard.first(PeerEnded)


@pytest.mark.parametrize("offer", ["", "v=0", "nonsense", "v=0\r\nm=audio x\r\n", "\x00" * 100, "m=video 9 UDP 96\r\n"])
async def test_what_is_no_offer(offer: str) -> None:
    async with pool() as running:
        with pytest.raises(RefusedError) as caught:
            await running.open(offer, Heard())
        assert not isinstance(caught.value, PeersUnavailableError | PoolFullError)


async def test_codecs_that_cannot_be_taken() -> None:
    async with pool() as running:
        offer = (await _offer()).replace("opus/48000/2", "speex/32000/2")
        with pytest.raises(RefusedError, match="cannot be taken"):
            await running.open(offer, Heard())


async def _offer() -> str:
    connection = publisher()
    offer = await offered(connection)
    await connection.close()
    return offer


async def test_ports_come_from_the_range_and_no_more_peers_than_allowed() -> None:
    settings = replace(LOOPBACK, ports=(_free_port(), 0), most_peers=1)
    assert settings.ports
    settings = replace(settings, ports=(settings.ports[0], settings.ports[0] + 3))
    async with pool(settings) as running, published(running, publisher()) as (peer, heard):
        await heard.first(Connected)
        assert settings.ports
        ports = {int(line.split()[5]) for line in peer.answer.splitlines() if line.startswith("a=candidate:")}
        assert ports <= set(range(settings.ports[0], settings.ports[1] + 1))
        with pytest.raises(PoolFullError):
            await running.open(await _offer(), Heard())
        peer.close()
        await heard.first(PeerEnded)
        (await running.open(await _offer(), Heard())).close()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)


async def test_garbage_on_the_port() -> None:
    async with pool() as running, published(running, publisher()) as (peer, heard):
        await heard.first(Connected)
        line = next(each for each in peer.answer.splitlines() if " 127.0.0.1 " in each)
        address = ("127.0.0.1", int(line.split()[5]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for size in (0, 1, 12, 100, 1400):
                for first in (0x00, 0x14, 0x80, 0x90, 0xBF, 0xFF):
                    stranger.sendto(bytes([first]) * size, address)
        before = len(heard.units(2))
        await heard.until(lambda: len(heard.units(2)) > before + 20)


async def test_the_media_process_dies_and_comes_back() -> None:
    async with pool() as running, published(running, publisher()) as (_, heard):
        await heard.first(Connected)
        former = running.pid
        assert former is not None
        os.kill(former, signal.SIGKILL)
        assert "media process" in (await heard.first(PeerEnded)).reason
        await running.ready()
        assert running.pid != former
        (await running.open(await _offer(), Heard())).close()


async def test_an_offer_while_there_is_no_media_process() -> None:
    async with pool() as running:
        assert running.pid is not None
        os.kill(running.pid, signal.SIGSTOP)
        opening = asyncio.ensure_future(running.open(await _offer(), Heard()))  # noqa: TID251 - one offer at a time
        await asyncio.sleep(0)
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(PeersUnavailableError):
            await opening
        with pytest.raises(PeersUnavailableError):
            await running.open(await _offer(), Heard())


async def test_peers_that_are_gone_leave_no_memory() -> None:
    async with pool() as running:
        assert running.pid is not None
        process, offer = psutil.Process(running.pid), await _offer()

        async def come_and_go() -> None:
            heard = [Heard() for _ in range(20)]
            peers = [await running.open(offer, each) for each in heard]
            for peer in peers:
                peer.close()
            for each in heard:
                await each.first(PeerEnded)

        def own() -> float:
            memory = process.memory_info()
            return float(memory.rss - memory.shared) / 1e6

        await come_and_go()
        usual = own()
        for _ in range(16):
            await come_and_go()
        async with asyncio.timeout(10):
            while own() > usual + 15:  # noqa: ASYNC110 - it was 30 megabytes more, and stayed
                await asyncio.sleep(0.1)


async def test_nothing_secret_reaches_the_media_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_API_TOKEN", "secret")
    async with pool() as running:
        assert running.pid is not None
        assert "VITRINE_API_TOKEN" not in psutil.Process(running.pid).environ()


async def test_nothing_is_left_of_peers_however_they_end() -> None:
    """A first round warms up what is made once."""
    async with pool() as running:
        assert running.pid is not None
        process = psutil.Process(running.pid)
        counts = []
        for _ in range(3):
            for way in range(4):
                await _come_and_go(running, way)
            counts.append((process.num_fds(), process.num_threads()))
        assert counts[0] == counts[-1]


async def _come_and_go(running: PeerPool, way: int) -> None:
    heard = Heard()
    if way == 0:  # never connects
        peer = await running.open(await _offer(), heard)
        peer.close()
        await heard.first(PeerEnded)
        return
    if way == 1:  # makes no sense
        with pytest.raises(RefusedError):
            await running.open("nonsense", heard)
        return
    async with published(running, publisher()) as (peer, told):
        await told.first(Connected)
        if way == 2:
            peer.close()
            await told.first(PeerEnded)
    await told.first(PeerEnded)
