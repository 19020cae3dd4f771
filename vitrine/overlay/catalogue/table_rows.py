"""A catalogue as a table: Google's tab-separated text, or CSV with Google's, our or Shopify's headings."""

import csv
from collections.abc import Callable, Iterator, Sequence
from io import StringIO

from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.row import REQUIRED, field_name
from vitrine.overlay.catalogue.shopify import NAMES, ShopifyRows, is_shopify

MAX_COLUMNS = 1_000
"""Google knows about a hundred attributes, and each may come in ten languages."""


def read_table(text: str, name: str, take: Callable[[int, object], None]) -> None:
    """Give `take` each row with its number, headings being 1, by our names; a FieldError for what is no row.
    Raises MalformedError, also after some rows.
    """
    rows = _rows(text)
    try:
        heading = next(rows, [])
        names = [field_name(cell) for cell in heading]
        if len(names) > MAX_COLUMNS:
            raise MalformedError(f"{name} has {len(names)} columns; {MAX_COLUMNS} are the most")
        shopify = ShopifyRows() if is_shopify(names) else None
        if shopify:
            names = [NAMES.get(each, each) for each in names]
        elif not {"id", "title"} <= set(names):
            raise MalformedError(f"{name} has no headings in its first line: {', '.join(REQUIRED)}")
        for number, row in enumerate(rows, 2):
            if any(row):
                take(number, _named(names, row, shopify))
    except csv.Error as error:
        raise MalformedError(f"{name} is a broken table: {error}; is a quotation mark missing?") from error


def _named(names: Sequence[str], row: Sequence[str], shopify: ShopifyRows | None) -> object:
    """Cells by name, the first of a name that holds something."""
    if any(row[len(names) :]):
        return FieldError("", f"has {len(row)} cells under {len(names)} headings; is a separator inside of a text?")
    cells: dict[str, str] = {}
    for name, cell in zip(names, row, strict=False):
        if cell and name not in cells:
            cells[name] = cell
    if not shopify:
        return cells
    try:
        return shopify.row(cells)
    except FieldError as error:
        return FieldError(error.field, str(error), cells.get("sku") or cells.get("handle", ""))


def _rows(text: str) -> Iterator[list[str]]:
    """Stripped cells. Tabs, else semicolons, which some countries' spreadsheets write, else commas part them."""
    heading = text[: text.find("\n") + 1] or text
    if "\t" in heading:
        # Google's rows are lines: a quotation mark at the beginning of a title must not swallow the next ones.
        lines = csv.reader(StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        return ([_unquoted(cell.strip()) for cell in row] for row in lines)
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    return ([cell.strip() for cell in row] for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter))


def _unquoted(cell: str) -> str:
    inside = cell[1:-1]
    if len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in inside.replace('""', ""):
        return inside.replace('""', '"').strip()
    return cell
