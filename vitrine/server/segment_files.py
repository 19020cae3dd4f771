"""The past of a broadcast on disk: the packager's store of segments that are too old for memory.

One file a segment under the broadcast's folder, written when the segment closes and removed when it cannot be asked for
any more. One thread does both, so that a slow disk delays nothing; what waits for it is bounded.
"""

import contextlib
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vitrine.packager.segment import Segment
from vitrine.packager.store import Stored

log = logging.getLogger("vitrine.broadcast")

FOLDER = "segments"

MOST_WAITING = 64
"""Segments that wait to be written: of five renditions half a minute, some 30 MB of an ordinary ladder."""

TOO_SLOW = "the disk is too slow"


class SegmentFiles:
    """Implements `packager.store.SegmentStore` for one broadcast.

    `trouble` says in words why the past is not kept, None while it is.
    """

    def __init__(self, folder: Path, channel: str) -> None:
        """`folder` is the broadcast's; it need not be there."""
        self.trouble: str | None = None
        self._folder = folder / FOLDER
        self._channel = channel
        self._written: dict[tuple[str, str], Stored] = {}
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, "segments")

    def keep(self, rendition: str, segment: Segment) -> None:
        if self._waiting >= MOST_WAITING:
            self._say(TOO_SLOW)
            return
        self._waiting += 1
        self._thread.submit(self._write, rendition, segment)

    def find(self, rendition: str, name: str) -> Stored | None:
        return self._written.get((rendition, name))

    def drop(self, rendition: str, name: str) -> None:
        if self._written.pop((rendition, name), None) is not None:
            self._thread.submit(self._remove, rendition, name)

    def close(self) -> None:
        """Nothing of the broadcast can be fetched any more: remove it all."""
        self._written.clear()
        with contextlib.suppress(RuntimeError):  # it is closed already
            self._thread.submit(shutil.rmtree, self._folder, ignore_errors=True)
        self._thread.shutdown(wait=False)

    def wait(self) -> None:
        """Until everything asked for by now is done. It blocks."""
        self._thread.submit(int).result()

    def _write(self, rendition: str, segment: Segment) -> None:
        """In the thread. Under another name first: what has its name is whole."""
        path = self._folder / rendition / segment.entry.name
        unfinished = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.writelines(segment.data)
            unfinished.rename(path)
        except OSError as error:
            self._say(error.strerror or str(error))
            with contextlib.suppress(OSError):
                unfinished.unlink()
        else:
            self._written[rendition, segment.entry.name] = Stored(str(path), segment.entry.size)
            if self._waiting < MOST_WAITING // 2:
                self._say(None)
        finally:
            self._waiting -= 1

    def _remove(self, rendition: str, name: str) -> None:
        try:
            (self._folder / rendition / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: a segment stays on disk: %s", self._channel, error)

    def _say(self, why: str | None) -> None:
        """Once for each trouble, not for each segment."""
        words = None if why is None else f"Viewers can go back one minute only: segments are not kept, {why}."
        if words != self.trouble:
            self.trouble = words
            if words is None:
                log.info("%s: segments are kept on disk again", self._channel)
            else:
                log.error("%s: %s Make room under %s.", self._channel, words, self._folder)


def remove_left(data: Path) -> None:
    """Remove the segments that a server which did not end well has left. It blocks."""
    for folder in data.glob(f"*/*/{FOLDER}"):
        if folder.is_dir() and os.access(folder, os.W_OK):
            shutil.rmtree(folder, ignore_errors=True)
