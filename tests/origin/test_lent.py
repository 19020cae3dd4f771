import asyncio
from typing import cast

import pytest

from vitrine.origin.lent import DELIVERY_TIME, Lent


class Wire:
    """A transport with so many bytes that are not taken."""

    def __init__(self) -> None:
        self.waiting = 0
        self.closing = self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = self.aborted = True


def lent(wire: Wire) -> Lent:
    lent = Lent()
    lent.add(cast(asyncio.Transport, wire), 0.0)
    return lent


def test_who_reads_now_and_then_stays() -> None:
    wire = Wire()
    ours = lent(wire)
    for minute in range(10):
        wire.waiting = 1000
        ours.look(minute * DELIVERY_TIME)
        wire.waiting = 0
        ours.look(minute * DELIVERY_TIME + DELIVERY_TIME - 1)
    assert not wire.aborted
    assert len(ours.wires) == 1


@pytest.mark.parametrize("closing", [False, True])
def test_who_does_not_is_let_go(closing: bool) -> None:
    """Also where aiohttp has closed it, which waits until all that was sent is taken."""
    wire = Wire()
    wire.waiting, wire.closing = 1, closing
    ours = lent(wire)
    ours.look(DELIVERY_TIME - 1)
    assert not wire.aborted
    ours.look(DELIVERY_TIME)
    assert wire.aborted
    assert not ours.wires


def test_who_is_closed_is_forgotten() -> None:
    wire = Wire()
    wire.closing = True
    ours = lent(wire)
    ours.look(1.0)
    assert not wire.aborted
    assert not ours.wires
