"""What a broadcast's segments do not tell of it themselves, in a small file beside them, for the next server."""

import base64
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from vitrine.media.errors import MalformedError
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.transcode.events import Opened
from vitrine.transcode.ipc import MessageReader, encode

VERSION = 2

FILE_NAME = "index.json"


class Absent(msgspec.Struct, frozen=True):
    """The publisher is gone, for a `reason`; it is waited for until `until`, seconds of wall clock."""

    reason: str
    stopped: bool
    until: float


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is a fraction in words, `part` too; `window` in seconds, `start` the utc_ns of programme time 0.

    `opened` is the worker's message about its renditions, `runs` those that can have made segments, and `starts` how
    many there have been. `ended` is why the broadcast is over.
    """

    v: int = VERSION
    broadcast: str
    channel: str
    rehearsal: bool
    rate: str
    part: str
    window: int
    start: int
    opened: str
    runs: tuple[tuple[int, int, int], ...] = ((FIRST_RUN.number, FIRST_RUN.first_msn, FIRST_RUN.first_segment),)
    starts: int = 0
    absent: Absent | None = None
    ended: str | None = None

    @property
    def grid(self) -> Grid:
        return Grid(Fraction(self.rate), Fraction(self.part), live=True)

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """Raises MalformedError."""
        reader = MessageReader()
        reader.receive_data(base64.b64decode(self.opened))
        messages = reader.events_received()
        if len(messages) != 1 or not isinstance(messages[0], Opened):
            raise MalformedError("The index does not tell the renditions")
        return messages[0].renditions

    @property
    def all_runs(self) -> tuple[Run, ...]:
        return tuple(Run(*each) for each in self.runs)

    def restarted(self, made: Sequence[Run]) -> "Index":
        """Of a server that goes on from the runs that made something; the others leave no trace but a number."""
        return msgspec.structs.replace(self, runs=tuple(map(_plain, made)), starts=self.starts + 1)

    def with_run(self, run: Run) -> "Index":
        return msgspec.structs.replace(self, runs=(*self.runs, _plain(run)))

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "Index":
        """Raises MalformedError for whatever cannot be gone on from."""
        try:
            index = msgspec.json.decode(data, type=cls)
            if index.v != VERSION or not index.runs or index.all_runs[0] != FIRST_RUN or not index.renditions:
                raise MalformedError(f"The index is of version {index.v}, or has no runs and renditions")
            assert index.grid.frames_per_part > 0
        except (msgspec.DecodeError, ValueError, ArithmeticError, AssertionError) as error:
            raise MalformedError(f"The index cannot be read: {error}") from error
        return index


def _plain(run: Run) -> tuple[int, int, int]:
    return run.number, run.first_msn, run.first_segment


def opened_text(renditions: tuple[Rendition, ...]) -> str:
    return base64.b64encode(encode(Opened(renditions))).decode()


def write_index(folder: Path, index: Index) -> None:
    """All of it or nothing, and on disk. It blocks. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / (FILE_NAME + ".part")
    with unfinished.open("wb") as file:
        file.write(index.encode())
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / FILE_NAME)
