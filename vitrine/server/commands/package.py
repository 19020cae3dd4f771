"""`vitrine package`: the same pipeline, offline, as fast as it goes."""

import asyncio
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import msgspec

from vitrine.ingest.file.reader import FileReader
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, VitrineError
from vitrine.media.grid import Grid
from vitrine.media.track import Rendition
from vitrine.overlay.as_run import as_run, as_run_csv, as_run_json
from vitrine.overlay.clock import Clock
from vitrine.overlay.ledger import Ledger
from vitrine.overlay.rundown import ledger_of
from vitrine.packager.events import PackagerEvent, SegmentClosed
from vitrine.packager.packager import Packager
from vitrine.packager.part import PRODUCTS, init_name
from vitrine.packager.playlist.media import render_vod
from vitrine.packager.playlist.multivariant import measured, render_multivariant
from vitrine.packager.segment import SegmentEntry
from vitrine.server.commands.progress import progress_bar
from vitrine.server.config import Config
from vitrine.server.shop import read_catalogue_file, read_rundown_file
from vitrine.transcode.events import Failed, Opened, PoolEvent, WorkerDied
from vitrine.transcode.gate import Gate
from vitrine.transcode.ladder import Plan
from vitrine.transcode.pool import Worker

WINDOW_SECONDS = 12
"""What the packager keeps in memory: nobody watches it, so as little as it takes."""


class Planned:
    """What a recorded show shows, and when."""

    def __init__(self, rundown: Path, catalogue: Path | None) -> None:
        """Reads both files. Raises ConfigError."""
        self._rundown = read_rundown_file(rundown)
        self._catalogue = None if catalogue is None else read_catalogue_file(catalogue)
        if not any(item.at is not None for item in self._rundown.items):
            raise ConfigError(f'The rundown {rundown} has no item with a time; give items one, such as "at": 12.5')
        wanted = {product for item in self._rundown.items for product in item.products}
        if self._catalogue is not None and (unknown := sorted(wanted - set(self._catalogue.products))):
            raise ConfigError(f"The rundown {rundown} shows {', '.join(unknown[:5])}, not in the catalogue {catalogue}")

    def ledger(self, grid: Grid) -> Ledger:
        return ledger_of(self._rundown, grid, str if self._catalogue is None else self._catalogue.title)


class VodFolder:
    """A folder of VOD HLS that grows segment by segment: what `close` adds last makes it playable."""

    def __init__(self, folder: Path, name: str, planned: Planned | None = None) -> None:
        """`name` leads every file's name. Raises ConfigError unless the folder is new or empty."""
        self._folder = folder
        self._name = name
        self._planned = planned
        self._ledger: Ledger | None = None
        self._clock: Clock | None = None
        self._entries: dict[str, list[SegmentEntry]] = {}
        self._packager: Packager | None = None
        self._rate = Fraction(0)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ConfigError(f"The folder {folder} is not empty; name a new one")
        except OSError as error:
            raise ConfigError(f"The folder {folder} cannot be written: {error.strerror}") from error

    def open(self, renditions: tuple[Rendition, ...], grid: Grid) -> None:
        self._rate, start = grid.rate, time.time_ns()
        if self._planned is not None:
            self._ledger, self._clock = self._planned.ledger(grid), Clock(grid, start)
        self._packager = Packager(self._name, renditions, grid, start, WINDOW_SECONDS, cues=self._ledger)
        for name, window in self._packager.windows.items():
            (self._folder / name).mkdir()
            self._entries[name] = []
            if name != PRODUCTS:
                found = window.media(init_name(self._name))
                assert isinstance(found, tuple)
                (self._folder / name / init_name(self._name)).write_bytes(b"".join(found))

    @property
    def is_open(self) -> bool:
        """Something has come that can be played."""
        return self._packager is not None

    def push(self, unit: AccessUnit) -> None:
        assert self._packager is not None
        self._write(self._packager.push(unit))

    def close(self) -> None:
        """Write the last segments and the playlists."""
        assert self._packager is not None
        self._write(self._packager.flush())
        for name, entries in self._entries.items():
            init = None if name == PRODUCTS else init_name(self._name)
            text = render_vod(init, entries, self._packager.date_ranges())
            (self._folder / name / "index.m3u8").write_text(text, encoding="utf-8")
        # The rates are known by now, so the real ones are written.
        renditions = [measured(each, self._entries[each.name]) for each in self._packager.renditions]
        text = render_multivariant(renditions, self._rate)
        (self._folder / "index.m3u8").write_text(text, encoding="utf-8")
        if self._ledger is not None and self._clock is not None:
            runs = as_run(self._ledger, self._clock)
            (self._folder / "as-run.json").write_bytes(msgspec.json.encode(as_run_json(runs)))
            (self._folder / "as-run.csv").write_text(as_run_csv(runs), encoding="utf-8", newline="")

    def _write(self, events: Iterable[PackagerEvent]) -> None:
        for event in events:
            if isinstance(event, SegmentClosed):
                entry = event.segment.entry
                self._entries[event.rendition].append(entry)
                with (self._folder / event.rendition / entry.name).open("wb") as file:
                    file.writelines(event.segment.data)


