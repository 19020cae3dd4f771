"""A catalogue in JSON: a list of products, or an object that holds it as `products`."""

import json
from collections.abc import Callable, Mapping

from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.row import ALIASES


def read_json(text: str, name: str, take: Callable[[int, object], None]) -> None:
    """Give `take` each product with its number from 1, objects by our names; a FieldError for what is no object.
    Numbers come as text, so that a price keeps its decimals. Raises MalformedError.
    """
    try:
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{name} is no JSON: {error}") from error
    if isinstance(value, dict):
        value = value.get("products")
    if not isinstance(value, list):
        raise MalformedError(f'{name} is no list of products, and no object that holds one as "products"')
    for number, row in enumerate(value, 1):
        take(number, _named(row) if isinstance(row, dict) else FieldError("", "is no object with a product's values"))


def _named(row: Mapping[str, object]) -> dict[str, object]:
    """Values by our names, the first of a name that holds something."""
    named: dict[str, object] = {}
    for key, value in row.items():
        name = ALIASES.get(key, key)
        if named.get(name) is None or named[name] == "":
            named[name] = value
    return named
