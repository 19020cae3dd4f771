"""The server's side of WebRTC: one media process for all peers, started, watched, and started again."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import vitrine
from vitrine.ingest.whip.errors import PeersUnavailableError, PoolFullError
from vitrine.ingest.whip.events import PeerEnded, PeerEvent
from vitrine.ingest.whip.ipc import (
    AddCandidates,
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
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.errors import MalformedError, RefusedError

log = logging.getLogger("vitrine.whip")

ANSWER_SECONDS = 8.0
"""For an answer: gathering candidates asks STUN servers, which are given up after 5 s."""

START_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the process is started again, the last one for ever; again from the second on after LONG_LIFE."""

LONG_LIFE = 60.0
GRACE_SECONDS = 3.0
"""A process that is told to end has this long before it is killed."""

HUNG_SECONDS = 5.0
"""Without a sign of life, twice in a row (a machine that was suspended wakes up after the first): the process is
replaced. It tells of itself every second."""

START_SECONDS = 30.0
"""The same until it has said something for the first time: it has much to read from a disk that may be slow."""

STDERR_BYTES = 4096
READ_SIZE = 1 << 18
LOST = "The media process of WHIP ended; it is being started again."


def process_environment() -> dict[str, str]:
    """Only what the interpreter needs: nothing secret of the server's environment reaches the media process."""
    return {"PYTHONPATH": str(Path(vitrine.__file__).parent.parent), "LANG": "C.UTF-8"}


