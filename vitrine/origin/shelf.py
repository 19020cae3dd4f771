"""Answers that many ask for at once, where the kernel can send them from: nothing is copied for each who asks."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import ClassVar

OFTEN = 8
"""Times that a body is sent before it gets a file, which costs as much as two or three of them."""

PLACES = 64
"""Files that there may be: enough for the newest parts of all renditions of some shows."""


class Sheet:
    """One body: how often it was sent, and in the end a file with the whole answer, in memory and without a name."""

    filled: ClassVar[int] = 0
    """How many have a file."""

    def __init__(self) -> None:
        self._sent = 0
        self._file: int | None = None
        self._head = b""

    def file_of(self, head: bytes, body: Iterable[bytes]) -> int | None:
        """A descriptor of the file, for an answer that is about to be sent; None before the body is sent OFTEN.

        A head is the same for a second, as its date is. What is still sent from the file of the last one stays until
        it is sent.
        """
        if self._file is not None and head == self._head:
            return self._file
        self._sent += 1
        if self._sent >= OFTEN:
            with contextlib.suppress(OSError):
                self._fill(head, body)
        return self._file

    def _fill(self, head: bytes, body: Iterable[bytes]) -> None:
        self._drop()
        if Sheet.filled == PLACES:
            return
        descriptor = os.memfd_create("media")
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(head)
                file.writelines(body)
        except OSError:
            os.close(descriptor)
            raise
        self._file, self._head = descriptor, head
        Sheet.filled += 1

    def _drop(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
            Sheet.filled -= 1

    def __del__(self) -> None:
        self._drop()


def send_file(wire: int, file: int, size: int) -> int:
    """Send the first `size` bytes of a file to a socket; gives how many went. What did not is the caller's to send, who
    then learns of what is wrong with the connection, too.
    """
    try:
        return os.sendfile(wire, file, 0, size)
    except OSError:  # BlockingIOError: the client has to take what it was sent before
        return 0


def after(sent: int, pieces: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """What is left of pieces of which so many bytes were sent."""
    for piece in pieces:
        if sent < len(piece):
            yield memoryview(piece)[sent:] if sent else piece
        sent = max(0, sent - len(piece))
