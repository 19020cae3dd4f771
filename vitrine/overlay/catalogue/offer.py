"""A shop's change to a product while the show goes on: price and stock, nothing else."""

from collections.abc import Mapping
from dataclasses import replace

from vitrine.media.errors import RefusedError
from vitrine.overlay.catalogue.fields import (
    FieldError,
    checked_sale,
    parse_availability,
    parse_money,
    parse_sale,
    parse_stock,
)
from vitrine.overlay.catalogue.product import Product

CHANGEABLE = ("availability", "stock", "price", "sale_price")
"""The rest is the catalogue file's: a card must not change its title in front of the viewer."""


class OfferError(RefusedError):
    """A change was declined. `field` is the member that is wrong, or "" for the whole."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def with_offer(product: Product, changes: Mapping[str, object]) -> Product:
    """The product with other offers, from decoded JSON in the form of `product_json`. None takes stock or sale away.

    Raises OfferError; then nothing has changed.
    """
    if not changes:
        raise OfferError("", f"There is no change; name one of {', '.join(CHANGEABLE)}")
    for name in changes:
        if name not in CHANGEABLE:
            raise OfferError(name[:60], f"cannot be changed during a show; only {', '.join(CHANGEABLE)} can")
    try:
        price = product.price
        if "price" in changes:
            price = parse_money(changes["price"], "price", price.currency)
        sale = product.sale
        if "sale_price" in changes:
            sale = parse_sale(changes["sale_price"], None, price.currency)
        availability, stock = product.availability, product.stock
        if "availability" in changes:
            availability = parse_availability(changes["availability"])
        if "stock" in changes:
            stock = parse_stock(changes["stock"])
        sale = checked_sale(price, sale)
    except FieldError as error:
        raise OfferError(error.field, str(error)) from error
    return replace(product, price=price, sale=sale, availability=availability, stock=stock)
