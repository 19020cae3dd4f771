"""A catalogue file of any form, from its bytes."""

from collections.abc import Mapping
from pathlib import PurePath

from vitrine.media.cue import JOINERS, MAX_PRODUCT_ID
from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.catalogue import Catalogue, RefusedRow, catalogue_of
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.json_rows import read_json
from vitrine.overlay.catalogue.product import Product
from vitrine.overlay.catalogue.row import product_of
from vitrine.overlay.catalogue.table_rows import read_table
from vitrine.overlay.catalogue.xml_rows import read_xml

MAX_BYTES = 64 << 20
"""200,000 rows of 300 bytes. Read whole, so this also bounds memory."""

MAX_PRODUCTS = 5_000
"""Ten times the longest show that ByteDance takes; every viewer loads them all. A whole shop does not belong here."""

MAX_REFUSED = 1_000
"""Rows that are told one by one. Nobody reads more, and a feed may have 200,000."""


def read_catalogue(data: bytes, name: str) -> Catalogue:
    """Products in JSON, a Google Merchant feed (XML or tab-separated) or CSV; `name` says which, where the content does
    not, and stands in errors. Rows that are wrong are refused one by one. Raises MalformedError if nothing can be read.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"{name} has {len(data)} bytes; a catalogue has {MAX_BYTES} at most")
    text = _text(data)
    start = text.lstrip()[:1]
    ending = PurePath(name).suffix.lower()
    if not start:
        raise MalformedError(f"{name} is empty")
    intake = _Intake()
    try:
        if start == "<" or ending == ".xml":
            read_xml(text.lstrip(), name, intake.take)
        elif start in ("{", "[") or ending == ".json":
            read_json(text, name, intake.take)
        else:
            read_table(text.lstrip("\r\n"), name, intake.take)
    except MalformedError as error:
        if not intake.rows:
            raise
        intake.refuse(intake.last + 1, None, FieldError("", f"the file cannot be read any further: {error}"))
    return intake.catalogue()


def _text(data: bytes) -> str:
    """UTF-8 or, by its mark, UTF-16. What is neither becomes U+FFFD, which refuses the value that holds it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


class _Intake:
    """Takes rows until there are enough, and counts the others."""

    def __init__(self) -> None:
        self.rows = self.last = 0
        self._products: dict[str, Product] = {}
        self._refused: list[RefusedRow] = []
        self._too_many = self._first_too_many = self._untold = self._first_untold = 0

    def take(self, number: int, row: object) -> None:
        """One row: values by our names, an error, or None for nothing."""
        self.rows, self.last = self.rows + 1, number
        if row is None:
            return
        if len(self._products) == MAX_PRODUCTS:
            self._first_too_many = self._first_too_many or number
            self._too_many += 1
            return
        try:
            product = self._product(row)
        except FieldError as error:
            self.refuse(number, row, error)
        else:
            self._products[product.id] = product

    def _product(self, row: object) -> Product:
        if isinstance(row, FieldError):
            raise row
        if not isinstance(row, Mapping):
            raise FieldError("", "is no object with the values of a product")
        product = product_of(row)
        if product.id in self._products:
            raise FieldError("id", "is the id of an earlier row, which counts")
        return product

    def refuse(self, number: int, row: object, error: FieldError) -> None:
        if len(self._refused) == MAX_REFUSED:
            self._first_untold = self._first_untold or number
            self._untold += 1
            return
        value = row.get("id") if isinstance(row, Mapping) else error.product
        name = value[:MAX_PRODUCT_ID] if isinstance(value, str) else ""
        name = "".join(letter if letter.isprintable() or letter in JOINERS else "\ufffd" for letter in name)
        self._refused.append(RefusedRow(number, name, error.field, str(error)))

    def catalogue(self) -> Catalogue:
        if self._untold:
            reason = f"{self._untold} more rows from here on are refused; correct the ones above first"
            self._refused.append(RefusedRow(self._first_untold, "", "", reason))
        if self._too_many:
            reason = f"{self._too_many} more rows from here on are not taken; a catalogue has {MAX_PRODUCTS} products"
            self._refused.append(RefusedRow(self._first_too_many, "", "", reason))
        return catalogue_of(self._products.values(), self._refused)
