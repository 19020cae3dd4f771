"""A broadcast whose publisher is gone: for how long it is waited for, and what is said when it does not come back."""

import time
from dataclasses import dataclass

from vitrine.server.config import Reconnect
from vitrine.server.left import Left

RESTARTED = "The server was started again"


@dataclass(frozen=True, slots=True)
class Absence:
    """`reason` is why the publisher is gone, `stopped` whether it said so itself; `until` is monotonic."""

    reason: str
    stopped: bool
    seconds: int
    until: float

    @classmethod
    def begun(cls, reason: str, stopped: bool, settings: Reconnect, now: float) -> "Absence | None":
        """None where the publisher is not waited for."""
        seconds = min(settings.window, settings.after_stop) if stopped else settings.window
        return cls(reason, stopped, seconds, now + seconds) if seconds else None

    @classmethod
    def resumed(cls, left: Left, settings: Reconnect, now: float) -> "Absence":
        """Of a broadcast that the server before this one left: counted from when its publisher was last heard."""
        absent = left.index.absent
        if absent is None:
            return cls(RESTARTED, False, settings.window, now + left.heard + settings.window - time.time())
        seconds = min(settings.window, settings.after_stop) if absent.stopped else settings.window
        return cls(absent.reason, absent.stopped, seconds, now + absent.until - time.time())

    @property
    def verdict(self) -> str:
        """Why the broadcast ended after all."""
        return f"{self.reason.rstrip('.')}; nobody came back within {self.seconds} s"
