"""The record of a product, and its JSON form, which is also the form in which a catalogue file may be written."""

from dataclasses import dataclass
from typing import Literal

from vitrine.overlay.date_time import date_time_text

Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` is a decimal such as "329.00", `currency` three letters of ISO 4217."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A lower price from `start` to before `end`, both utc_ns in whole milliseconds; None is open."""

    price: Money
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What a card can say. `price` is the list price, `image` an address or the name of a file beside the catalogue.

    Before `reveal_at` (utc_ns in whole milliseconds) nobody but the crew may learn of it. Texts that are not known
    are empty.
    """

    id: str
    title: str
    url: str
    image: str
    image_alt: str
    price: Money
    availability: Availability
    short_title: str = ""
    sale: Sale | None = None
    reveal_at: int | None = None
    brand: str = ""
    group: str = ""
    gtin: str = ""
    description: str = ""
    stock: int | None = None


def product_json(product: Product, images: str) -> dict[str, object]:
    """The record as JSON values. `images` is put before the name of an image that lies beside the catalogue."""
    return {
        "id": product.id,
        "title": product.title,
        "short_title": product.short_title,
        "url": product.url,
        "image": product.image if ":" in product.image else images + product.image,
        "image_alt": product.image_alt,
        "price": _money(product.price),
        "sale_price": _sale(product.sale),
        "availability": product.availability,
        "stock": product.stock,
        "group": product.group,
        "brand": product.brand,
        "gtin": product.gtin,
        "description": product.description,
        "reveal_at": _date(product.reveal_at),
    }


def _money(money: Money) -> dict[str, object]:
    return {"amount": money.amount, "currency": money.currency}


def _sale(sale: Sale | None) -> dict[str, object] | None:
    return None if sale is None else {**_money(sale.price), "from": _date(sale.start), "to": _date(sale.end)}


def _date(utc_ns: int | None) -> str | None:
    return None if utc_ns is None else date_time_text(utc_ns)
