"""The media process is started again whatever happens. What it does is tested with it, in test_peer.py."""

import asyncio
import os
import signal

import pytest

from tests.ingest.whip.publisher import LOOPBACK
from vitrine.ingest.whip import pool
from vitrine.ingest.whip.errors import PeersUnavailableError
from vitrine.ingest.whip.events import PeerEnded, PeerEvent
from vitrine.ingest.whip.ipc import Answered
from vitrine.ingest.whip.pool import LOST, Peer, PeerPool


async def test_a_bug_over_one_peer_that_is_lost_leaves_the_others_told(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[PeerEvent] = []

    def mistaken(_event: PeerEvent) -> None:
        raise LookupError("a mistake")

    running = PeerPool(LOOPBACK)
    for number, on_event in enumerate((mistaken, heard.append)):
        running._peers[number] = Peer(number, lambda _number, _message: None, on_event)
        running._peers[number].receive(Answered("v=0"))
    running._lose_peers()
    assert heard == [PeerEnded(LOST)]
    assert "a WHIP session met a bug" in caplog.text


async def test_a_bug_in_one_life_of_the_process_is_not_its_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lives = 0
    again = asyncio.Event()

    async def life(_pool: PeerPool) -> None:
        nonlocal lives
        lives += 1
        if lives == 1:
            raise LookupError("a mistake")
        again.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(pool, "START_PAUSES", (0.0,))
    monkeypatch.setattr(PeerPool, "_run_process", life)
    async with asyncio.timeout(10):
        running = await PeerPool.start(LOOPBACK)
        await again.wait()
    await running.close()
    assert "the media process of WHIP met a bug" in caplog.text


async def test_a_process_that_stands_still_is_replaced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool, "HUNG_SECONDS", 1.5)
    monkeypatch.setattr(pool, "START_SECONDS", 1.5)
    monkeypatch.setattr(pool, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(pool, "START_PAUSES", (0.0,))
    running = await PeerPool.start(LOOPBACK)
    try:
        first = running.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        offers = [asyncio.ensure_future(running.open("v=0" * 20_000, lambda _event: None)) for _ in range(20)]  # noqa: TID251 - more than the socket takes
        async with asyncio.timeout(20):
            while running.pid in (first, None):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        ended = await asyncio.gather(*offers, return_exceptions=True)
        assert {type(each) for each in ended} == {PeersUnavailableError}
    finally:
        await running.close()
    assert "does not move any more" in caplog.text
