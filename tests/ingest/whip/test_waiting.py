import socket
import time
from collections.abc import Iterator

import pytest

from vitrine.ingest.whip.process.waiting import waited


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(type=socket.SOCK_DGRAM) as sender, socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        sender.connect(receiver.getsockname())
        yield sender, receiver


def test_what_was_read_late_arrived_before(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    assert waited(receiver.fileno()) == 0.0  # from here on the kernel keeps the time
    sent = time.time()
    sender.send(b"late")
    time.sleep(0.1)
    receiver.recv(9)
    before = time.time() - sent
    assert 0.1 <= waited(receiver.fileno()) <= before + 0.05


def test_what_has_no_stamp_came_just_now(pair: tuple[socket.socket, socket.socket]) -> None:
    assert waited(pair[1].fileno()) == 0.0
