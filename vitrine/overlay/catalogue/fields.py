"""The single values of a product, as feeds and shops write them. All raise FieldError."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from vitrine.media.cue import check_product_id
from vitrine.media.errors import MalformedError, RefusedError
from vitrine.overlay.catalogue.product import Availability, Money, Sale
from vitrine.overlay.date_time import date_time_text, parse_date_time

MAX_URL = 2_000
"""Characters: Google's limit for `link` and `image_link`."""

MAX_FILE_NAME = 200
"""Characters. File systems take 255 bytes."""

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".avif")
"""Of files beside the catalogue: what browsers show; no SVG, which can hold scripts."""

MAX_STOCK = 1_000_000_000
"""Pieces. More is a mistake, and players count in doubles."""

LATEST = parse_date_time("9998-01-01T00:00:00Z")
"""utc_ns. Shops write a date like this for "for ever"; later ones cannot be written in every zone."""

NANOSECONDS_PER_MILLISECOND = 1_000_000

AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
"""Four decimals are the most that ISO 4217 knows (the Chilean unit of account)."""

CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
PRICE = re.compile(r"(?:(?P<before>[A-Za-z]{3}) ?)?(?P<amount>[^A-Za-z ]+)(?: ?(?P<after>[A-Za-z]{3}))?", re.ASCII)
URL = re.compile(r"https?://(?:[^\s/?#@\\\[\]]+|\[[0-9A-Fa-f:.]+\](?::\d+)?)(?:[/?#]\S*)?")
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
SPACES = re.compile(r"[ \t\r\n\f\v]+")
UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of surrogate pairs."""

WITHOUT_SECONDS = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)([Zz+-].*)", re.ASCII)
"""Google's form: 2026-11-29T17:00+0100."""

AVAILABILITIES = {
    "in_stock": "in_stock",
    "instock": "in_stock",
    "out_of_stock": "out_of_stock",
    "outofstock": "out_of_stock",
    "preorder": "preorder",
    "pre_order": "preorder",
    "backorder": "backorder",
    "back_order": "backorder",
}


class FieldError(RefusedError):
    """A value cannot be taken. `field` is its name in our record, `product` the id if the row cannot say it."""

    def __init__(self, field: str, reason: str, product: str = "") -> None:
        super().__init__(reason)
        self.field, self.product = field, product


def quoted(value: object) -> str:
    """A value from outside, short and printable enough for an error."""
    return repr(value if len(str(value)) <= 60 else str(value)[:60] + "…")


