"""The HTTP listener: playlists and media straight from the socket, everything else by aiohttp.

A viewer asks six times a second, so what `/hls/` costs decides how many viewers one core carries. Such a request is
read and answered here, without a task, a router or a response object of its own. The first request of a connection
that is for anything else takes the whole connection to aiohttp, which serves `/hls/` too, only slower.
"""

import asyncio
import contextlib
import logging
import resource
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from vitrine.origin import hls
from vitrine.origin.files import FileSender
from vitrine.origin.hls import Hls
from vitrine.origin.lent import DELIVERY_TIME, Lent
from vitrine.origin.reply import FilePiece, Reply
from vitrine.origin.request import MAX_HEAD, Request, RequestError, RequestReader
from vitrine.origin.shelf import Sheet, Shelf, after, send_file
from vitrine.origin.stream import AT_ONCE

log = logging.getLogger("vitrine.listener")

HEAD_TIME = 10.0
"""Seconds in which a request's head has to be there, from its first byte; browsers send it at once."""

IDLE_TIME = 75.0
"""Seconds that a connection is kept between two requests: nginx's own keepalive_timeout."""

BACKLOG = 4096
"""Connections that may wait to be accepted: a show that begins brings thousands within a second."""

SWEEP = 0.5
"""Seconds between two looks for connections whose time is over."""

LAST_DELIVERY = 2.0
"""Seconds for which answers under way are waited for when the server stops."""

SMALL = 16 * 1024
"""Bytes of a body that are cheaper copied behind its head than sent beside it."""

RESERVED_FILES = 1000
"""Descriptors that viewers leave to publishers, transcoders and segments; half of all where there are fewer than twice
as many."""


