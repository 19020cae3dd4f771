"""Random loss between a publisher and the real server: what viewers see of it."""

import asyncio
from itertools import groupby
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bench.whip_clip import write_clip
from bench.whip_served import cameras
from tests.interop.conftest import KEY, TOKEN, state_of, until_state
from tests.interop.recording import record
from vitrine.server.serve import Running

STANDSTILL = 15
"""Pictures: half a second."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.ts"
    write_clip(path, 640, 360, 1500, 6)
    return path


LOSSES = {"show": (KEY, 0.01, 8, 0), "other": ("other", 0.05, 15, 1)}
"""By channel: its key, how much is lost, seconds on air, and how often the picture may stand still."""


async def test_the_broadcast_goes_on(server: Running, http: ClientSession, clip: Path) -> None:
    """Publishers ignore requests for keyframes, as OBS does; their relays lose both ways, by a seed."""
    async with asyncio.TaskGroup() as tasks:
        for channel, terms in LOSSES.items():
            tasks.create_task(go_on(server, http, clip, channel, *terms), name=channel)


async def go_on(
    server: Running, http: ClientSession, clip: Path, channel: str, key: str, loss: float, seconds: int, most: int
) -> None:
    url = f"http://127.0.0.1:{server.http_port}/whip/{channel}"
    async with cameras(clip, url, 1, key, "--loss", str(loss), "--delay", "0.025"):
        await until_state(http, "live", channel=channel)
        await asyncio.sleep(seconds)
        state = await state_of(http, channel)
        assert state["state"] == "live", state
        health = state["health"]
        assert isinstance(health, dict)
        told = health["connection"]
        assert told["repaired"] > 0.5 * loss * told["packets"], told
        crew = {"Authorization": f"Bearer {TOKEN}"}
        async with http.delete(f"/api/channels/{channel}/broadcast", headers=crew) as response:
            assert response.status == 204, await response.text()
        await until_state(http, "ended", channel=channel)
    numbers = (await record(http, channel))["270p"].numbers()
    assert len(numbers) > 30 * (seconds - 4)
    runs = [(number, len(list(same))) for number, same in groupby(numbers)]
    assert all(number is not None for number, _ in runs)
    assert sum(length > STANDSTILL for _, length in runs) <= most, runs
