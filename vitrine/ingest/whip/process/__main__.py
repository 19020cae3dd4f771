"""`python -m vitrine.ingest.whip.process`: commands and events on standard input, which is a socket."""

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Coroutine
from typing import Any

from vitrine.confinement.confine import confine_receiver
from vitrine.ingest.whip.ipc import (
    BEAT,
    AddCandidates,
    Alive,
    Answered,
    Begin,
    Close,
    Message,
    MessageReader,
    OfferRefused,
    Open,
    WantKeyframe,
    encode,
)
from vitrine.ingest.whip.process.agreement import prepare
from vitrine.ingest.whip.process.peer import ConnectedPeer
from vitrine.ingest.whip.process.ports import PortLoop
from vitrine.ingest.whip.reception import VIDEO_ID
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError
from vitrine.media.memory import give_back

log = logging.getLogger("vitrine.whip.process")

MOST_BUFFERED = 16 << 20
"""Bytes on their way to the server before pictures are dropped: it is busy for seconds."""

READ_SIZE = 1 << 16

TIDYING = 1.0
"""Seconds from the end of a peer until what it leaves is let go, with what others leave in that time. A peer is a
hundred kilobytes in circles of few objects, and Python, which counts objects, would wait for hundreds of peers."""


class MediaProcess:
    """All peers of one media process, and the socket to the server."""

    def __init__(self, writer: asyncio.StreamWriter, settings: PeerSettings) -> None:
        self._writer = writer
        self._settings = settings
        self._peers: dict[int, ConnectedPeer] = {}
        self._skipping: set[int] = set()
        self._tidying = False

    def handle(self, number: int, message: Message, tasks: asyncio.TaskGroup) -> None:
        peer = self._peers.get(number)
        match message:
            case Open(offer):
                peer = self._peers[number] = ConnectedPeer(self._settings, lambda event: self._send(number, event))
                tasks.create_task(self._run(number, peer, offer))
            case AddCandidates(lines) if peer is not None:
                tasks.create_task(_guarded(peer.add_candidates(lines)))
            case WantKeyframe() if peer is not None:
                peer.want_keyframe()
            case Close(reason) if peer is not None:
                peer.end(reason)

    async def _run(self, number: int, peer: ConnectedPeer, offer: str) -> None:
        try:
            try:
                await peer.open(offer)
                self._send(number, Answered(peer.answer))
            except RefusedError as error:
                self._send(number, OfferRefused(str(error)))
                peer.end(str(error))
            await _guarded(peer.run())
        finally:
            self._peers.pop(number, None)
            self._skipping.discard(number)
            if not self._tidying:
                self._tidying = True
                asyncio.get_running_loop().call_later(TIDYING, self._tidy)

    def _tidy(self) -> None:
        self._tidying = False
        gc.collect()
        give_back()

    def _send(self, number: int, message: Message) -> None:
        if isinstance(message, AccessUnit) and not self._admits(number, message):
            return
        self._writer.write(encode(number, message))

    def _admits(self, number: int, unit: AccessUnit) -> bool:
        full = self._writer.transport.get_write_buffer_size() > MOST_BUFFERED
        if unit.track_id != VIDEO_ID:
            return not full
        if full or (number in self._skipping and not unit.keyframe):
            self._skipping.add(number)
            self._peers[number].want_keyframe()
            return False
        self._skipping.discard(number)
        return True


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """A bug that one peer meets ends no other."""
    try:
        await work
    except Exception:
        log.exception("a peer met a bug")


async def _beat(writer: asyncio.StreamWriter) -> None:
    """Tell the server that this process does not stand still."""
    while True:
        writer.write(encode(0, Alive()))
        await asyncio.sleep(BEAT)


async def serve() -> None:
    """Until the server is gone."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=0))
    messages = MessageReader()
    process: MediaProcess | None = None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_beat(writer))
        while data := await reader.read(READ_SIZE):
            messages.receive_data(data)
            for number, message in messages.events_received():
                if isinstance(message, Begin):
                    ports = message.settings.ports
                    PortLoop.ports = range(0) if ports is None else range(ports[0], ports[1] + 1)
                    process = MediaProcess(writer, message.settings)
                elif process is not None:
                    process.handle(number, message, tasks)
        os._exit(0)  # nobody wants the rest


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    prepare()
    confine_receiver()
    gc.freeze()  # what the program is made of need not be looked at again
    with asyncio.Runner(loop_factory=PortLoop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
