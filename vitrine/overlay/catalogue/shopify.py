"""Shopify's export of products as CSV: variants in rows, of which only a product's first has all of its values."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from html import unescape

from vitrine.overlay.catalogue.fields import AMOUNT, GTIN, FieldError

NAMES = {
    "url_handle": "handle",
    "variant_sku": "sku",
    "variant_price": "price",
    "variant_compare_at_price": "compare_at_price",
    "image_src": "image",
    "product_image_url": "image",
    "variant_image_url": "variant_image",
    "variant_barcode": "barcode",
    "variant_inventory_qty": "stock",
    "inventory_quantity": "stock",
    "variant_inventory_policy": "policy",
    "continue_selling_when_out_of_stock": "policy",
    "variant_inventory_tracker": "tracker",
    "inventory_tracker": "tracker",
    "vendor": "brand",
    "body_(html)": "description",
}
"""Headings of the exports until and since 2024, to one name each."""

SHARED = ("title", "image", "image_alt", "brand", "description", "url", "currency", "status")
"""What a product's later rows take from its first."""

TAG = re.compile(r"<[^<>]*>")


def is_shopify(headings: Iterable[str]) -> bool:
    """Whether a table's headings, by `field_name`, are those of an export."""
    names = set(headings)
    return bool(names & {"handle", "url_handle"} and names & {"variant_price", "compare_at_price"})


class ShopifyRows:
    """Rows in the order of the file, which keeps a product's together."""

    def __init__(self) -> None:
        self._first: Mapping[str, str] = {}

    def row(self, cells: Mapping[str, str]) -> dict[str, object] | None:
        """A variant by the names of our record; None if the row only adds an image. Raises FieldError."""
        if cells.get("handle", "") != self._first.get("handle"):
            self._first = cells
        elif not cells.get("price") and not cells.get("sku"):
            return None
        first = self._first
        shared = {name: cells.get(name) or first.get(name, "") for name in SHARED}
        if shared["status"].lower() in ("draft", "archived"):
            raise FieldError("availability", f"is {shared['status'].lower()} in Shopify")
        for name, heading in (("url", "url"), ("currency", "currency")):
            if not shared[name]:
                field = "price" if name == "currency" else name
                raise FieldError(field, f'is missing: a Shopify export has no {heading}; add a column "{heading}"')
        price, sale = _prices(cells)
        image = cells.get("variant_image") or shared["image"]
        barcode = cells.get("barcode", "").lstrip("'")
        tracked = bool(cells.get("tracker")) and re.fullmatch(r"-?\d{1,9}", cells.get("stock", ""), re.ASCII)
        stock = max(0, int(cells["stock"])) if tracked else None
        sells = stock != 0 or cells.get("policy", "").lower() in ("continue", "true")
        return {
            **shared,
            "id": cells.get("sku") or first.get("handle", ""),
            "title": _title(shared["title"], cells),
            "image": image,
            "image_alt": shared["image_alt"] if image == shared["image"] else "",
            "price": price,
            "sale_price": sale,
            "availability": "in_stock" if sells else "out_of_stock",
            "stock": stock,
            "gtin": barcode if GTIN.fullmatch(barcode) else "",
            "group": first.get("handle", "")[:50],
            "description": unescape(TAG.sub(" ", shared["description"])),
        }


def _prices(cells: Mapping[str, str]) -> tuple[str, str]:
    """List price and sale price. Shopify's `price` is what is asked; `compare at`, if higher, is what was."""
    price, before = cells.get("price", ""), cells.get("compare_at_price", "")
    if AMOUNT.fullmatch(price) and AMOUNT.fullmatch(before) and Decimal(before) > Decimal(price):
        return before, price
    return price, ""


def _title(title: str, cells: Mapping[str, str]) -> str:
    options = [cells.get(f"option{number}_value", "") for number in (1, 2, 3)]
    named = " / ".join(option for option in options if option and option != "Default Title")
    return f"{title} ({named})" if title and named else title
