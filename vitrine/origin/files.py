"""Media from disk: read by other threads, a piece at a time, no faster than the client takes them."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vitrine.origin.reply import FilePiece

CHUNK = 256 * 1024
"""Bytes read at once, and held for one client."""


THREADS = 8
"""Reads for viewers that a disk may keep waiting at once; the others queue. Nothing else waits behind them."""


def read_piece(piece: FilePiece) -> bytes:
    """All of it. It blocks. Raises OSError, also where the file is shorter than was said."""
    with open(piece.path, "rb") as file:
        data = os.pread(file.fileno(), piece.size, piece.start)
    if len(data) < piece.size:
        raise OSError(f"{piece.path} is too short")
    return data


class Readers:
    """The threads that read for viewers, and for nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "viewers")

    def read(self, piece: FilePiece) -> "asyncio.Future[bytes]":
        """All of it; OSError where it cannot be read."""
        return asyncio.get_running_loop().run_in_executor(self._threads, read_piece, piece)

    def close(self) -> None:
        """Nobody waits for what has not been read by now."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class FileSender:
    """Sends one piece of a file to one client."""

    def __init__(
        self,
        piece: FilePiece,
        readers: Readers,
        head: bytes,
        wire: asyncio.Transport,
        *,
        full: Callable[[], bool],
        done: Callable[[OSError | None, int], None],
    ) -> None:
        """`full`: whether the client has to take what was sent first. `done`: the error, if any, and the bytes sent.

        Nothing is sent, not even `head`, before the file could be read.
        """
        self._piece = piece
        self._readers = readers
        self._head = head
        self._wire = wire
        self._full = full
        self._done = done
        self._sent = 0
        self._reading: asyncio.Future[bytes] | None = None
        self._closed = False

    def go_on(self) -> None:
        """Read the next chunk, unless one is being read."""
        if self._reading is None and not self._closed:
            piece = self._piece
            size = min(CHUNK, piece.size - self._sent)
            self._reading = self._readers.read(FilePiece(piece.path, piece.start + self._sent, size))
            self._reading.add_done_callback(self._read)

    def close(self) -> None:
        """The client has gone."""
        self._closed = True

    def _read(self, reading: "asyncio.Future[bytes]") -> None:
        self._reading = None
        error = None if reading.cancelled() else reading.exception()
        if self._closed or reading.cancelled():
            return
        if error is not None:
            self._finish(error if isinstance(error, OSError) else OSError(str(error)))
            return
        self._wire.writelines((self._head, reading.result()) if not self._sent else (reading.result(),))
        self._sent += len(reading.result())
        if self._sent == self._piece.size:
            self._finish(None)
        elif not self._full():
            self.go_on()

    def _finish(self, error: OSError | None) -> None:
        self._closed = True
        self._done(error, self._sent)
