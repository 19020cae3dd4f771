"""/metrics and /readyz through a real HTTP server."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession, web

from vitrine.origin.access import Access
from vitrine.server.metrics import Counts, Exposition
from vitrine.server.operations import Operations


@asynccontextmanager
async def serving(data: Path, reason: str | None = None) -> AsyncIterator[ClientSession]:
    application = web.Application()
    operations = Operations(Exposition(Counts(lambda: ())), Access("token"), lambda: reason, data)
    application.add_routes(operations.routes())
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
