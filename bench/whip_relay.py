"""A network that loses UDP datagrams, seeded, both ways: between a WebRTC publisher and the server."""

import asyncio
import random
import socket
from collections import deque
from typing import cast

Address = tuple[str, int]


class _Side(asyncio.DatagramProtocol):
    """One socket; `other` is the one on which things go on."""

    def __init__(self, relay: "LossyRelay") -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.other: _Side | None = None
        self.peer: Address | None = None
        self._relay = relay
        self._queue: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def datagram_received(self, data: bytes, address: Address) -> None:
        if self is self._relay.outer:
            self.peer = address
        if self.other is not None and self._relay.lets_through(data):
            self._queue.append(data)
            asyncio.get_running_loop().call_later(self._relay.delay, self._pass_on)

    def _pass_on(self) -> None:
        """The oldest: timers that are due together fire in any order, and a network keeps it."""
        if self.other is not None:
            self.other.send(self._queue.popleft())

    def send(self, data: bytes) -> None:
        if self.transport is not None and self.peer is not None and not self.transport.is_closing():
            self.transport.sendto(data, self.peer)


class LossyRelay:
    """`loss` is a share of the datagrams, `delay` seconds one way. Checks of ICE and DTLS pass, so that it connects."""

    def __init__(self, loss: float, delay: float, seed: int = 1) -> None:
        self.loss = loss
        self.delay = delay
        self.passed = self.lost = 0
        self.outer, self._inner = _Side(self), _Side(self)
        self.outer.other, self._inner.other = self._inner, self.outer
        self._random = random.Random(seed)

    def lets_through(self, data: bytes) -> bool:
        media = bool(data) and 128 <= data[0] < 192
        lost = media and self._random.random() < self.loss
        self.lost += lost
        self.passed += media and not lost
        return not lost

    async def start(self, server: Address) -> int:
        """Relay to a server; returns the port on 127.0.0.1 for the publisher."""
        loop = asyncio.get_running_loop()
        for side in (self.outer, self._inner):
            await loop.create_datagram_endpoint(lambda side=side: side, local_addr=("127.0.0.1", 0))  # type: ignore[misc]
        self._inner.peer = server
        assert self.outer.transport is not None
        return int(self.outer.transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        for side in (self.outer, self._inner):
            if side.transport is not None:
                side.transport.close()


def loopback_port(answer: str) -> int:
    """The port of the answer's candidate on 127.0.0.1."""
    line = next(each for each in answer.splitlines() if each.startswith("a=candidate:") and " 127.0.0.1 " in each)
    return int(line.split()[5])


def with_only_candidate(answer: str, port: int) -> str:
    """The answer with one candidate in each section: 127.0.0.1 and this port."""
    lines, done = [], False
    for line in answer.splitlines():
        if line.startswith("m="):
            done = False
        if line.startswith("a=candidate:"):
            if not done:
                lines.append(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host")
            done = True
        else:
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def without_candidates(offer: str) -> str:
    return "\r\n".join(line for line in offer.splitlines() if not line.startswith("a=candidate:")) + "\r\n"
