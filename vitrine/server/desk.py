"""A channel's desk: takes commands one after another, has each on disk before it is stamped, and tells who listens."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vitrine.media.errors import MalformedError, RefusedError
from vitrine.media.grid import Grid
from vitrine.origin.cues import cue_event
from vitrine.origin.desk import NotOnAirError, NotStoredError, RestingError, TooManyCommandsError
from vitrine.origin.events import Events
from vitrine.overlay.commands import Command, Programme
from vitrine.overlay.in_band import parse_in_band
from vitrine.overlay.ledger import Entry, Ledger, Source
from vitrine.overlay.ledger_file import Header, LedgerFile
from vitrine.overlay.limiter import COMMANDS, Limiter
from vitrine.overlay.rundown import Rundown
from vitrine.overlay.show import Answer, Show
from vitrine.server.shop import Shop

log = logging.getLogger("vitrine.desk")

LEDGER_NAME = "ledger.jsonl"

REHEARSALS = "rehearsals"
"""The folder of their ledgers; no broadcast's id is a word."""

MOST_WAITING = 50
"""Commands that wait for their turn: ten seconds of them, as many as a disk may hang before a crew gives up."""

COMPLAINTS = 10
"""Refused commands of an encoder that are logged in one broadcast; after that they are only counted."""


