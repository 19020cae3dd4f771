"""What a broadcast makes: the stream that viewers get, its files, its ledger; and how these outlive the server."""

import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from vitrine.media.grid import VIDEO_TIMESCALE, Grid
from vitrine.media.ticks import ticks_at
from vitrine.media.track import Rendition
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.packager.past import Past
from vitrine.packager.run import Run
from vitrine.packager.segment import SegmentEntry
from vitrine.packager.window import MEMORY_SECONDS
from vitrine.server.absence import Absence
from vitrine.server.config import Config
from vitrine.server.desk import Desk
from vitrine.server.index import Absent, Index, opened_text
from vitrine.server.left import Left
from vitrine.server.segment_files import SegmentFiles
from vitrine.transcode.ladder import Plan


class Output:
    """Of one broadcast. `stream` is None until the renditions are known; `files` too, and where nothing is kept."""

    def __init__(self, channel: str, broadcast: str, config: Config, desk: Desk) -> None:
        self.stream: LiveStream | None = None
        self.files: SegmentFiles | None = None
        self._channel = channel
        self._broadcast = broadcast
        self._config = config
        self._desk = desk
        self._past: Past | None = None
        self._run: Run | None = None

    @property
    def outlives_the_server(self) -> bool:
        """There is something on disk to go on from."""
        files = self.files
        return files is not None and files.index is not None and files.trouble is None

    @property
    def rests(self) -> bool:
        """It was taken from disk, and the worker has not begun yet."""
        return self._past is not None

    @property
    def taken(self) -> Mapping[str, int]:
        """The frame that is to come next in each rendition."""
        return {} if self.stream is None else self.stream.packager.taken

    def open(self, renditions: Sequence[Rendition], grid: Grid, start_utc_ns: int, newest: Callable[[], int]) -> None:
        """A new broadcast. `newest` tells the newest frame accepted at ingest."""
        cues = self._desk.open(self._broadcast, grid, start_utc_ns, newest)
        window = self._config.hls.window
        if self._config.reconnect.window or window > MEMORY_SECONDS:
            self.files = SegmentFiles(self._folder, self._channel)
        if self.files is not None and self._config.reconnect.window:
            self.files.describe(
                Index(
                    broadcast=self._broadcast,
                    channel=self._channel,
                    rehearsal=self._desk.rehearsal,
                    rate=str(grid.rate),
                    part=str(grid.part_target),
                    window=window,
                    start=start_utc_ns,
                    opened=opened_text(tuple(renditions)),
                )
            )
        packager = Packager(self._broadcast, renditions, grid, start_utc_ns, window, cues=cues, store=self.files)
        self.stream = LiveStream(packager)

    @property
    def _folder(self) -> Path:
        return Path(self._config.server.data) / self._channel / self._broadcast

    def resume(self, left: Left, newest: Callable[[], int]) -> None:
        """A broadcast of the server before this one: what it had, and no more until `begin`."""
        index = left.index
        cues = self._desk.resume(self._broadcast, index.grid, index.start, newest)
        files = self.files = SegmentFiles(self._folder, self._channel)
        for name, kept in left.past.segments.items():
            for each in kept:
                entry = each if isinstance(each, SegmentEntry) else each.entry
                if not entry.gap:
                    files.adopt(name, entry.name, entry.size)
        files.describe(index.restarted(left.past.runs))
        packager = Packager(
            self._broadcast,
            index.renditions,
            index.grid,
            index.start,
            index.window,
            cues=cues,
            store=files,
            past=left.past,
        )
        self._past = left.past
        self.stream = LiveStream(packager)

    def plan(self, plan: Plan, come_to: Fraction | None) -> Plan:
        """What a broadcast's first worker is told. `come_to` is the programme time by the clock, in seconds: where
        there was another server, its segment is where the worker begins, or the first one that is free.
        """
        if self._past is None or self.stream is None or self.files is None or self.files.index is None:
            return plan
        segment = plan.grid.segment(plan.grid.frame(ticks_at(come_to or Fraction(0), VIDEO_TIMESCALE)))
        self._run = Run(self.files.index.starts, self._past.next_msn, max(segment, self._past.next_segment))
        packager = self.stream.packager
        return plan.resumed(packager.renditions, packager.first_frames(self._run.first_segment))

    def begin(self, renditions: Sequence[Rendition]) -> None:
        """The worker has begun as planned. Raises MisuseError where its renditions are others than there were."""
        assert self.stream is not None
        assert self._run is not None
        assert self.files is not None
        assert self.files.index is not None
        index = msgspec.structs.replace(self.files.index, opened=opened_text(tuple(renditions)))
        self.files.describe(index.with_run(self._run))
        self.stream.packager.begin(self._run, renditions)
        self._past = None

    def note_absence(self, absence: Absence | None) -> None:
        """For the server's next start: whether a publisher is waited for, and until when."""
        if self.files is not None and self.files.index is not None:
            absent = None
            if absence is not None:
                until = time.time() + absence.until - time.monotonic()
                absent = Absent(absence.reason, absence.stopped, until)
            self.files.describe(msgspec.structs.replace(self.files.index, absent=absent))

    def expect_end(self) -> None:
        """What the transcoder still gives is the last of the show."""
        if self.stream is not None:
            self.stream.expect_end()

    def end(self, reason: str | None) -> None:
        """The show is over; the playlists end, in a moment or, where there is no reason, at once."""
        self._desk.close(self._broadcast)
        if self.files is not None and self.files.index is not None:
            self.files.describe(msgspec.structs.replace(self.files.index, ended=reason or ""))
        if self.stream is not None and reason:
            self.stream.finish()
        elif self.stream is not None:
            self.stream.end()

    def suspend(self) -> None:
        """The server stops, and the show is not over: what is open is closed, and the playlists do not end."""
        self._desk.rest(self._broadcast)
        if self.stream is not None:
            self.stream.rest()

    def leave(self) -> None:
        """Leave what is on disk to the server's next start. It blocks."""
        if self.files is not None and self.outlives_the_server:
            self.files.leave()
        else:
            self._close_files()

    def forget(self) -> None:
        """Nobody can watch it any more."""
        if self.stream is not None:
            self.stream.packager.clear()
            self.stream = None
        self._close_files()

    def _close_files(self) -> None:
        if self.files is not None:
            self.files.close()
            self.files = None
