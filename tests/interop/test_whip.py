"""WHIP from a real client to the channel's playlists."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import trustme
from aiohttp import ClientSession
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from tests.interop.conftest import KEY, PATIENCE, configuration, program, state_of, until_state, vitrine
from tests.interop.recording import record
from vitrine.server.serve import Running, running

PUBLISHER = Path(__file__).with_name("whip_publisher.py")


def certificate(folder: Path) -> tuple[Path, Path]:
    issued = trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert("publisher", key_type=trustme.KeyType.ECDSA)
    chain, key = folder / "peer.pem", folder / "peer.key"
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    return chain, key


async def connection_of(http: ClientSession) -> Mapping[str, int]:
    health = (await state_of(http))["health"]
    assert isinstance(health, dict)
    return dict(health["connection"])


async def test_ffmpegs_muxer_goes_live_and_its_connection_is_measured(
    server: Running, http: ClientSession, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{server.http_port}/whip/show"
    async with program(sys.executable, PUBLISHER, url, KEY, "6", *certificate(tmp_path)) as publisher:
        state = await until_state(http, "live", "ended", "failed")
        assert state["state"] == "live", state
        health = state["health"]
        assert isinstance(health, dict)
        assert (health["publisher"], health["encoder"][:4]) == ("whip", "Lavf")
        async with asyncio.timeout(PATIENCE):
            while not (await connection_of(http))["packets"]:  # noqa: ASYNC110 - the API is asked as a page asks it
                await asyncio.sleep(0.2)
        async with http.get("/hls/show/180p/index.m3u8") as response:
            assert "#EXT-X-PART" in await response.text()
        status, errors = await publisher.ended()
    assert status == 0, errors
    assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"


async def test_aiortc_as_a_browser_would(server: Running, http: ClientSession) -> None:
    """Its offer has VP8 first, and the session is ended by DELETE."""
    connection = RTCPeerConnection()
    try:
        connection.addTrack(VideoStreamTrack())
        connection.addTrack(AudioStreamTrack())
        for transceiver in connection.getTransceivers():
            transceiver.direction = "sendonly"
        await connection.setLocalDescription(await connection.createOffer())
        key = {"Authorization": f"Bearer {KEY}"}
        offer, headers = connection.localDescription.sdp, {**key, "Content-Type": "application/sdp"}
        response = await http.post("/whip/show", data=offer, headers=headers)
        assert response.status == 201, await response.text()
        await connection.setRemoteDescription(RTCSessionDescription(await response.text(), "answer"))
        state = await until_state(http, "live", "ended", "failed")
        assert state["state"] == "live", state
        async with http.post("/whip/show", data=offer, headers=headers) as second:
            assert second.status == 409
            assert "takeover=1" in (await second.json(content_type=None))["detail"]
        async with http.delete(response.headers["Location"], headers=key) as deleted:
            assert deleted.status == 200
        assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"
        async with http.get("/hls/show/index.m3u8") as playlist:
            assert "audio" in await playlist.text()
    finally:
        await connection.close()


async def test_a_wrong_key_is_refused(server: Running, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.http_port}/whip/show"
    async with program(sys.executable, PUBLISHER, url, "wrong", "1", *certificate(tmp_path)) as publisher:
        status, errors = await publisher.ended()
    assert status == 1
    assert "401" in errors or "Unauthorized" in errors, errors


async def test_https_serves_the_same(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    config = configuration(tmp_path / "data", certificate=str(chain), certificate_key=str(key))
    async with running(config) as server, ClientSession(f"https://127.0.0.1:{server.https_port}") as http:
        async with http.get("/healthz", ssl=False) as response:
            assert response.status == 200
        async with http.options("/whip/show", ssl=False) as response:
            assert response.headers["Accept-Post"] == "application/sdp"


async def test_push_publishes_a_file_whole(server: Running, http: ClientSession, show: Path) -> None:
    """The sample show has no reordered pictures, so that they are copied; its AAC becomes Opus."""
    url = f"http://127.0.0.1:{server.http_port}/whip/show"
    async with vitrine("push", show, url, "--quiet", VITRINE_KEY=KEY) as push:
        await until_state(http, "live")
        status, errors = await push.ended()
    assert status == 0, errors
    await until_state(http, "ended")
    numbers = [number for number in (await record(http))["270p"].numbers() if number is not None]
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    assert len(set(numbers)) >= 170


async def test_push_encodes_what_webrtc_cannot_carry(
    server: Running, http: ClientSession, show: Path, tmp_path: Path
) -> None:
    """HEVC with reordered pictures, and no sound."""
    reordered = tmp_path / "reordered.mkv"
    coding = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "bframes=2:log-level=none", "-an")
    async with program("ffmpeg", "-v", "error", "-i", show, "-t", "4", *coding, reordered) as ffmpeg:
        assert await ffmpeg.ended() == (0, "")
    url = f"http://127.0.0.1:{server.http_port}/whip/show"
    async with vitrine("push", reordered, url, "--quiet", VITRINE_KEY=KEY) as push:
        await until_state(http, "live")
        status, errors = await push.ended()
    assert status == 0, errors
    await until_state(http, "ended")
    numbers = [number for number in (await record(http))["270p"].numbers() if number is not None]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) >= 110