class Connection(asyncio.Protocol):
    """One client. It has one request under way at a time; what it sends before the answer is taken waits, bounded."""

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener
        self._reader = RequestReader()
        self._wire: asyncio.Transport
        self._socket: int | None = None  # where bytes may go past the transport
        self._call_off: Callable[[], None] | None = None
        self._request: Request | None = None
        self._sending = False
        self._full = False
        self._closing = False
        self._file: FileSender | None = None
        self.deadline = listener.now() + HEAD_TIME

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        descriptor = transport.get_extra_info("socket").fileno()
        if transport.get_extra_info("sslcontext") is None:
            self._socket = descriptor
        self._listener.connections.add(self)
        if descriptor >= self._listener.most_files:  # the system gives the lowest that is free
            self._listener.refused += 1
            self.end()

    def connection_lost(self, _error: Exception | None) -> None:
        self._closing = True
        self._listener.leave(self)
        self._stop_waiting()
        if self._file is not None:
            self._file.close()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._request is None and not self._sending and self._file is None:  # as in _busy, which would cost a call
            has_turn = self._listener.has_turn(self)
            if has_turn and not self._reader.waiting:
                sheet = self._listener.shelf.find(data)  # most often it is one request, and another's, too
                if sheet is not None:
                    self.deadline = self._listener.now() + IDLE_TIME
                    self._send_body(sheet)
                    return
            self._reader.receive_data(data)
            if has_turn:
                self._serve()
            return
        self._reader.receive_data(data)
        if self._reader.waiting > MAX_HEAD and not self._full:
            self._full = True
            self._wire.pause_reading()

    @property
    def _busy(self) -> bool:
        """The next request has to wait: for the answer of the last one, or for the client to take it."""
        return self._request is not None or self._sending or self._file is not None

    def pause_writing(self) -> None:
        self._sending = True
        if self._file is None:  # a file's deadline is for all of it
            self.deadline = self._listener.now() + DELIVERY_TIME

    def resume_writing(self) -> None:
        self._sending = False
        if self._closing:
            return
        if self._file is not None:
            self._file.go_on()
        else:
            self.deadline = self._listener.now() + IDLE_TIME
            self._serve()

    def take_turn(self) -> None:
        """What had to wait for its turn may go on."""
        if not self._busy and not self._closing:
            self._guarded(self._serve)

    def _guarded(self, step: Callable[[], None]) -> None:
        """A mistake of ours ends this connection, and none of those that are looked after with it."""
        try:
            step()
        except Exception:
            log.exception("A viewer's connection is dropped: the server made a mistake")
            self.end()

    def _serve(self) -> None:
        reader = self._reader
        while reader.waiting and not self._busy and not self._closing:
            ours = reader.ours
            if ours is False and self._reader.has_head:
                self._hand_over()
                return
            try:
                request = reader.next_request() if ours else None
            except RequestError as error:
                self._refuse(error)
                return
            if request is None:
                if self.deadline > (end := self._listener.now() + HEAD_TIME):
                    self.deadline = end
                break
            self._answer(request)
            if reader.waiting and not self._busy and not self._listener.has_turn(self):
                break
        if self._full and reader.waiting <= MAX_HEAD:
            self._full = False
            self._wire.resume_reading()

    def _answer(self, request: Request) -> None:
        answer = self._listener.shelf.answer(request)
        if isinstance(answer, Sheet):
            self._request = None
            self._send(request, answer)
        else:
            if self._request is None:
                self._request = request
                self.deadline = self._listener.now() + hls.LONGEST_WAIT
            self._call_off = answer.wait(self._ask_again)

    def _ask_again(self) -> None:
        """What was waited for is there."""
        self._call_off = None
        if self._request is not None:
            self._guarded(self._go_on)

    def _go_on(self) -> None:
        assert self._request is not None
        self._answer(self._request)
        self._serve()

    def _stop_waiting(self) -> Request | None:
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        request, self._request = self._request, None
        return request

    def _send(self, request: Request, sheet: Sheet) -> None:
        self.deadline = self._listener.now() + IDLE_TIME
        if request.method == "HEAD" or not sheet.reply.size:
            self._wire.write(sheet.head)
        elif isinstance(sheet.reply.body, FilePiece):
            self._send_file(request, sheet.head, sheet.reply.body)
            return
        else:
            self._send_body(sheet)
        if not request.keep_alive:
            self._close()

    def _send_body(self, sheet: Sheet) -> None:
        """Head and body of what is in memory."""
        if sheet.size <= SMALL:
            self._wire.write(b"".join(sheet.pieces))
        elif (sent := self._send_directly(sheet)) < sheet.size:
            self._wire.writelines(after(sent, sheet.pieces))

    def _send_directly(self, sheet: Sheet) -> int:
        """What many ask for goes from a file, where there is no TLS and nothing waits to be sent first."""
        if self._socket is None or self._wire.get_write_buffer_size() or self._wire.is_closing():
            return 0
        file = self._listener.shelf.file_of(sheet)
        return 0 if file is None else send_file(self._socket, file, sheet.size)

    def _reply(self, request: Request, reply: Reply) -> None:
        self._send(request, self._listener.shelf.sheet(request, reply))

    def _send_file(self, request: Request, head: bytes, piece: FilePiece) -> None:
        """Read as the client takes it, by other threads: a disk may be slow."""

        def done(error: OSError | None, sent: int) -> None:
            self._file = None
            if self._closing:
                return
            if not self._sending:
                self.deadline = self._listener.now() + IDLE_TIME
            if error is not None and not sent:
                self._reply(request, hls.gone())
            elif error is not None:
                self._wire.abort()  # half of an answer cannot be taken back
            elif not request.keep_alive:
                self._close()
            self._serve()

        self.deadline = self._listener.now() + DELIVERY_TIME
        readers = self._listener.hls.readers
        self._file = FileSender(piece, readers, head, self._wire, full=lambda: self._sending, done=done)
        self._file.go_on()

    def _refuse(self, error: RequestError) -> None:
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
        refusal = Reply(error.status, headers, (f"{error}\n".encode(),))
        self._reply(Request("GET", "", {}, keep_alive=False), refusal)

    def _close(self) -> None:
        self._closing = True
        self._wire.close()

    def _hand_over(self) -> None:
        """From here on the connection is aiohttp's."""
        wire, rest = self._wire, self._reader.take_rest()
        self._closing = True
        self._listener.leave(self)
        self._listener.lent.add(wire, self._listener.now())
        handler = self._listener.others()
        wire.set_protocol(handler)
        handler.connection_made(wire)
        handler.data_received(rest)

    def time_over(self) -> None:
        """The deadline has passed."""
        self._guarded(self._end_in_words)

    def _end_in_words(self) -> None:
        request = self._stop_waiting()
        if request is not None:
            self._reply(request, hls.too_late())
            self._serve()
        elif self._sending or self._closing or self._file is not None:
            self._wire.abort()
        elif self._reader.waiting:
            self._refuse(RequestError(408, "The request did not come in time"))
        else:
            self._close()
        if self._closing:
            self.deadline = self._listener.now() + HEAD_TIME  # to take the last answer

    def finish(self) -> None:
        """The server stops: say so to who waits, and let who is being sent something have it."""
        request = self._stop_waiting()
        if request is not None:
            self._reply(replace(request, keep_alive=False), hls.too_late())
        elif self._file is None and not self._closing:
            self._close()

    def end(self) -> None:
        """The server stops, and does not wait for this one."""
        self._stop_waiting()
        self._closing = True
        self._wire.abort()


