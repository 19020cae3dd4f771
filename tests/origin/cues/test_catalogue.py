"""The catalogue by HTTP: read from its file, changed live."""

import asyncio

import pytest
from aiohttp import ClientSession

from tests.origin.desk import (
    CREW,
    IMAGE,
    SHOWN,
    Listener,
    Studio,
    get,
    post,
    write_catalogue,
)
from vitrine.server import shop as shop_module


async def test_the_catalogue_has_an_etag_and_takes_live_changes(client: ClientSession) -> None:
    async with client.get("/api/channels/show/catalogue") as response:
        etag, body = response.headers["ETag"], await response.json()
    assert body["products"][0]["image"] == "/api/channels/show/images/wave.jpg"
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        async with client.get("/api/channels/show/catalogue", headers={"If-None-Match": known}) as response:
            assert (response.status, response.headers["ETag"]) == (304, etag)
    sold_out = {"availability": "out_of_stock", "stock": 0}
    async with client.patch("/api/channels/show/catalogue/WM-4411", json=sold_out, headers=CREW) as response:
        assert response.status == 200
        assert (await response.json())["availability"] == "out_of_stock"
    async with client.get("/api/channels/show/catalogue", headers={"If-None-Match": etag}) as response:
        assert response.status == 200
        assert response.headers["ETag"] != etag
    for product, change, status in (("none", sold_out, 404), ("WM-4411", {"title": "x"}, 422), ("WM-4411", [], 422)):
        async with client.patch(f"/api/channels/show/catalogue/{product}", json=change, headers=CREW) as response:
            assert response.status == status


async def test_images_beside_the_catalogue_and_nothing_else(client: ClientSession) -> None:
    async with client.get("/api/channels/show/images/wave.jpg") as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/jpeg", IMAGE)
    for name in ("other.jpg", "catalogue.json", "..%2Fcatalogue.json", "%2Fetc%2Fpasswd"):
        async with client.get(f"/api/channels/show/images/{name}") as response:
            assert response.status == 404


async def test_a_catalogue_that_changes_on_disk_is_read_anew(
    client: ClientSession, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_module, "LOOK_AGAIN", 0.01)
    await post(client, SHOWN)
    watching = studio.tasks.create_task(studio.desk.watch())
    async with client.get("/api/channels/show/events") as response:
        listener = Listener(response.content)  # type: ignore[arg-type]
        _, first = await listener.next()
        _, cue = await listener.next()
        write_catalogue(studio.folder, "NEW")
        name, told = await listener.next()
    assert (name, told["rev"] != first["rev"]) == ("catalogue", True)
    assert (await get(client, "snapshot"))[1]["snapshot"] == cue["snapshot"], "what is on show stays"
    assert (await post(client, {"action": "show", "products": ["NEW"]}))[0] == 200
    assert (await post(client, {"action": "show", "products": ["LT-2070"]}))[0] == 422
    watching.cancel()


async def test_a_catalogue_that_breaks_on_disk_leaves_what_was_read(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shop_module, "LOOK_AGAIN", 0.01)
    before = studio.desk.catalogue()
    watching = studio.tasks.create_task(studio.desk.watch())
    (studio.folder / "catalogue.json").write_text("{")
    async with asyncio.timeout(10):
        while "what was read before stays" not in caplog.text:  # noqa: ASYNC110 - the log is what a crew sees
            await asyncio.sleep(0.01)
    assert studio.desk.catalogue() == before
    watching.cancel()