class Peer:
    """One publisher's connection. `answer` is the SDP answer, with all candidates."""

    def __init__(
        self, number: int, send: Callable[[int, Message], None], on_event: Callable[[PeerEvent], None]
    ) -> None:
        self.answer = ""
        self._number = number
        self._send = send
        self._on_event = on_event
        self._answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._closing = False

    async def add_candidates(self, candidates: Sequence[str]) -> None:
        """The publisher's further candidates, as `candidate:` lines; none of them is the last word."""
        if candidates:
            self._send(self._number, AddCandidates(tuple(candidates)))

    def request_keyframe(self) -> None:
        """The transcoder has to begin anew; asked for at a bounded rate."""
        self._send(self._number, WantKeyframe())

    def close(self, reason: str = "The session was closed.") -> None:
        """End it; PeerEnded follows, once."""
        self._send(self._number, Close(reason))

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        self._on_event = _ignore
        self.close("The offer was given up.")

    def receive(self, message: Message) -> None:
        """What the media process says of this peer."""
        match message:
            case Answered(answer):
                self.answer = answer
                if not self._answered.done():
                    self._answered.set_result(answer)
            case OfferRefused(reason):
                if not self._answered.done():
                    self._answered.set_exception(RefusedError(reason))
            case _ if self.answer:
                self._on_event(message)  # type: ignore[arg-type]

    def lose(self) -> None:
        """The media process is gone."""
        if not self._answered.done():
            self._answered.set_exception(PeersUnavailableError(LOST))
        elif self.answer:
            self._on_event(PeerEnded(LOST))

    async def wait(self) -> None:
        """For the answer. Raises RefusedError or PeersUnavailableError."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._answered
        except TimeoutError:
            raise PeersUnavailableError("The media process of WHIP is too busy to answer; try again.") from None


def _ignore(event: PeerEvent) -> None:
    """Of a peer that was never handed out."""


class PeerPool:
    """Make it with `start`, end it with `close`, always."""

    def __init__(self, settings: PeerSettings) -> None:
        self._settings = settings
        self._peers: dict[int, Peer] = {}
        self._count = 0
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._stderr = bytearray()
        self._started, self._tried = asyncio.Event(), asyncio.Event()

    @classmethod
    async def start(cls, settings: PeerSettings) -> "PeerPool":
        """A pool with its media process, or one that goes on trying where that cannot be started."""
        pool = cls(settings)
        pool._task = asyncio.get_running_loop().create_task(pool._keep_running(), name="media process of WHIP")
        try:
            await pool._tried.wait()
        except BaseException:
            await pool.close()
            raise
        return pool

    @property
    def pid(self) -> int | None:
        """Of the media process, None while there is none."""
        return None if self._process is None else self._process.pid

    async def ready(self) -> None:
        """Wait until there is a media process to talk to, after it was lost."""
        await self._started.wait()

    async def open(self, offer: str, on_event: Callable[[PeerEvent], None]) -> Peer:
        """A peer that answers an SDP offer, connecting. `on_event` gets PeerEnded last, once.

        Raises RefusedError for an offer that cannot be taken; PoolFullError or PeersUnavailableError: try again later.
        """
        if len(self._peers) >= self._settings.most_peers:
            raise PoolFullError("As many publishers as this server takes by WHIP are connected; try again later.")
        if self._writer is None:
            raise PeersUnavailableError(LOST)
        self._count += 1
        number = self._count
        peer = self._peers[number] = Peer(number, self._send, on_event)
        self._send(number, Open(offer))
        try:
            await peer.wait()
        except BaseException:
            peer.abandon()
            raise
        return peer

    async def close(self) -> None:
        """End every peer and the media process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _send(self, number: int, message: Message) -> None:
        if self._writer is not None and number in self._peers:
            self._writer.write(encode(number, message))

    async def _keep_running(self) -> None:
        tries = 0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(START_PAUSES[min(tries, len(START_PAUSES) - 1)])
            begun = loop.time()
            try:
                await self._run_process()
            except OSError as error:
                log.error("the media process of WHIP cannot be started: %s", error.strerror)
            except Exception:
                log.exception("the media process of WHIP met a bug")
            self._tried.set()
            tries = 1 if loop.time() - begun > LONG_LIFE else tries + 1

    async def _run_process(self) -> None:
        """One life of the media process. Its peers end with it."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "vitrine.ingest.whip.process",
                stdin=theirs.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=process_environment(),
                start_new_session=True,
            )
            theirs.close()
            self._process = process
            try:
                await self._talk(ours, process)
            finally:
                self._writer = None
                self._started.clear()
                await _end(process)
                self._process = None
                self._lose_peers()

    def _lose_peers(self) -> None:
        peers, self._peers = list(self._peers.values()), {}
        for peer in peers:
            try:
                peer.lose()
            except Exception:
                log.exception("a WHIP session met a bug")

    async def _talk(self, ours: socket.socket, process: asyncio.subprocess.Process) -> None:
        reader, writer = await asyncio.open_connection(sock=ours)
        self._stderr.clear()
        try:
            writer.write(encode(0, Begin(self._settings)))
            self._writer = writer
            self._started.set()
            self._tried.set()
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._keep_stderr(process))
                with contextlib.suppress(OSError):  # reset, where it died with something unread
                    await self._read(reader)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE_SECONDS):
                        await listening
                listening.cancel()
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(
                    GRACE_SECONDS
                ):  # one that does not read any more leaves something to be sent
                    await writer.wait_closed()
            writer.transport.abort()
        words = self._stderr.decode(errors="replace").strip().splitlines()[-5:]
        log.error("the media process of WHIP ended%s", ": " + " | ".join(words) if words else "")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        messages = MessageReader()
        patience = START_SECONDS
        while data := await _next(reader, patience):
            patience = HUNG_SECONDS
            messages.receive_data(data)
            try:
                received = messages.events_received()
            except MalformedError as error:
                log.error("the media process of WHIP makes no sense: %s", error)
                return
            for number, message in received:
                self._dispatch(number, message)

    def _dispatch(self, number: int, message: Message) -> None:
        peer = self._peers.get(number)
        if peer is None:
            return
        if isinstance(message, PeerEnded):
            del self._peers[number]
        try:
            peer.receive(message)
        except Exception:
            log.exception("a WHIP session met a bug")
            peer.close("The server made a mistake; its log says which.")

    async def _keep_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(STDERR_BYTES):
            self._stderr += data
            del self._stderr[:-STDERR_BYTES]


async def _next(reader: asyncio.StreamReader, patience: float) -> bytes:
    """What the process says next; nothing where it has ended, or does not move any more."""
    for _ in range(2):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                return await reader.read(READ_SIZE)
    log.error("the media process of WHIP does not move any more; it is replaced")
    return b""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Its standard input is closed by now, and it ends by itself; else it is killed."""
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.communicate()  # to the end of its standard error, or asyncio would keep the pipe
        await asyncio.sleep(0)
