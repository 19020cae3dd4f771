"""/metrics and /readyz through a real HTTP server."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from vitrine.origin.access import Access
from vitrine.server import operations
from vitrine.server.config import Config, Server
from vitrine.server.metrics import Counts, Exposition
from vitrine.server.operations import Operations, disk_trouble
from vitrine.server.serve import running


@asynccontextmanager
async def serving(data: Path, reason: str | None = None) -> AsyncIterator[ClientSession]:
    application = web.Application()
    handlers = Operations(Exposition(Counts(lambda: ())), Access("token"), lambda: reason, data)
    application.add_routes(handlers.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            yield session
    finally:
        await runner.cleanup()


async def test_metrics_are_for_this_machine_and_for_who_has_the_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as session:
        async with session.get("/metrics") as answer:
            assert answer.status == 200
            assert "vitrine_info" in await answer.text()
        through_a_proxy = {"X-Forwarded-For": "203.0.113.9"}
        async with session.get("/metrics", headers=through_a_proxy) as answer:
            assert answer.status == 401
        async with session.get("/metrics", headers={**through_a_proxy, "Authorization": "Bearer token"}) as answer:
            assert answer.status == 200


async def test_ready_or_why_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as session, session.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ready"})
        assert os.listdir(tmp_path) == []
    async with serving(tmp_path, "the server is starting") as session, session.get("/readyz") as answer:
        assert (answer.status, (await answer.json())["reason"]) == (503, "the server is starting")
    async with serving(tmp_path / "of-a-new-server") as session, session.get("/readyz") as answer:
        assert answer.status == 200
    (tmp_path / "file").touch()
    async with serving(tmp_path / "file") as session, session.get("/readyz") as answer:
        assert answer.status == 503
        assert "nothing can be written to the data folder" in (await answer.json())["reason"]


async def test_one_look_at_the_disk_answers_all_who_ask_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def counted(data: Path) -> str | None:
        looks.append(data)
        return disk_trouble(data)

    monkeypatch.setattr(operations, "disk_trouble", counted)
    monkeypatch.setattr(operations, "KEPT_SECONDS", 600.0)

    async def asked(session: ClientSession) -> int:
        async with session.get("/readyz") as answer:
            return answer.status

    async with serving(tmp_path) as session:
        assert await asyncio.gather(*(asked(session) for _ in range(5))) == [200] * 5
        assert len(looks) == 1
        monkeypatch.setattr(operations, "KEPT_SECONDS", 0.0)
        await asked(session)
        assert len(looks) == 2


async def test_a_server_is_ready_until_it_is_about_to_stop(tmp_path: Path) -> None:
    addresses = Server(http="127.0.0.1:0", rtmp="127.0.0.1:0", data=str(tmp_path))
    async with running(Config(server=addresses)) as server, ClientSession() as session:
        address = f"http://127.0.0.1:{server.http_port}/readyz"
        async with session.get(address) as answer:
            assert answer.status == 200, await answer.text()
        await server.registry.drain()
        async with session.get(address) as answer:
            assert (answer.status, (await answer.json())["reason"]) == (503, "the server is stopping")
