"""Everything a worker says, from whichever thread, whole message by whole message."""

import contextlib
import os
import threading
from dataclasses import dataclass, field

from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.events import Failed, Opened, Stats
from vitrine.transcode.ipc import Message, encode
from vitrine.transcode.worker.arrivals import Arrivals

FAILURE_PATIENCE = 1.0
"""Seconds that a failure waits for another thread's message to be written: if nobody reads, nobody will read this."""


class Output:
    """The stream to the server. Access units that come before the output is known wait for it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._waiting: list[AccessUnit] | None = []

    def open(self, opened: Opened) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting or [], None
            self._write(opened)
            for unit in waiting:
                self._write(unit)

    def deliver(self, units: list[AccessUnit]) -> None:
        with self._lock:
            if self._waiting is not None:
                self._waiting += units
                return
            for unit in units:
                self._write(unit)

    def send(self, message: Message) -> None:
        with self._lock:
            self._write(message)

    def fail(self, reason: str, ours: bool = False) -> None:
        """Say why, if anyone listens, and end the process: no thread of it is to be relied on."""
        if self._lock.acquire(timeout=FAILURE_PATIENCE):
            with contextlib.suppress(OSError):
                self._write(Failed(reason, ours))
        os._exit(1)

    def _write(self, message: Message) -> None:
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


@dataclass
class Counters:
    """What Stats is made of. Each field has one thread that writes it."""

    frames_in: int = 0
    frames_out: int = 0
    repeated: int = 0
    dropped: int = 0
    skipped: int = 0
    undecodable_pictures: int = 0
    undecodable_sound: int = 0
    pictures: Arrivals = field(default_factory=Arrivals)
    sound: Arrivals = field(default_factory=Arrivals)
    sound_done: float = 0.0
    silence: int = 0
    trimmed: int = 0
    stretched: int = 0
    frozen: float = 0.0
    mute: float = 0.0

    def lag(self, pictures_done: float, now: float) -> float:
        """Seconds that a picture or a sound has waited for us. Sound costs little, but gets its share of the processor
        only where pictures leave it.
        """
        return max(self.pictures.waited(pictures_done, now), self.sound.waited(self.sound_done, now))

    def stats(self, cpu: float = 0.0, lag: float = 0.0) -> Stats:
        """`cpu` is what the process has used, in seconds."""
        return Stats(
            frames_in=self.frames_in,
            frames_out=self.frames_out,
            repeated=self.repeated,
            dropped=self.dropped,
            undecodable=self.undecodable_pictures + self.undecodable_sound,
            skipped=self.skipped,
            cpu=cpu,
            lag=lag,
            silence=self.silence,
            trimmed=self.trimmed,
            stretched=self.stretched,
            frozen=self.frozen,
            mute=self.mute,
        )
