import socket
import time
from collections.abc import Iterator

import pytest

from vitrine.ingest.whip.process.waiting import waited

TRIES = 30
"""Datagrams until one is stamped when it arrives: once asked for, the kernel begins with that a little later."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(type=socket.SOCK_DGRAM) as sender, socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        sender.connect(receiver.getsockname())
        yield sender, receiver


def test_what_was_read_late_arrived_before(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    assert waited(receiver.fileno()) == 0.0
    for _ in range(TRIES):
        sent = time.time()
        sender.send(b"late")
        time.sleep(0.1)
        receiver.recv(9)
        passed = time.time() - sent
        if (lay := waited(receiver.fileno())) >= 0.1:
            break
    assert 0.1 <= lay <= passed + 0.05


def test_what_has_no_stamp_came_just_now(pair: tuple[socket.socket, socket.socket]) -> None:
    assert waited(pair[1].fileno()) == 0.0