class Desk:
    """Implements `origin.desk.Desk`. A broadcast opens it when its grid and clock are known, and closes it."""

    def __init__(
        self,
        channel: str,
        shop: Shop,
        data: Path,
        tasks: asyncio.TaskGroup,
        *,
        in_band: bool = False,
        rehearsal: bool = False,
    ) -> None:
        """What is commanded in a `rehearsal` is kept apart."""
        self.events = Events()
        shop.listeners.append(self.events)
        self.broadcast: str | None = None
        self.show: Show | None = None
        self.in_band_refused = 0
        self.rehearsal = rehearsal
        self._channel = channel
        self._shop = shop
        self._folder = data / channel / REHEARSALS if rehearsal else data / channel
        self._tasks = tasks
        self._in_band = in_band
        self._on_air = False
        self._resting = False
        self._newest: Callable[[], int] = int
        self._file: LedgerFile | None = None
        self._limiter = Limiter()
        self._turn = asyncio.Lock()
        self._writer = ThreadPoolExecutor(1, f"ledger of {channel}")  # commands wait for nobody else's files
        self._waiting = 0

    @property
    def newest(self) -> int:
        return self._newest()

    @property
    def rundown(self) -> Rundown | None:
        return self._shop.rundown

    def open(self, broadcast: str, grid: Grid, start_utc_ns: int, newest: Callable[[], int]) -> Ledger:
        """A broadcast goes on air: the ledger of its cues. `newest` tells the newest frame accepted at ingest."""
        ledger = self._begin(broadcast, grid, start_utc_ns, newest)
        try:
            self._file = self._create_file(broadcast, grid, start_utc_ns)
        except OSError as error:
            log.error("%s: no cue can be stamped, the ledger cannot be written: %s", self._channel, error)
        return ledger

    def resume(self, broadcast: str, grid: Grid, start_utc_ns: int, newest: Callable[[], int]) -> Ledger:
        """The same of a broadcast that goes on after the server was started again: its ledger is on disk."""
        entries: Sequence[Entry] = ()
        try:
            self._close_file()
            self._file, header, entries = LedgerFile.open(self._folder / broadcast / LEDGER_NAME)
            if (header.rate, header.start) != (grid.rate, start_utc_ns):
                raise MalformedError("it counts on another clock than its segments")
        except (OSError, MalformedError) as error:
            self._close_file()
            log.error("%s: no cue can be stamped, the ledger cannot be gone on with: %s", self._channel, error)
        return self._begin(broadcast, grid, start_utc_ns, newest, entries)

    def _begin(
        self, broadcast: str, grid: Grid, start_utc_ns: int, newest: Callable[[], int], entries: Sequence[Entry] = ()
    ) -> Ledger:
        ledger = Ledger(self._shop.title)
        for entry in entries:
            ledger.append(entry)
        self.broadcast, self._newest, self._on_air = broadcast, newest, True
        self.show = Show(grid, start_utc_ns, ledger, self._shop.rundown, self._shop.known)
        self.in_band_refused = 0
        return ledger

    def _create_file(self, broadcast: str, grid: Grid, start_utc_ns: int) -> LedgerFile:
        """Raises OSError."""
        self._close_file()
        folder = self._folder / broadcast
        folder.mkdir(parents=True, exist_ok=True)
        return LedgerFile.create(folder / LEDGER_NAME, Header(broadcast, self._channel, grid.rate, start_utc_ns))

    def close(self, broadcast: str) -> None:
        """The broadcast is over: nothing is stamped any more, what was stamped can still be read."""
        if broadcast == self.broadcast and self._on_air:
            last = self.newest
            self._on_air, self._newest = False, lambda: last
            self._close_file()

    def rest(self, broadcast: str) -> None:
        """The server stops: the broadcast goes on when it is started again, and takes no command until then."""
        self._resting = True
        self.close(broadcast)

    def forget(self, broadcast: str) -> None:
        """The broadcast can no longer be watched."""
        if broadcast == self.broadcast:
            self.broadcast = self.show = None

    def _close_file(self) -> None:
        """A file that is being written to is closed by who writes."""
        file, self._file = self._file, None
        if file is not None and not self._turn.locked():
            file.close()

    async def command(self, command: Command, key: str | None, source: Source = "api") -> Answer:
        """Raises what origin.desk.Desk says. Once begun it is carried through, whether who asked still waits or not."""
        if self._waiting >= MOST_WAITING:
            raise TooManyCommandsError("The disk does not keep up with the commands", 1.0)
        self._waiting += 1
        done = await asyncio.shield(self._tasks.create_task(self._carry_through(command, key, source)))
        if isinstance(done, RefusedError):
            raise done
        return done

    async def _carry_through(self, command: Command, key: str | None, source: Source) -> Answer | RefusedError:
        try:
            async with self._turn:
                return await self._stamp(command, key, source)
        except RefusedError as error:
            return error
        finally:
            self._waiting -= 1

    async def _stamp(self, command: Command, key: str | None, source: Source) -> Answer:
        show, file = self.show, self._file
        if self._resting:
            raise RestingError("The server is being started again; send the command again in a moment, with its key")
        if show is None or not self._on_air:
            raise NotOnAirError("Nothing is on air here")
        if (key is None or not show.has_answered(key)) and (wait := self._limiter.take(time.monotonic())):
            text = f"A channel takes {COMMANDS} commands a second; send this one again in a moment"
            raise TooManyCommandsError(text, wait)
        show.rundown = self._shop.rundown
        prepared = show.prepare(command, newest=self.newest, received=time.time_ns(), key=key, source=source)
        if isinstance(prepared, Answer):
            return prepared
        if file is None:
            raise NotStoredError("The ledger cannot be written, so nothing was stamped; see the server's log")
        await self._store(file, prepared)
        stamped = show.commit(prepared)
        self.events.tell("cue", {"entry": stamped.entry, **cue_event(show, stamped.frame)})
        return stamped

    async def _store(self, file: LedgerFile, entry: Entry) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, file.append, entry)
        except OSError as error:
            log.error("%s: the ledger cannot be written: %s", self._channel, error.strerror)
            text = f"The ledger cannot be written, so nothing was stamped: {error.strerror}"
            raise NotStoredError(text) from error
        finally:
            if file is not self._file:
                file.close()

    def receive_data(self, name: str, values: Sequence[object], programme: Fraction) -> None:
        """A data message of the encoder at a programme time: a command, where the channel allows it."""
        if not self._in_band:
            return
        try:
            command = parse_in_band(name, values)
        except RefusedError as error:
            self._complain(error)
            return
        if command is not None:
            self._tasks.create_task(self._obey(replace(command, at=Programme(programme))))

    async def _obey(self, command: Command) -> None:
        try:
            await self.command(command, None, "encoder")
        except RefusedError as error:
            self._complain(error)

    def _complain(self, error: RefusedError) -> None:
        self.in_band_refused += 1
        if self.in_band_refused <= COMPLAINTS:
            log.warning("%s: a command of the encoder was refused: %s", self._channel, error)

    def catalogue(self) -> Mapping[str, object]:
        return self._shop.public()

    def change(self, product: str, changes: object) -> Mapping[str, object]:
        """Raises OfferError, UnknownProductError."""
        changed = self._shop.change(product, changes)
        if self._shop.revealed(product):
            self._shop.tell("product", changed)
        return changed

    async def image(self, name: str) -> tuple[bytes, str] | None:
        return await self._shop.image(name)

    async def watch(self) -> None:
        """Follow the shop's files, for ever. One desk of a channel does it for all."""
        await self._shop.watch(lambda: self._shop.tell("catalogue", {"rev": self._shop.public()["rev"]}))
