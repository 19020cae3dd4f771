"""What was done and what was seen, with its time: read it from a failure backwards."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

USUAL_STALL = 0.5
"""Seconds that a picture may stand still at any time: less is no stall that a viewer speaks of."""

AFTERMATH = 12.0
"""Seconds after a fault in which a stall is still its own."""


STRANGERS = "strangers"
"""What they do is done to no channel."""

DISTURBED = 20.0
"""Seconds after a long stall in which what playlists say is still of it."""


@dataclass(slots=True)
class Done:
    """A fault. `channels` are those whose viewers may stand still, for `allowed` seconds at a time; times are
    monotonic, `end` None while it goes on.
    """

    name: str
    channels: tuple[str, ...]
    allowed: float
    begin: float
    end: float | None = None

    def explains(self, channel: str, begin: float, end: float) -> bool:
        """Whether what happened on a channel from `begin` to `end` may come of it."""
        over = float("inf") if self.end is None else self.end + AFTERMATH
        return channel in self.channels and self.begin <= end and begin <= over


@dataclass(frozen=True, slots=True)
class Stood:
    """A stall of one viewer. `blamed` are the names of the faults that may have caused it."""

    channel: str
    viewer: str
    begin: float
    seconds: float
    blamed: tuple[str, ...]
    allowed: float

    @property
    def excused(self) -> bool:
        return self.seconds <= self.allowed


@dataclass(slots=True)
class Journal:
    """`failures` decide. Everything is written to `file`, failures and faults to the terminal as well."""

    file: TextIO
    begun: float = field(default_factory=time.monotonic)
    done: list[Done] = field(default_factory=list)
    stood: list[Stood] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def open(cls, path: Path) -> "Journal":
        return cls(path.open("w", encoding="utf-8"))

    def note(self, where: str, text: str, *, aloud: bool = False) -> None:
        """A line with the time since the beginning."""
        minutes, seconds = divmod(time.monotonic() - self.begun, 60)
        line = f"{minutes:3.0f}:{seconds:06.3f} {where}: {text}"
        print(line, file=self.file, flush=True)
        if aloud:
            print(line, file=sys.stderr, flush=True)

    def fail(self, where: str, text: str) -> None:
        """Something that must not be."""
        self.failures.append(f"{where}: {text}")
        self.note(where, f"FAILURE {text}", aloud=True)

    def begin(self, name: str, channels: tuple[str, ...], allowed: float) -> Done:
        done = Done(name, channels, allowed, time.monotonic())
        self.done.append(done)
        self.note("/".join(channels), f"[{name}", aloud=True)
        return done

    def over(self, done: Done) -> None:
        done.end = time.monotonic()
        self.note("/".join(done.channels), f"{done.name}]")

    def disturbed(self, channel: str) -> bool:
        """Whether viewers of a channel have stood still for a second lately."""
        since = time.monotonic() - DISTURBED
        late = (each for each in reversed(self.stood) if each.channel == channel and each.seconds >= 1)
        return any(each.begin + each.seconds > since for each in late)

    def stall(self, channel: str, viewer: str, begin: float, seconds: float) -> None:
        """A viewer's picture stood still. It is a failure where no fault allows as much."""
        causes = [each for each in self.done if each.explains(channel, begin, begin + seconds)]
        allowed = max((each.allowed for each in causes), default=USUAL_STALL)
        stood = Stood(channel, viewer, begin, seconds, tuple(dict.fromkeys(each.name for each in causes)), allowed)
        self.stood.append(stood)
        text = f"{viewer} stood still for {seconds:.2f} s ({allowed:.1f} allowed) after {stood.blamed or 'nothing'}"
        beside = [each.name for each in self.done if each.explains(STRANGERS, begin, begin + seconds)]
        text += f" beside {beside}" if beside else ""
        if stood.excused:
            self.note(channel, text)
        else:
            self.fail(channel, text)
