"""Everything that a publisher can do wrong, at a real server with a publisher that does all right."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bench.whip_relay import loopback_port
from tests.ingest.whip.offers import AUDIO, VIDEO, offer
from tests.interop.conftest import KEY, configuration, state_of, until_state
from tests.interop.obs.publisher import obs
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.server import serve
from vitrine.server.config import Config
from vitrine.server.serve import Running, peer_settings

BAD_OFFERS = (
    (b"hello", KEY, 400, "not SDP"),
    (offer(sections=""), KEY, 422, "no media"),
    (offer(("a=sendonly", "a=recvonly")), KEY, 422, "recvonly"),
    (offer(sections=AUDIO + VIDEO * 3), KEY, 422, "3 video tracks"),
    (offer(("H264/90000", "H265/90000"), ("VP8/90000", "AV1/90000")), KEY, 422, "offer H264 or VP8"),
    (b"v=0\r\n" + b"a=x\r\n" * 200_000, KEY, 413, "65536"),
    (offer(), "wrong", 401, "opens no channel"),
    (offer(), "other", 403, "another channel"),
)


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """It waits for connections more shortly."""

    def hasty(config: Config) -> PeerSettings:
        return dataclasses.replace(peer_settings(config), connect_seconds=3.0)

    monkeypatch.setattr(serve, "peer_settings", hasty)
    async with serve.running(configuration(tmp_path / "data")) as server:
        yield server


async def said(
    http: ClientSession, method: str, path: str, key: str, body: bytes = b"", **headers: str
) -> tuple[int, str]:
    """Status, and the sentence of the problem."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp", **named}
    async with http.request(method, path, data=body, headers=headers) as response:
        assert response.content_type == "application/problem+json"
        return response.status, (await response.json(content_type=None))["detail"]


async def test_the_server_goes_on_whatever_comes(server: Running, http: ClientSession) -> None:
    """A session that never sends a packet, garbage on its port and on the other's, and each fault over HTTP."""
    silent = {"Authorization": "Bearer other", "Content-Type": "application/sdp"}
    async with http.post("/whip/other", data=offer(), headers=silent) as response:
        assert response.status == 201
        unused, port = response.headers["Location"], loopback_port(await response.text())
    async with obs(http, "/whip/show", KEY) as publisher:
        await until_state(http, "live")
        found = await said(http, "POST", "/whip/show", KEY, offer())
        assert found[0] == 409
        assert "takeover=1" in found[1]
        for body, key, status, words in BAD_OFFERS:
            found = await said(http, "POST", "/whip/show?takeover=1", key, body)
            assert found[0] == status, found
            assert words in found[1]
        assert (await said(http, "DELETE", publisher.path, "wrong"))[0] == 401
        fragment = {"Content_Type": "application/trickle-ice-sdpfrag", "If_Match": '"stale"'}
        found = await said(http, "PATCH", publisher.path, KEY, b"a=end-of-candidates\r\n", **fragment)
        assert found[0] == 412
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            for target in (port, publisher.port):
                for first in (0x00, 0x14, 0x16, 0x80, 0xC8, 0xFF):
                    stranger.sendto(bytes([first]) * 200, ("127.0.0.1", target))
        ended = await until_state(http, "ended", channel="other")
        assert str(ended["reason"]).startswith("No connection came about within 3 s"), ended
        async with http.get(unused, headers=silent) as gone:
            assert gone.status == 404
        assert (await state_of(http))["state"] == "live"
        before = publisher.sent
        while publisher.sent < before + 50:  # noqa: ASYNC110 - it films in the meantime
            await asyncio.sleep(0.1)
        health = (await state_of(http))["health"]
        assert isinstance(health, dict)
        assert health["connection"]["lost"] == 0
    assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"
