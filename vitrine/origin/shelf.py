"""The answers of this second. What many ask for is looked up once, and the kernel sends it from a file in memory:
nothing is done, and nothing copied, for each who asks.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate

from vitrine.origin.hls import Blocked, Hls
from vitrine.origin.reply import FilePiece, Reply
from vitrine.origin.request import HEADS_KEPT, LONGEST_HEAD_KEPT, Request

OFTEN = 8
"""Times that a body is sent before it gets a file, which costs as much as two or three of them."""

PLACES = 64
"""Files that there may be: enough for the newest parts of all renditions of some shows."""

CLOSING = b"Connection: close\r\n\r\n"


class Sheet:
    """A reply as it is sent in this second: its head has the date."""

    __slots__ = ("file", "head", "pieces", "reply", "sent", "size")

    def __init__(self, head: bytes, reply: Reply) -> None:
        """`pieces` are the head and, if that is in memory, the body; `size` are the bytes of head and body."""
        self.head = head
        self.reply = reply
        self.pieces = (head,) if isinstance(reply.body, FilePiece) else (head, *reply.body)
        self.size = len(head) + reply.size
        self.sent = 0
        self.file: int | None = None


class Shelf:
    """Answers, from one second to the next. `now` is monotonic; `look` is to be called once in a while."""

    def __init__(self, answers: Hls, now: Callable[[], float]) -> None:
        self._answers = answers
        self._now = now
        self._asked: dict[bytes, Sheet] = {}
        self._sheets: dict[Reply, Sheet] = {}
        self._files: list[int] = []
        self._date, self._ends = b"", 0.0
        self.look(now())

    def find(self, head: bytes) -> Sheet | None:
        """What is sent to all who GET it in these words, without closing the connection."""
        now = self._now()
        if now >= self._ends:
            self.look(now)
        return self._asked.get(head)

    def answer(self, request: Request) -> Sheet | Blocked:
        """What never changes is looked up once a second for all who ask in the same words."""
        sheet = self.find(request.head)
        if sheet is not None:
            return sheet
        answer = self._answers.answer(request)
        return answer if isinstance(answer, Blocked) else self.sheet(request, answer)

    def sheet(self, request: Request, reply: Reply) -> Sheet:
        """A reply as it is sent to who asks so; one that lasts, and is not on disk, is the same for everybody."""
        head = reply.head + self._date + (b"\r\n" if request.keep_alive else CLOSING)
        if not (reply.lasts and request.keep_alive) or isinstance(reply.body, FilePiece):
            return Sheet(head, reply)
        sheet = self._sheets.setdefault(reply, Sheet(head, reply))
        if request.method == "GET" and len(self._asked) < HEADS_KEPT and 0 < len(request.head) <= LONGEST_HEAD_KEPT:
            self._asked[request.head] = sheet
        return sheet

    def look(self, now: float) -> None:
        """Where the second is over, begin the next with nothing, and a new date (RFC 9110 section 6.6.1)."""
        if now >= self._ends:
            self.clear()
            wall = time.time()
            self._date = f"Date: {formatdate(wall, usegmt=True)}\r\n".encode()
            self._ends = now + 1 - wall % 1

    def file_of(self, sheet: Sheet) -> int | None:
        """A descriptor of a file with head and body, for a sheet that is about to be sent; None before it was OFTEN.

        What is still sent from a file when it is closed goes on being sent.
        """
        if sheet.file is None:
            sheet.sent += 1
            if sheet.sent == OFTEN and len(self._files) < PLACES:
                with contextlib.suppress(OSError):
                    sheet.file = self._filled(sheet)
        return sheet.file

    def _filled(self, sheet: Sheet) -> int:
        descriptor = os.memfd_create("media")
        self._files.append(descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(sheet.pieces)
        return descriptor

    def clear(self) -> None:
        """Let go of everything. A sheet from before is not asked for a file again."""
        self._asked.clear()
        self._sheets.clear()
        while self._files:
            os.close(self._files.pop())


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
