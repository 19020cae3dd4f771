"""What crews ask for, through a real HTTP server over a real registry."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from vitrine.origin.app import Origin
from vitrine.server.config import Channel, Config, Server
from vitrine.server.registry import Registry

CREW = {"Authorization": "Bearer of-the-crew"}
AT = "/api/channels/show"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[ClientSession]:
    config = Config(server=Server(data=str(tmp_path)), channels={"show": Channel(stream_key="s3cret")})
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(config, tasks)
        registry.rtmp_port = 1935
        runner = web.AppRunner(Origin(registry, "of-the-crew").application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            yield session
        await runner.cleanup()
        await registry.close()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "ingest"), ("GET", "studio"), ("PUT", "rehearsal"), ("DELETE", "broadcast")]
)
async def test_all_of_it_needs_the_token(client: ClientSession, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b2Y="}):
        async with client.request(method, f"{AT}/{path}", headers=headers) as response:
            assert response.status == 401
            assert "token" in (await response.json())["detail"]
            assert "s3cret" not in await response.text()
    async with client.request(method, f"/api/channels/nobody/{path}", headers=CREW) as response:
        assert response.status == 404


async def test_how_to_publish_is_told_to_this_origin_alone_and_kept_by_nobody(client: ClientSession) -> None:
    async with client.get(f"{AT}/ingest", headers=CREW) as response:
        assert await response.json() == {
            "whip": "/whip/show",
            "rtmp": "rtmp://127.0.0.1:1935/live",
            "key": "s3cret",
            "local": False,
        }
        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_rehearsal_is_switched_and_seen(client: ClientSession) -> None:
    async with client.put(f"{AT}/rehearsal", json={"on": True}, headers=CREW) as response:
        switched = await response.json()
        assert response.status == 200
    assert (switched["on"], switched["on_air"]) == (True, False)
    async with client.get(f"{AT}/studio", headers=CREW) as response:
        studio = await response.json()
    assert studio["address"] == switched["address"] == studio["state"]["playlist"].split("/")[2]
    assert studio["state"]["rehearsal"]
    async with client.get(f"/watch/{studio['address']}") as page:
        assert page.status == 200
    async with client.put(f"{AT}/rehearsal", json={"on": False}, headers=CREW) as response:
        assert (await response.json())["address"] is None
    async with client.get(f"{AT}/studio", headers=CREW) as response:
        assert (await response.json())["address"] == "show"


@pytest.mark.parametrize(
    ("body", "status"), [("", 400), ("{", 400), ("[]", 422), ('{"on": 1}', 422), ('{"on": true, "of": 1}', 422)]
)
async def test_a_switch_of_another_shape(client: ClientSession, body: str, status: int) -> None:
    async with client.put(f"{AT}/rehearsal", data=body, headers=CREW) as response:
        assert response.status == status


async def test_the_studio_may_film_and_nobody_may_frame_it(client: ClientSession) -> None:
    async with client.get("/studio/show") as response:
        assert "camera=(self)" in response.headers["Permissions-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
    async with client.get("/watch/show") as response:
        assert "camera=()" in response.headers["Permissions-Policy"]
