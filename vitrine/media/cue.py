"""What is on show, and when: the words that overlay (who decides) and packager (who writes it) share.

Times are frames of the broadcast's grid (media/grid.py), counted from programme time 0.
"""

from dataclasses import dataclass

from vitrine.media.errors import RefusedError

SLOTS = 3
"""Places for products that are on show at the same time, counted from 1."""

MAX_PRODUCT_ID = 64
"""Characters. Three ids of four-byte letters still fit into one stamp of 1 KB."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One interval in which one product is on show in one slot: frames [start, end), end None while it is open."""

    id: str
    product: str
    slot: int
    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """One product of a snapshot. `cue` is its cue's id and `since` the frame where that started."""

    slot: int
    product: str
    cue: str
    since: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is on show at an instant, by slot, possibly nothing. `seq` grows when that changes and is 0 before."""

    seq: int = 0
    on: tuple[Showing, ...] = ()


def check_product_id(text: str) -> None:
    """Raise RefusedError in words unless `text` can be a product's id, in whatever script."""
    if not text:
        raise RefusedError("A product id is empty")
    if len(text) > MAX_PRODUCT_ID:
        raise RefusedError(f"A product id has {len(text)} characters; {MAX_PRODUCT_ID} are the most")
    if text != text.strip():
        raise RefusedError(f"The product id {text!r} begins or ends with a space")
    if not all(letter.isprintable() or letter in JOINERS for letter in text):
        raise RefusedError(f"The product id {text!r} holds characters that cannot be printed")


JOINERS = "\u200c\u200d"
"""Zero-width joiners: Persian words and many emoji are spelled with them, though Python calls them unprintable."""