def _most_files() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(limit - RESERVED_FILES, limit // 2)


class Listener:
    """All connections of the origin. `others` makes a protocol for those that ask for more than playlists and media.

    `refused` counts connections that were let go because there were too many.
    """

    def __init__(self, answers: Hls, others: Callable[[], asyncio.Protocol]) -> None:
        self.hls = answers
        self.others = others
        self.most_files = _most_files()
        self.refused = 0
        self.connections: set[Connection] = set()
        self.lent = Lent()
        self._empty = asyncio.Event()  # once since the last look
        loop = asyncio.get_running_loop()
        self.now = loop.time
        self.shelf = Shelf(answers, loop.time)
        self._soon = loop.call_soon
        self._servers: list[asyncio.Server] = []
        self._turns = 0
        self._queue: deque[Connection] = deque()
        self._sweep = loop.call_later(SWEEP, self._look)

    def leave(self, connection: Connection) -> None:
        """It is closed, or somebody else's."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def bind(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Take a port, for HTTPS with a context; until `serve` connections are refused. Once for each address.

        Raises OSError.
        """
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=HEAD_TIME if tls else None,
            backlog=BACKLOG,
            start_serving=False,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def serve(self) -> None:
        """Listen on what was bound. Raises OSError."""
        for server in self._servers:
            await server.start_serving()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Both at once."""
        port = await self.bind(host, port, tls)
        await self.serve()
        return port

    def has_turn(self, connection: Connection) -> bool:
        """Whether a connection that has sent something may be served now.

        A crowd that asks at once is served AT_ONCE at a time, and the loop looks after everything else in between:
        what the encoder sends is not to wait for thousands of viewers.
        """
        if self._turns == 0:
            self._soon(self._next_turns)
        self._turns += 1
        if self._turns <= AT_ONCE:
            return True
        self._queue.append(connection)
        return False

    def _next_turns(self) -> None:
        self._turns = min(AT_ONCE, len(self._queue))
        for _ in range(self._turns):
            self._queue.popleft().take_turn()
        if self._turns:
            self._soon(self._next_turns)

    def _look(self) -> None:
        now = self.now()
        self.shelf.look(now)
        for connection in [each for each in self.connections if each.deadline <= now]:
            connection.time_over()
        self.lent.look(now)
        self._sweep = asyncio.get_running_loop().call_later(SWEEP, self._look)

    async def close(self) -> None:
        """Accept nobody any more, and let everybody go who has been answered."""
        self._sweep.cancel()
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.finish()
        self._empty.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_DELIVERY if self.connections else 0):
                await self._empty.wait()
        for connection in tuple(self.connections):
            connection.end()
        self.shelf.clear()
        await asyncio.sleep(0)  # for the sockets to be closed
