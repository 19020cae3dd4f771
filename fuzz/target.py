"""What a fuzz target is, and how bytes become what a target takes."""

import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes any bytes. It returns, or lets an exception out: that is a failure.

    `seeds` are inputs to begin with, well-formed ones. `longest` is in bytes: what the parser needs to show all of
    itself, and no more, because long inputs are slow.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    longest: int = 4096


def cut(data: bytes) -> Iterator[bytes]:
    """The same bytes in pieces, always the same ones: how a network may deliver them."""
    dice = random.Random(zlib.crc32(data))
    position = 0
    while position < len(data):
        end = position + dice.choice((1, 1, 2, 3, 7, 30, 200, 1500))
        yield data[position:end]
        position = end


def records(data: bytes) -> Iterator[bytes]:
    """A sequence of byte strings, each after its length in two bytes; the last may be shorter."""
    position = 0
    while position + 2 <= len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2], "big")
        yield data[position + 2 : end]
        position = end


def join_records(parts: Iterable[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)
