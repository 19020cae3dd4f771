"""Commands that an encoder sends within its stream, as data messages: onTextData and onCuePoint.

Both messages are used for other things too: onTextData for captions, onCuePoint for advertising breaks. So what is
taken as a command is only

- an object that has `product` (an id) or `products` (a list of ids), and may have `action` and `slot`;
- an object that says it is for us, as cue point by its `name`, as text by its `type`: "vitrine". It may do without
  products, to `clear`, `hide` a slot, or go on to the `next` item;
- a text that is JSON of one of these, or `product:` and an id. A bare id is not: any caption could be one.

The object of a cue point is its `parameters` (Adobe, FLV format, section E.5 on ScriptData; those of Flash Media Live
Encoder are strings throughout, so a slot may be "2"). Whatever else an object holds is left alone.
"""

import json
from collections.abc import Mapping, Sequence

from vitrine.overlay.commands import Command, CommandError, check_shape, parse_action, parse_products, parse_slot

TEXT_PREFIX = "product:"
OUR_NAME = "vitrine"

MAX_TEXT = 4096
"""Characters of a text that is looked into: three ids and all that belongs around them have 300."""

MARKS = ("product", "products")


def parse_in_band(name: str, values: Sequence[object]) -> Command | None:
    """The command in a data message, for the frame that it came with; None where it is about something else.

    `values` are decoded AMF. Raises CommandError where it is about products and wrong.
    """
    value = values[0] if values else None
    if name == "onTextData":
        return _parse_text_data(value)
    if name == "onCuePoint" and isinstance(value, dict):
        parameters = value.get("parameters")
        return _parse_object(parameters if isinstance(parameters, dict) else {}, _is_ours(value.get("name")))
    return None


def _parse_text_data(value: object) -> Command | None:
    if not isinstance(value, dict):
        return _parse_text(value, False)
    is_ours = _is_ours(value.get("type"))
    if any(mark in value for mark in MARKS) or (is_ours and "action" in value):
        return _parse_object(value, is_ours)
    return _parse_text(value.get("text"), is_ours)


def _parse_text(text: object, is_ours: bool) -> Command | None:
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        return None
    text = text.strip()
    if text.startswith(TEXT_PREFIX):
        return _parse_object({"product": text.removeprefix(TEXT_PREFIX).strip()}, True)
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _parse_object(value, is_ours)


def _parse_object(value: Mapping[str, object], is_ours: bool) -> Command | None:
    if not is_ours and not any(mark in value for mark in MARKS):
        return None
    if "at" in value:
        raise CommandError("at", "A command within the stream is for the frame it comes with; it says no at")
    action = parse_action("show" if value.get("action") is None else value["action"])
    if action == "undo":
        raise CommandError("action", "An encoder does not learn which entry its command made, so it has none to undo")
    slot = parse_slot(_whole(value.get("slot")))
    product, products = value.get("product"), value.get("products")
    if product is not None and products is not None:
        raise CommandError("products", "name product or products, not both")
    ids = parse_products(products if product is None else [product])
    check_shape(action, ids, slot)
    return Command(action, ids, slot)


def _whole(value: object) -> object:
    """AMF has no whole numbers, and cue points of Flash Media Live Encoder nothing but strings."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value in {"1", "2", "3"}:
        return int(value)
    return value


def _is_ours(name: object) -> bool:
    return isinstance(name, str) and name.casefold() == OUR_NAME
