"""A catalogue as a table: Google's tab-separated text, or CSV with Google's, our or Shopify's headings."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from io import StringIO

from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.row import REQUIRED, field_name
from vitrine.overlay.catalogue.shopify import NAMES, ShopifyRows, is_shopify

MAX_COLUMNS = 1_000
"""Google knows about a hundred attributes, and each may come in ten languages."""

FIRST_LINE = re.compile(r"[^\r\n]*")


def read_table(text: str, name: str, take: Callable[[int, object], None]) -> None:
    """Give `take` each row with its number, headings being 1, by our names; a FieldError for what is no row.
    Raises MalformedError where there are no headings.
    """
    rows = _rows(text)
    heading = next(rows, [])
    if isinstance(heading, FieldError):
        raise MalformedError(f"{name}: the first line {heading}")
    names = [field_name(cell) for cell in heading]
    if len(names) > MAX_COLUMNS:
        raise MalformedError(f"{name} has {len(names)} columns; {MAX_COLUMNS} are the most")
    shopify = ShopifyRows() if is_shopify(names) else None
    if shopify:
        names = [NAMES.get(each, each) for each in names]
    elif not {"id", "title"} <= set(names):
        raise MalformedError(f"{name} has no headings in its first line: {', '.join(REQUIRED)}")
    for number, row in enumerate(rows, 2):
        if isinstance(row, FieldError):
            take(number, row)
        elif any(row):
            take(number, _named(names, row, shopify))


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


def _rows(text: str) -> Iterator[list[str] | FieldError]:
    """Stripped cells. Tabs, else semicolons, which some countries' spreadsheets write, else commas part them."""
    heading = FIRST_LINE.match(text)
    line = heading[0] if heading else ""
    lines = StringIO(text, newline="")
    if "\t" in line:
        # Google's rows are lines: a quotation mark at the beginning of a title must not swallow the next ones.
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        # Strict, for else a quotation mark that is missing takes all rows to the end of the file into one cell, unsaid.
        delimiter = ";" if line.count(";") > line.count(",") else ","
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:  # the reader goes on with the next line
            yield FieldError("", f"is broken, maybe with lines after it: {error}; is a quotation mark missing?")
            continue
        if row is None:
            return
        yield [_unquoted(cell.strip()) for cell in row] if "\t" in line else [cell.strip() for cell in row]


def _unquoted(cell: str) -> str:
    inside = cell[1:-1]
    if len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in inside.replace('""', ""):
        return inside.replace('""', '"').strip()
    return cell
