from dataclasses import replace

from tests.overlay.catalogue.rows import PRODUCT, SALE, at
from vitrine.overlay.catalogue.product import product_json
from vitrine.overlay.catalogue.row import product_of

PLAIN = {
    "id": "WM-4411",
    "title": "Wave Vase",
    "short_title": "",
    "url": "https://shop.example/wave",
    "image": "https://cdn.example/wave.jpg",
    "image_alt": "Wave Vase",
    "price": {"amount": "89.00", "currency": "EUR"},
    "sale_price": None,
    "availability": "in_stock",
    "stock": None,
    "group": "",
    "brand": "",
    "gtin": "",
    "description": "",
    "reveal_at": None,
}


def test_a_record() -> None:
    assert product_json(PRODUCT, "/images/") == PLAIN


def test_sale_reveal_and_an_image_beside_the_catalogue() -> None:
    product = replace(PRODUCT, sale=SALE, reveal_at=at("2026-12-01T09:00:00Z"), image="wave.jpg", stock=3)
    record = product_json(product, "/images/")
    assert record["sale_price"] == {
        "amount": "69.00",
        "currency": "EUR",
        "from": "2026-11-27T00:00:00.000Z",
        "to": "2026-11-30T00:00:00.000Z",
    }
    assert (record["reveal_at"], record["image"], record["stock"]) == (
        "2026-12-01T09:00:00.000Z",
        "/images/wave.jpg",
        3,
    )


def test_a_record_can_be_read_again() -> None:
    product = replace(PRODUCT, sale=SALE, reveal_at=at("2026-12-01T09:00:00Z"), stock=0, brand="Ärmel & Söhne 花")
    assert product_of(product_json(product, "/")) == product
