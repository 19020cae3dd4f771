"""A channel on air behind a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.origin.desk import (
    IMAGE,
    TOKEN,
    Studio,
    StudioChannels,
    write_catalogue,
)
from tests.overlay.ids import SCRIPTS
from vitrine.origin.app import Origin
from vitrine.server.desk import Desk
from vitrine.server.shop import Shop


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    catalogue = write_catalogue(tmp_path, "WM-4411", "LT-2070", *SCRIPTS[1:])
    (tmp_path / "wave.jpg").write_bytes(IMAGE)
    rundown = tmp_path / "rundown.json"
    rundown.write_text('["WM-4411", {"products": ["LT-2070"], "slot": 2, "note": "from the left"}]')
    async with asyncio.TaskGroup() as tasks:
        shop = Shop("show", catalogue, rundown)
        yield Studio(Desk("show", shop, tmp_path / "data", tasks, in_band=True), tmp_path, tasks)


@pytest.fixture
async def client(studio: Studio) -> AsyncIterator[ClientSession]:
    studio.go_on_air()
    runner = web.AppRunner(Origin(StudioChannels(studio), TOKEN).application(), shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        yield session
    await runner.cleanup()
    studio.desk.close("b1")
