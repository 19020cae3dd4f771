"""A channel's files as they change, and what of them reaches viewers."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.overlay.catalogue.rows import ROW
from vitrine.server import shop as shop_module
from vitrine.server.desk import Desk
from vitrine.server.shop import Shop

SOLD_OUT = {"availability": "out_of_stock"}


def shop_in(folder: Path) -> Shop:
    row = {"title": "t", "url": "https://shop.example/", "price": "89.00 EUR", "availability": "in_stock"}
    rows = [
        {**row, "id": "SECRET", "image": "secret.jpg", "reveal_at": "9990-01-01T00:00:00Z"},
        {**row, "id": "KNOWN", "image": "known.jpg", "reveal_at": "2020-01-01T00:00:00Z"},
    ]
    for name in ("secret.jpg", "known.jpg", "other.jpg"):
        (folder / name).write_bytes(name.encode())
    path = folder / "catalogue.json"
    path.write_text(json.dumps(rows))
    return Shop("live", path, None)


async def test_images_are_served_of_revealed_products_only(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    names = ("known.jpg", "secret.jpg", "other.jpg", "catalogue.json")
    assert [await shop.image(name) for name in names] == [(b"known.jpg", "image/jpeg"), None, None, None]


async def test_a_change_of_a_product_is_told_to_listeners_once_it_is_revealed(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        desk = Desk("live", shop, tmp_path, tasks)
        with desk.events.listening() as messages:
            assert desk.change("SECRET", SOLD_OUT)["availability"] == "out_of_stock"
            desk.change("KNOWN", SOLD_OUT)
            message = await anext(messages)
    assert b'"id":"KNOWN"' in message
    assert b"SECRET" not in message


async def test_a_file_that_is_being_written_is_read_when_it_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps([ROW]))
    shop = Shop("show", path, None)
    looks: list[tuple[int, int]] = []

    def growing(_path: Path) -> tuple[int, int]:
        looks.append((min(3, len(looks)), 7))
        return looks[-1]

    monkeypatch.setattr(shop_module, "_stamp", growing)
    monkeypatch.setattr(shop_module, "LOOK_AGAIN", 0)
    read = asyncio.Event()
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        watching = tasks.create_task(shop.watch(read.set))
        await read.wait()
        watching.cancel()
    assert looks[:5] == [(0, 7), (1, 7), (2, 7), (3, 7), (3, 7)]
    assert len(looks) == 5


def test_what_pages_get_is_made_once_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps([ROW]))
    shop = Shop("show", path, None)
    before = shop.public()
    assert shop.public() is before
    shop.change("WM-4411", {"stock": 1})
    assert shop.public()["rev"] != before["rev"]
