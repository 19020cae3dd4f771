"""A broadcast on disk: segments, for viewers who go back and for the server's next start, and what is needed to go on.

One file a segment under the broadcast's folder, begun with its first part, whole when it has its name, and removed when
it cannot be asked for any more. One thread writes, so that a slow disk delays nothing; what waits for it is bounded.
Segments are not synced: a server that is killed loses nothing that was written, and nobody was promised more.
"""

import contextlib
import logging
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

from vitrine.packager.part import Part
from vitrine.packager.published import Published
from vitrine.packager.segment import Segment
from vitrine.packager.store import Stored
from vitrine.server.index import FILE_NAME, Index, write_index

log = logging.getLogger("vitrine.broadcast")

FOLDER = "segments"

RANGES_NAME = "ranges.jsonl"

UNFINISHED = ".part"
"""Behind the name of a segment that is not whole."""

MOST_WAITING = 32 << 20
"""Bytes that wait to be written: half a minute of an ordinary ladder."""

TOO_SLOW = "the disk is too slow"

OWED = "what the next start needs"
"""Initialisation sections and date ranges: without them there is nothing to go on from, so each is tried again."""


class SegmentFiles:
    """Implements `packager.store.SegmentStore` for one broadcast.

    `trouble` says in words why the past is not kept, None while it is.
    """

    def __init__(self, folder: Path, channel: str) -> None:
        """`folder` is the broadcast's; it need not be there."""
        self.trouble: str | None = None
        self._folder = folder / FOLDER
        self._channel = channel
        self._index: Index | None = None
        self._written: dict[tuple[str, str], Stored] = {}
        self._open: dict[str, _OpenFile] = {}
        self._failing: set[str] = set()
        self._owed: deque[Callable[[], None]] = deque()
        self._ranges_size: int | None = None  # bytes that are whole lines, None before the first is written
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, "segments")

    @property
    def index(self) -> Index | None:
        return self._index

    def describe(self, index: Index) -> None:
        """What the server's next start is told. While segments cannot be kept there is nothing to go on from."""
        self._index = index
        self._do(FILE_NAME, self._write_index)

    def adopt(self, rendition: str, name: str, size: int) -> None:
        """A segment that was found whole."""
        self._written[rendition, name] = Stored(str(self._folder / rendition / name), size)

    def begin(self, rendition: str, init_name: str, init: bytes) -> None:
        self._owe(lambda: self._write(rendition, init_name, (init,)))

    def note(self, published: Published) -> None:
        line = published.encode().encode("utf-8", "surrogatepass")
        self._owe(lambda: self._append_range(line))

    def add_part(self, rendition: str, segment: str, part: Part) -> None:
        if not part.gap and self._has_room(rendition, len(part.data)):
            self._do(rendition, lambda: self._append(rendition, segment, part), len(part.data))

    def keep(self, rendition: str, segment: Segment) -> None:
        if self._has_room(rendition, segment.entry.size):
            self._do(rendition, lambda: self._finish(rendition, segment), segment.entry.size)

    def find(self, rendition: str, name: str) -> Stored | None:
        return self._written.get((rendition, name))

    def drop(self, rendition: str, name: str) -> None:
        if self._written.pop((rendition, name), None) is not None:
            self._do(rendition, lambda: self._remove(rendition, name))

    def close(self) -> None:
        """Nothing of the broadcast can be fetched any more: remove it all."""
        self._written.clear()
        with contextlib.suppress(RuntimeError):  # it is closed already
            self._thread.submit(self._remove_all)
        self._thread.shutdown(wait=False)

    def leave(self) -> None:
        """The server stops: leave everything to its next start. It blocks until all of it is written."""
        with contextlib.suppress(RuntimeError):  # it has left already
            self._thread.submit(self._close_open)
        self._thread.shutdown(wait=True)

    def wait(self) -> None:
        """Until everything asked for by now is done. It blocks."""
        self._thread.submit(int).result()

    def _has_room(self, rendition: str, size: int) -> bool:
        if self._waiting + size <= MOST_WAITING:
            return True
        self._complain(rendition, TOO_SLOW)
        return False

    def _do(self, what: str, work: Callable[[], None], size: int = 0) -> None:
        """In the thread, in the order in which it was asked for. `what` is the rendition or file that it is for."""

        def done() -> None:
            try:
                work()
            except OSError as error:
                self._complain(what, error.strerror or str(error))
            finally:
                self._waiting -= size

        self._waiting += size
        with contextlib.suppress(RuntimeError):  # it is closed already
            self._thread.submit(done)

    def _owe(self, work: Callable[[], None]) -> None:
        """The same of what has to be on disk before the index may say that there is something to go on from."""

        def add() -> None:
            self._owed.append(work)
            self._pay()
            self._well(OWED)

        self._do(OWED, add)

    def _pay(self) -> None:
        """In the thread: write what is owed, in its order. Raises OSError, and what is left is owed still."""
        while self._owed:
            self._owed[0]()
            self._owed.popleft()
        self._failing.discard(OWED)

    def _write_index(self) -> None:
        if self._index is not None and self.trouble is None:
            write_index(self._folder, self._index)
            self._well(FILE_NAME)

    def _append_range(self, line: bytes) -> None:
        """Behind the last whole line: a piece of one, which a full disk leaves, is cut off first. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / RANGES_NAME).open("ab", buffering=0) as file:
            end = file.tell()
            self._ranges_size = end if self._ranges_size is None else min(end, self._ranges_size)
            file.truncate(self._ranges_size)
            _write_all(file, line)
        self._ranges_size += len(line)

    def _append(self, rendition: str, segment: str, part: Part) -> None:
        open_file = self._open.get(rendition)
        if part.index == 0:
            if open_file is not None:
                open_file.abandon()
            (self._folder / rendition).mkdir(parents=True, exist_ok=True)
            open_file = self._open[rendition] = _OpenFile(self._folder / rendition / segment)
        if open_file is not None and (open_file.path.name, open_file.parts) == (segment, part.index):
            open_file.append(part.data)

    def _finish(self, rendition: str, segment: Segment) -> None:
        """Under another name first: what has its name is whole."""
        name = segment.entry.name
        open_file = self._open.pop(rendition, None)
        if open_file is not None and (open_file.path.name, open_file.parts) == (name, len(segment.parts)):
            open_file.finish()
        else:
            if open_file is not None:
                open_file.abandon()
            self._write(rendition, name, segment.data)
        self._written[rendition, name] = Stored(str(self._folder / rendition / name), segment.entry.size)
        self._well(rendition)

    def _write(self, rendition: str, name: str, data: Collection[bytes]) -> None:
        path = self._folder / rendition / name
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _OpenFile(path)
        for each in data:
            file.append(each)
        file.finish()

    def _remove(self, rendition: str, name: str) -> None:
        try:
            (self._folder / rendition / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: a segment stays on disk: %s", self._channel, error)

    def _close_open(self) -> None:
        for open_file in self._open.values():
            open_file.close()
        self._open.clear()

    def _remove_all(self) -> None:
        self._close_open()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _complain(self, what: str, why: str) -> None:
        """Once for each trouble, not for each segment."""
        self._failing.add(what)
        if self.trouble is None:
            words = f"Viewers can go back one minute only, and a restart ends the show: segments are not kept, {why}."
            self.trouble = words
            log.error("%s: %s Make room under %s.", self._channel, words, self._folder)
            self._do(FILE_NAME, self._remove_index)

    def _well(self, what: str) -> None:
        """In the thread: it could be written, and when all can that could not, the trouble is over. Raises OSError."""
        self._failing.discard(what)
        if self._owed:
            with contextlib.suppress(OSError):  # it was complained of
                self._pay()
        if self.trouble is not None and not self._failing - {FILE_NAME} and self._waiting < MOST_WAITING // 2:
            self.trouble = None
            log.info("%s: segments are kept on disk again", self._channel)
            self._write_index()

    def _remove_index(self) -> None:
        """What is on disk is older than what viewers have seen."""
        if self.trouble is not None:
            with contextlib.suppress(OSError):
                (self._folder / FILE_NAME).unlink()


class _OpenFile:
    """A segment that is being written. Each of these raises OSError, and has closed the file then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts = 0
        self._unfinished = path.with_name(path.name + UNFINISHED)
        self._file = self._unfinished.open("wb", buffering=0)

    def append(self, data: bytes) -> None:
        try:
            _write_all(self._file, data)
        except OSError:
            self.abandon()
            self.parts = -1
            raise
        self.parts += 1

    def finish(self) -> None:
        self.close()
        self._unfinished.rename(self.path)

    def abandon(self) -> None:
        """Others hold it, or nobody."""
        self.close()
        with contextlib.suppress(OSError):
            self._unfinished.unlink()

    def close(self) -> None:
        self._file.close()


def _write_all(file: FileIO, data: bytes) -> None:
    """Raises OSError where a part of it may have been written."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def remove_left(data: Path, but: Collection[Path] = ()) -> None:
    """Remove the segments that former servers have left, but not those folders. It blocks."""
    for folder in data.glob(f"*/*/{FOLDER}"):
        if folder.is_dir() and folder.parent not in but and os.access(folder, os.W_OK):
            shutil.rmtree(folder, ignore_errors=True)