class _Offline:
    """One file through a worker into a folder."""

    def __init__(self, reader: FileReader, folder: VodFolder, config: Config) -> None:
        self._reader = reader
        self._folder = folder
        self._config = config
        self._gate = Gate()
        self._worker: Worker | None = None
        self._grid: Grid | None = None
        self._failure: str | None = None

    async def run(self) -> None:
        """Raises VitrineError if the worker fails."""
        timescales = {track.id: track.timescale for track in self._reader.tracks}
        for track in self._reader.tracks:
            self._gate.add_track(track)
        with progress_bar() as bar:
            task = bar.add_task(f"Packaging {self._reader.path.name}", total=float(self._reader.duration) or None)
            try:
                for unit in self._reader:
                    await self._feed(self._gate.push(unit))
                    bar.update(task, completed=unit.dts / timescales[unit.track_id])
                await self._feed(self._gate.flush())
                if self._worker is not None:
                    await self._worker.finish()
            finally:
                if self._worker is not None:
                    await self._worker.close()
        self._check()
        if not self._folder.is_open:
            raise VitrineError(f"{self._reader.path} cannot be packaged: nothing in it could be decoded")
        self._folder.close()

    async def _feed(self, units: Iterable[AccessUnit]) -> None:
        for unit in units:
            worker = self._worker or await self._begin()
            worker.push(unit)
            await worker.drain()
            self._check()

    async def _begin(self) -> Worker:
        assert self._gate.rate is not None
        plan = Plan(self._gate.rate, live=False, part_target=self._config.part_target, ladder=self._config.rungs)
        self._grid = plan.grid
        self._worker = await Worker.start(plan, self._on_worker)
        for track in self._gate.tracks:
            self._worker.add_track(track)
        return self._worker

    def _on_worker(self, event: PoolEvent) -> None:
        match event:
            case AccessUnit():
                self._folder.push(event)
            case Opened(renditions):
                assert self._grid is not None
                self._folder.open(renditions, self._grid)
            case Failed(reason=reason) | WorkerDied(reason=reason):
                self._failure = self._failure or reason

    def _check(self) -> None:
        if self._failure is not None:
            raise VitrineError(f"{self._reader.path} cannot be packaged: {self._failure}")


async def package(
    file: Path, output: Path, config: Config, rundown: Path | None = None, catalogue: Path | None = None
) -> None:
    """Read `file`, write a folder of VOD HLS into `output`, with the products of a rundown and their as-run list.

    Raises VitrineError in words.
    """
    if rundown is None and catalogue is not None:
        raise ConfigError("A catalogue alone shows nothing; name the rundown too, by --rundown")
    planned = None if rundown is None else await asyncio.to_thread(Planned, rundown, catalogue)
    reader = await asyncio.to_thread(FileReader, file)
    name = "".join(letter if letter.isalnum() else "-" for letter in file.stem.lower())
    await _Offline(reader, VodFolder(output, name, planned), config).run()
