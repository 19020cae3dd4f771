"""What is not revealed yet reaches no viewer, whichever way they ask."""

import asyncio
import json
from pathlib import Path

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
