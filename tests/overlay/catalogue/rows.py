"""A whole product in the forms that the readers take, and a list to read into."""

from vitrine.overlay.catalogue.product import Money, Product, Sale
from vitrine.overlay.date_time import parse_date_time

PRODUCT = Product(
    id="WM-4411",
    title="Wave Vase",
    url="https://shop.example/wave",
    image="https://cdn.example/wave.jpg",
    image_alt="Wave Vase",
    price=Money("89.00", "EUR"),
    availability="in_stock",
)

ROW: dict[str, object] = {
    "id": "WM-4411",
    "title": "Wave Vase",
    "url": "https://shop.example/wave",
    "image": "https://cdn.example/wave.jpg",
    "price": "89.00 EUR",
    "availability": "in_stock",
}


def at(text: str) -> int:
    return parse_date_time(text)


SALE = Sale(Money("69.00", "EUR"), at("2026-11-27T00:00:00Z"), at("2026-11-30T00:00:00Z"))


class Taken(list[tuple[int, object]]):
    """What a reader gave, with its row."""

    def take(self, number: int, row: object) -> None:
        self.append((number, row))
