"""Offers in a flood, from one address and from many, beside a live broadcast by WHIP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, TCPConnector

from tests.ingest.whip.offers import offer
from tests.interop.conftest import KEY, configuration, state_of, until_state
from tests.interop.obs.publisher import obs
from tests.interop.recording import record
from vitrine.ingest.rate import ATTEMPTS
from vitrine.ingest.whip.settings import MOST_PEERS
from vitrine.server.config import Channel
from vitrine.server.serve import Running, running

OTHER_KEY = "s3cret-of-the-other"
OF_ONE, OF_MANY = 100, 200
STANDSTILL = 15
"""Pictures: half a second."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """Its other channel has a key, too: publishers come to it from any address."""
    config = configuration(tmp_path / "data")
    channels = {**config.channels, "other": Channel(stream_key=OTHER_KEY)}
    async with running(msgspec.structs.replace(config, channels=channels)) as server:
        yield server


async def post(http: ClientSession, address: str) -> tuple[int, str, bool]:
    """Status, the sentence of a refusal, and whether it says when to come again. nginx here says who asks."""
    headers = {"Authorization": f"Bearer {OTHER_KEY}", "Content-Type": "application/sdp", "X-Forwarded-For": address}
    async with http.post("/whip/other?takeover=1", data=offer(), headers=headers) as response:
        words = "" if response.status == 201 else (await response.json(content_type=None))["detail"]
        return response.status, words, "Retry-After" in response.headers


async def test_a_flood_is_refused_in_words_and_disturbs_no_broadcast(server: Running, http: ClientSession) -> None:
    async with (
        obs(http, "/whip/show", KEY) as publisher,
        ClientSession(f"http://127.0.0.1:{server.http_port}", connector=TCPConnector(limit=0)) as flood,
    ):
        await until_state(http, "live")
        of_one = await asyncio.gather(*(post(flood, "192.0.2.1") for _ in range(OF_ONE)))
        of_many = await asyncio.gather(*(post(flood, f"198.51.100.{number}") for number in range(OF_MANY)))
        refused = [(status, words, again) for status, words, again in (*of_one, *of_many) if status != 201]
        assert {status for status, _, _ in refused} <= {429, 503}
        assert all(words and again for _, words, again in refused)
        assert Counter(status for status, _, _ in of_one)[429] == OF_ONE - ATTEMPTS
        assert 0 < Counter(status for status, _, _ in of_many)[201] <= MOST_PEERS
        before = publisher.sent
        while publisher.sent < before + 100:  # noqa: ASYNC110 - it films in the meantime
            await asyncio.sleep(0.05)
        state = await state_of(http)
        assert state["state"] == "live"
        health = state["health"]
        assert isinstance(health, dict)
        assert health["connection"]["lost"] == 0
    await until_state(http, "ended")
    numbers = (await record(http))["270p"].numbers()
    runs = [(number, len(list(same))) for number, same in groupby(numbers)]
    assert max(length for number, length in runs[:-2] if number is not None) < STANDSTILL, runs
