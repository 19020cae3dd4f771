"""What listeners are told, by server-sent events."""

import pytest
from aiohttp import ClientSession

from tests.origin.desk import (
    CREW,
    SHOWN,
    Listener,
    Studio,
    post,
)


async def test_listeners_are_told_of_cues_and_stock(client: ClientSession) -> None:
    async with client.get("/api/channels/show/events") as response:
        assert response.content_type == "text/event-stream"
        listener = Listener(response.content)  # type: ignore[arg-type]
        assert (await listener.next())[0] == "catalogue"
        assert (await listener.next())[1]["snapshot"] == {"v": 1, "seq": 0, "on": []}
        _, answer = await post(client, SHOWN)
        assert await listener.next() == ("cue", {key: answer[key] for key in ("entry", "date", "snapshot")})
        async with client.patch("/api/channels/show/catalogue/WM-4411", json={"stock": 2}, headers=CREW):
            name, product = await listener.next()
        assert (name, product["id"], product["stock"]) == ("product", "WM-4411", 2)


async def test_a_listener_that_does_not_read_is_let_go(studio: Studio) -> None:
    with studio.desk.events.listening() as messages:
        for count in range(200):
            studio.desk.events.tell("product", {"count": count})
        assert len(studio.desk.events) == 0
        assert len([message async for message in messages]) < 200


async def test_too_many_listeners_are_asked_to_come_again(
    client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitrine.origin.events.MOST_LISTENERS", 0)
    async with client.get("/api/channels/show/events") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "30"
