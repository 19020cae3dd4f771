"""A ledger on disk: a header, then one entry a line, each synced before its command is answered.

What a crash leaves is the whole lines and at most one torn one at the end, whose command nobody was answered.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vitrine.media.errors import MalformedError
from vitrine.overlay.ledger import Entry, read_members

VERSION = 1
FILE_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Header:
    """What the entries' frames are counted on: `rate` frames a second from `start`, the utc_ns of programme time 0."""

    broadcast: str
    channel: str
    rate: Fraction
    start: int

    def encode(self) -> str:
        """One line of JSON, without the line end."""
        rate = f"{self.rate.numerator}/{self.rate.denominator}"
        members = {
            "v": VERSION,
            "broadcast": self.broadcast,
            "channel": self.channel,
            "rate": rate,
            "start": self.start,
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, line: str | bytes) -> "Header":
        """Raises MalformedError."""
        members = read_members(line, "The header")
        version, start = members.get("v"), members.get("start")
        if version != VERSION:
            raise MalformedError(f"The header says version {version!r}; this program reads version {VERSION}")
        names = [members.get(name) for name in ("broadcast", "channel", "rate")]
        broadcast, channel, rate = (name if isinstance(name, str) else "" for name in names)
        if not broadcast or not channel or type(start) is not int:
            raise MalformedError("The header lacks the broadcast, the channel, or the start in nanoseconds")
        return cls(broadcast, channel, _rate(rate), start)


def _rate(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    if not (numerator.isdecimal() and denominator.isdecimal() and len(text) < 32 and int(denominator)):
        raise MalformedError(f"The header's rate is {text[:40]!r}, not one such as 30000/1001")
    rate = Fraction(int(numerator), int(denominator))
    if not rate:
        raise MalformedError("The header's rate is 0")
    return rate


class LedgerFile:
    """Open for appending. One writer at a time: the process that owns the broadcast."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        """`size` is how many bytes of the file are whole lines."""
        self.path = path
        self._descriptor = descriptor
        self._size = size
        self._torn = False

    @classmethod
    def create(cls, path: Path, header: Header) -> "LedgerFile":
        """A new file that a crash does not take back. Raises OSError, FileExistsError where there is one already."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        file = cls(path, descriptor, 0)
        try:
            file._write(header.encode())
            sync_folder(path.parent)
        except OSError:
            file.close()
            path.unlink()
            raise
        return file

    @classmethod
    def open(cls, path: Path) -> tuple["LedgerFile", Header, list[Entry]]:
        """Read what is there and go on behind it; a torn last line is cut off. Raises MalformedError, OSError."""
        header, entries, size = read_ledger(path.read_bytes(), str(path))
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        file = cls(path, descriptor, size)
        try:
            if os.fstat(descriptor).st_size != size:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
        except OSError:
            file.close()
            raise
        return file, header, entries

    def append(self, entry: Entry) -> None:
        """Write one entry; when this returns, no crash takes it back. Where it raises OSError, nothing was added."""
        self._write(entry.encode())

    def close(self) -> None:
        """Closing twice is closing once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, line: str) -> None:
        if self._torn:
            os.ftruncate(self._descriptor, self._size)
        data = line.encode() + b"\n"
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], self._size + written)
            os.fsync(self._descriptor)
        except OSError:
            # a disk that cannot even cut is asked again before the next entry; until then the line is torn or unsaid
            self._torn = True
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
                self._torn = False
                os.fsync(self._descriptor)
            raise
        self._size += len(data)


def sync_folder(folder: Path) -> None:
    """Make a new file's name last. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_ledger(data: bytes, name: str) -> tuple[Header, list[Entry], int]:
    """Header, entries, and how many bytes are whole lines. `name` stands in errors. Raises MalformedError.

    A line that is not ended is torn, and so is a last one that holds zeros: file systems that lose power may have
    made a file longer before its bytes were there. Both were never answered. Anything else that is wrong is damage,
    and dropping it could take back what viewers have been shown.
    """
    lines = list(_whole_lines(data))
    if not lines:
        raise MalformedError(f"{name} has no whole line: no command was recorded in it; remove it")
    size = 0
    entries: list[Entry] = []
    for number, line in enumerate(lines, 1):
        try:
            if number == 1:
                header = Header.decode(line)
            else:
                entries.append(_next_entry(line, len(entries) + 1))
        except MalformedError as error:
            raise MalformedError(
                f"{name}, line {number}: {error}. The file is damaged; restore it, or move it away"
            ) from error
        size += len(line) + 1
    return header, entries, size


def _next_entry(line: bytes, n: int) -> Entry:
    entry = Entry.decode(line)
    if entry.n != n:
        raise MalformedError(f"Entry {n} is expected, and it is entry {entry.n}")
    return entry


def _whole_lines(data: bytes) -> Iterator[bytes]:
    lines = data.split(b"\n")
    del lines[-1]  # empty, or torn
    if lines and b"\x00" in lines[-1]:
        del lines[-1]
    yield from lines
