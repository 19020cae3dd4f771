"""What AMF 0 and AMF 3 values are in Python, and how much of them one message may hold.

number float · boolean bool · strings and XML str · null None · object dict · strict and dense array list.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from vitrine.media.errors import RefusedError

MAX_DEPTH = 16
"""Nested values. Commands and metadata nest three deep; Python's own stack must never be the limit."""

MAX_ITEMS = 4096
"""Values in one message. The longest metadata seen has some dozens; seek tables of recorded files some hundreds."""


class Undefined(Enum):
    """AMF's second nothing."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


@dataclass(frozen=True, slots=True)
class Date:
    """Milliseconds since 1970 in UTC; the zone is reserved and always 0 (AMF 0 section 2.13)."""

    milliseconds: float


class EcmaArray(dict[str, "Value"]):
    """An object that is written with a count before it, as metadata are."""


Value = float | bool | str | None | Undefined | Date | bytes | dict[str, "Value"] | list["Value"]
Object = dict[str, Value]


class Budget:
    """Counts what one message holds; shared by the AMF 0 reader and the AMF 3 reader inside it."""

    def __init__(self) -> None:
        self._depth = 0
        self._items = 0

    def __enter__(self) -> None:
        """Around every value. Raises RefusedError over a limit."""
        self._depth += 1
        self._items += 1
        if self._depth > MAX_DEPTH:
            raise RefusedError(f"AMF values are nested more than {MAX_DEPTH} deep")
        if self._items > MAX_ITEMS:
            raise RefusedError(f"An AMF message holds more than {MAX_ITEMS} values")

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
