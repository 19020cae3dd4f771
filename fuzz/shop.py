"""What crews and shops give: catalogues, rundowns, commands, and ledgers as a crash may leave them."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from fuzz.target import Target
from tests.overlay.catalogue.test_read import CSV, JSON, TSV, XML
from vitrine.media.errors import ConfigError, MalformedError, RefusedError
from vitrine.media.grid import Grid
from vitrine.origin.signing import time_left
from vitrine.overlay.catalogue.catalogue import public_products, report
from vitrine.overlay.catalogue.offer import with_offer
from vitrine.overlay.catalogue.read import read_catalogue
from vitrine.overlay.commands import parse_command
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import Header, read_ledger
from vitrine.overlay.rundown import ledger_of, parse_rundown

GRID = Grid(Fraction(30))
NAMES = ("products.json", "feed.xml", "feed.tsv", "products.csv", "products")


def catalogue(data: bytes) -> None:
    """Products and refused rows, or an error in words; and both can be told."""
    if not data:
        return
    with suppress(MalformedError):
        found = read_catalogue(data[1:], NAMES[data[0] % len(NAMES)])
        report(found)
        json.dumps(public_products(found, 1_795_971_603_120_000_000, "images")).encode()
        for product in found.products.values():
            with suppress(RefusedError):
                with_offer(product, {"price": product.title, "stock": 3})
            break


def rundown(data: bytes) -> None:
    """A plan, or an error in words; and what it plans can be laid on frames."""
    with suppress(MalformedError, ConfigError):
        ledger_of(parse_rundown(data.decode("utf-8", "replace"), "rundown.json"), GRID)


def command(data: bytes) -> None:
    """Any JSON as a command: one, or a refusal that can be shown."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    with suppress(RefusedError):
        parse_command(value)


def ledger(data: bytes) -> None:
    """A ledger as it may lie on a disk."""
    with suppress(MalformedError):
        _, entries, size = read_ledger(data, "ledger.jsonl")
        assert size <= len(data)
        assert [entry.n for entry in entries] == list(range(1, len(entries) + 1))


def token(data: bytes) -> None:
    """No bytes that were not signed open a protected channel."""
    assert time_left("a secret of the shop", "live", data.decode("latin-1"), 0.0) is None


def _feeds() -> Iterator[bytes]:
    for number, text in enumerate((JSON, XML, TSV, CSV)):
        yield bytes([number]) + text.encode()
    yield (
        b"\4" + b"Handle,Title,Variant SKU,Variant Price,Image Src,URL,Currency\nw,Wave,W-1,89.00,h.jpg,https://x,EUR\n"
    )


def _ledgers() -> Iterator[bytes]:
    header = Header("20261129-170000-abcdef", "live", Fraction(30), 1_795_971_603_120_000_000)
    shown = Entry(1, 0, "show", ("A",), 1, received=1, source="api")
    lines = [header.encode(), shown.encode(), replace(shown, n=2, action="hide", products=()).encode()]
    yield "\n".join([*lines, ""]).encode()


RUNDOWN = b'{"items": [{"products": ["A", "B"], "at": "00:00:12.500", "until": 20}, "C"]}'


def _commands() -> Iterator[bytes]:
    yield b'{"action": "show", "products": ["WM-4411"], "slot": 1, "at": {"as_seen": "2026-11-29T17:00:03.120Z"}}'
    yield b'{"action": "undo", "entry": 41}'
    yield b'{"action": "hide", "slot": 2, "at": {"programme": 12.5}}'


TARGETS = (
    Target("catalogue", catalogue, _feeds, 2048),
    Target("rundown", rundown, lambda: [RUNDOWN], 1024),
    Target("command", command, _commands, 1024),
    Target("ledger", ledger, _ledgers, 2048),
    Target("signed_token", token, lambda: [b"~1796072400." + b"0" * 64], 128),
)
