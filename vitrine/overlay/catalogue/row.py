"""One row of a feed, by the names of its fields, to a product."""

import re
from collections.abc import Mapping

from vitrine.overlay.catalogue.fields import (
    FieldError,
    checked_sale,
    parse_availability,
    parse_date,
    parse_gtin,
    parse_id,
    parse_image,
    parse_money,
    parse_sale,
    parse_stock,
    parse_text,
    parse_url,
)
from vitrine.overlay.catalogue.product import Product

MAX_TITLE = 150
"""Characters: Google's limit for `title` and `short_title`."""

MAX_IMAGE_ALT = 512
"""Characters: Shopify's limit."""

MAX_BRAND = 70
MAX_GROUP = 50
"""Characters: Google's limits for `brand` and `item_group_id`."""

MAX_DESCRIPTION = 500
"""Characters; what is longer is cut. A card has a few lines, and every viewer loads all 5,000 of them."""

MAX_WRITTEN_DESCRIPTION = 1 << 20
"""Characters before the cut."""

REQUIRED = ("id", "title", "url", "image", "price", "availability")

ALIASES = {
    "link": "url",
    "image_link": "image",
    "image_alt_text": "image_alt",
    "disclosure_date": "reveal_at",
    "item_group_id": "group",
    "quantity": "stock",
}
"""Google's names, and what spreadsheets say, to ours."""

FIELDS = {
    *REQUIRED, "short_title", "image_alt", "sale_price", "sale_price_effective_date", "currency", "reveal_at", "brand",
    "group", "gtin", "description", "stock",
}  # fmt: skip
"""Everything else in a feed is left alone."""


def field_name(text: str) -> str:
    """A heading, as our name if we have one: "Item group ID", "g:item_group_id" are "group"."""
    name = re.sub(r"[ _-]+", "_", text.strip().lower().removeprefix("g:"))
    return ALIASES.get(name, name)


def product_of(row: Mapping[str, object]) -> Product:
    """The product of values by our names. Raises FieldError for the first that cannot be taken."""
    for field in REQUIRED:
        if row.get(field) is None or row[field] == "":
            raise FieldError(field, "is missing")
    currency = parse_text(row.get("currency"), "price", MAX_TITLE)
    title = _required(row, "title", MAX_TITLE)
    price = parse_money(row["price"], "price", currency)
    sale = parse_sale(row.get("sale_price"), row.get("sale_price_effective_date"), currency)
    return Product(
        id=parse_id(row["id"]),
        title=title,
        short_title=parse_text(row.get("short_title"), "short_title", MAX_TITLE),
        url=parse_url(row["url"]),
        image=parse_image(row["image"]),
        image_alt=parse_text(row.get("image_alt"), "image_alt", MAX_IMAGE_ALT) or title,
        price=price,
        sale=checked_sale(price, sale),
        availability=parse_availability(row["availability"]),
        reveal_at=parse_date(row.get("reveal_at"), "reveal_at"),
        brand=parse_text(row.get("brand"), "brand", MAX_BRAND),
        group=parse_text(row.get("group"), "group", MAX_GROUP),
        gtin=parse_gtin(row.get("gtin")),
        description=_cut(parse_text(row.get("description"), "description", MAX_WRITTEN_DESCRIPTION)),
        stock=parse_stock(row.get("stock")),
    )


def _required(row: Mapping[str, object], field: str, most: int) -> str:
    text = parse_text(row[field], field, most)
    if not text:
        raise FieldError(field, "is missing")
    return text


def _cut(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 1].rstrip() + "…"
