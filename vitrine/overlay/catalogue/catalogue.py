"""All products of a channel."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from vitrine.overlay.catalogue.product import Product, product_json

REVISION_DIGITS = 12
"""Hexadecimal: two catalogues in the life of a channel never share one by chance."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """What was not taken, and why. `row` is the number in the file: products from 1, in tables lines below the
    heading, which is 1. `id` is as far as one could be read, `field` the name in our record or "".
    """

    row: int
    id: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products by id, in the order of the file."""

    products: Mapping[str, Product]
    refused: tuple[RefusedRow, ...] = ()

    def title(self, product: str) -> str:
        """What to call a product where there is little room; its id if it is unknown."""
        found = self.products.get(product)
        return found.short_title or found.title if found else product

    def __contains__(self, product: object) -> bool:
        return product in self.products

    def replaced(self, product: Product) -> "Catalogue":
        """With another record of one of its products, in its place."""
        return Catalogue({**self.products, product.id: product}, self.refused)


def catalogue_of(products: Iterable[Product], refused: Iterable[RefusedRow] = ()) -> Catalogue:
    """Of products with different ids."""
    return Catalogue({product.id: product for product in products}, tuple(refused))


def revision(records: Iterable[Mapping[str, object]]) -> str:
    """A short hash of the public JSON records: the same only for the same."""
    digest = sha256()
    for record in records:
        digest.update(json.dumps(record, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:REVISION_DIGITS]


def is_revealed(product: Product, now_utc_ns: int) -> bool:
    """Whether viewers may know of it."""
    return product.reveal_at is None or product.reveal_at <= now_utc_ns


def public_products(catalogue: Catalogue, now_utc_ns: int, images: str) -> list[dict[str, object]]:
    """The JSON records of what viewers may know of. `images` as in `product_json`."""
    return [
        product_json(product, images) for product in catalogue.products.values() if is_revealed(product, now_utc_ns)
    ]


def next_reveal(catalogue: Catalogue, now_utc_ns: int) -> int | None:
    """The utc_ns when `public_products` has more than now, if ever."""
    times = (product.reveal_at for product in catalogue.products.values())
    return min((time for time in times if time is not None and time > now_utc_ns), default=None)


def report(catalogue: Catalogue, most: int = 20) -> str:
    """What was taken and what was refused, for the crew: a line for each of the first `most` rows."""
    count, refused = len(catalogue.products), catalogue.refused
    lines = [
        f"{count} product{'s' * (count != 1)} taken, " + (f"{len(refused)} refused:" if refused else "none refused")
    ]
    for row in refused[:most]:
        named = f" ({row.id})" if row.id else ""
        lines.append(f"  row {row.row}{named}: " + (f"{row.field}: " if row.field else "") + row.reason)
    if len(refused) > most:
        lines.append(f"  and {len(refused) - most} more")
    return "\n".join(lines)