def parse_text(value: object, field: str, most: int) -> str:
    """One line of at most `most` characters; "" if there is none. Numbers are taken for their digits."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise FieldError(field, "is no text")
    text = SPACES.sub(" ", str(value)).strip()
    if UNWRITABLE.search(text):
        raise FieldError(field, "holds control characters")
    if "\ufffd" in text:
        raise FieldError(field, "holds bytes that are no UTF-8; save the file as UTF-8")
    if len(text) > most:
        raise FieldError(field, f"has {len(text)} characters; {most} are the most")
    return text


def parse_id(value: object) -> str:
    """The id, letter for letter but for the spaces around it."""
    text = "" if value is None else str(value).strip() if isinstance(value, str | int) else None
    if text is None or isinstance(value, bool):
        raise FieldError("id", "is no text")
    try:
        check_product_id(text)
    except RefusedError as error:
        raise FieldError("id", str(error)) from error
    if "\ufffd" in text:
        raise FieldError("id", "holds bytes that are no UTF-8; save the file as UTF-8")
    return text


def parse_url(value: object, field: str = "url") -> str:
    text = parse_text(value, field, MAX_URL)
    if not URL.fullmatch(text):
        raise FieldError(field, f"{quoted(text)} is no address that begins with https:// or http://")
    return text


def parse_image(value: object) -> str:
    """An address, or the plain name of a file beside the catalogue."""
    text = parse_text(value, "image", MAX_URL)
    if FILE_NAME.fullmatch(text) and len(text) <= MAX_FILE_NAME:
        if not text.lower().endswith(IMAGE_ENDINGS):
            raise FieldError("image", f"{quoted(text)} is no picture file that ends in {', '.join(IMAGE_ENDINGS)}")
        return text
    if not URL.fullmatch(text):
        raise FieldError(
            "image",
            f"{quoted(text)} is no address that begins with https:// or http://, and no file name of Latin letters, "
            "digits, dots, underscores and hyphens",
        )
    return text


def parse_amount(value: object, field: str) -> str:
    text = parse_text(value, field, MAX_URL)
    if not AMOUNT.fullmatch(text):
        raise FieldError(field, f"{quoted(text)} is no amount such as 329.00")
    whole, dot, decimals = text.partition(".")
    return (whole.lstrip("0") or "0") + dot + decimals


def parse_money(value: object, field: str, currency: str = "") -> Money:
    """From {"amount", "currency"}, from "329.00 USD", or from an amount where `currency` is said elsewhere."""
    if isinstance(value, Mapping):
        amount, said = value.get("amount"), parse_text(value.get("currency"), field, MAX_URL)
    else:
        text = parse_text(value, field, MAX_URL)
        if not (found := PRICE.fullmatch(text)):
            raise FieldError(field, f"{quoted(text)} is no price such as 329.00 USD")
        if found["before"] and found["after"]:
            raise FieldError(field, f"{quoted(text)} has two currencies")
        amount, said = found["amount"], found["before"] or found["after"] or ""
    said = said or currency
    if not said:
        raise FieldError(field, 'has no currency; write "329.00 USD", or add a column "currency"')
    if not CURRENCY.fullmatch(said):
        raise FieldError(field, f"{quoted(said)} is no currency; write its three capitals, such as USD")
    return Money(parse_amount(amount, field), said)


def parse_sale(value: object, interval: object, currency: str = "") -> Sale | None:
    """From what `parse_money` takes, an object also with "from" and "to"; `interval` is Google's "from/to"."""
    if value is None or value == "":
        return None
    start = end = None
    if isinstance(value, Mapping):
        start, end = (parse_date(value.get(name), "sale_price") for name in ("from", "to"))
    if dates := parse_text(interval, "sale_price", MAX_URL):
        first, slash, last = dates.partition("/")
        if not slash:
            raise FieldError("sale_price", f"{quoted(dates)} are no two dates with a / between them")
        start, end = (parse_date(date.strip(), "sale_price") for date in (first, last))
    if start is not None and end is not None and end <= start:
        raise FieldError("sale_price", "ends before it begins")
    return Sale(parse_money(value, "sale_price", currency), start, end)


def checked_sale(price: Money, sale: Sale | None) -> Sale | None:
    """The sale if it is one: None where it asks the list price."""
    if sale is None:
        return None
    if sale.price.currency != price.currency:
        raise FieldError("sale_price", f"is in {sale.price.currency}, and the price in {price.currency}")
    if Decimal(sale.price.amount) > Decimal(price.amount):
        raise FieldError("sale_price", f"{sale.price.amount} is above the price, {price.amount}")
    return sale if Decimal(sale.price.amount) < Decimal(price.amount) else None


def parse_date(value: object, field: str) -> int | None:
    """utc_ns in whole milliseconds, of ISO 8601 with a zone; None for nothing."""
    text = parse_text(value, field, MAX_URL)
    if not text:
        return None
    if found := WITHOUT_SECONDS.fullmatch(text):
        text = f"{found[1]}:00{found[2]}"
    try:
        utc_ns = parse_date_time(text)
    except MalformedError as error:
        raise FieldError(field, str(error)) from error
    if not 0 <= utc_ns <= LATEST:
        raise FieldError(field, f"{quoted(text)} is not from 1970 to {date_time_text(LATEST)}")
    return utc_ns // NANOSECONDS_PER_MILLISECOND * NANOSECONDS_PER_MILLISECOND


def parse_availability(value: object) -> Availability:
    text = parse_text(value, "availability", MAX_URL)
    word = text.lower().replace(" ", "_").replace("-", "_")
    if word not in AVAILABILITIES:
        raise FieldError("availability", f"{quoted(text)} is none of in_stock, out_of_stock, preorder and backorder")
    return cast(Availability, AVAILABILITIES[word])


def parse_stock(value: object) -> int | None:
    text = parse_text(value, "stock", MAX_URL)
    if not text:
        return None
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or int(text) > MAX_STOCK:
        raise FieldError("stock", f"{quoted(text)} is no whole number from 0 to {MAX_STOCK}")
    return int(text)


def parse_gtin(value: object) -> str:
    text = parse_text(value, "gtin", MAX_URL).replace(" ", "").replace("-", "")
    if text and not GTIN.fullmatch(text):
        raise FieldError("gtin", f"{quoted(text)} is no number of 8, 12, 13 or 14 digits; correct it or leave it empty")
    return text
