"""A peer in this process: what ends it when a publisher does nothing, or the wrong thing."""

import asyncio
import re
from dataclasses import replace

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from bench.whip_relay import without_candidates
from tests.ingest.whip.publisher import LOOPBACK, Heard, offered, publisher
from vitrine.ingest.whip.events import Connected, Measured, PeerEnded
from vitrine.ingest.whip.process import peer
from vitrine.ingest.whip.process.peer import ConnectedPeer
from vitrine.ingest.whip.settings import PeerSettings


async def ended(
    offer: str, connection: RTCPeerConnection | None = None, then: str = "", settings: PeerSettings = LOOPBACK
) -> list[object]:
    """What a peer tells until it is over. `then` the publisher, connected, stops its `senders`."""
    heard = Heard()
    opened = ConnectedPeer(settings, heard)
    await opened.open(offer)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(opened.run())
        if connection is not None:
            await connection.setRemoteDescription(RTCSessionDescription(opened.answer, "answer"))
        if connection is not None and then == "senders":
            await heard.first(Connected)
            for sender in connection.getSenders():
                await sender.stop()
    return [event for event in heard.events if isinstance(event, Connected | PeerEnded | Measured)]


async def test_a_publisher_that_never_sends_a_packet_is_given_up() -> None:
    connection = publisher()
    offer = without_candidates(await offered(connection))
    await connection.close()
    (told,) = await ended(offer, settings=replace(LOOPBACK, connect_seconds=0.5))
    assert isinstance(told, PeerEnded)
    assert told.reason.startswith("No connection came about within")
    assert "UDP" in told.reason


async def test_a_publisher_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "SILENCE_SECONDS", 1.0)
    connection = publisher()
    told = await ended(await offered(connection), connection, then="senders")
    await connection.close()
    assert isinstance(told[0], Connected)
    assert told[-1] == PeerEnded("Nothing came from the publisher for 1 s.")


async def test_a_certificate_that_is_not_the_offers_ends_it_in_words() -> None:
    connection = publisher()
    offer = await offered(connection)
    wrong = re.sub(r"(a=fingerprint:sha-\d+) ..", r"\1 00", offer)
    told = await ended(wrong if wrong != offer else offer.replace("sha-256 00", "sha-256 01"), connection)
    await connection.close()
    (end,) = told
    assert isinstance(end, PeerEnded)
    assert "certificate" in end.reason
