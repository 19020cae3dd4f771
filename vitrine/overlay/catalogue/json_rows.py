"""A catalogue in JSON: a list of products, or an object that holds it as `products`."""

import json
from collections.abc import Callable

from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.row import ALIASES


def read_json(text: str, name: str, take: Callable[[int, object], None]) -> None:
    """Give `take` each product with its number from 1, objects by our names. Numbers come as text, so that a price
    keeps its decimals. Raises MalformedError.
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
        take(number, {ALIASES.get(key, key): row[key] for key in row} if isinstance(row, dict) else row)
