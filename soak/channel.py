"""One channel under test: its encoders, and what must be true of it again after a fault."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from soak.encoder import Encoder
from soak.journal import Journal
from soak.server import Server

RECOVERY = 30.0
"""Seconds after a fault within which a channel is well again."""

LOOK = 0.3
TRY_AGAIN = ("it is being started again", "5XX Server Error")
"""What encoders are told while the media process is not there; they try again."""


@dataclass(slots=True)
class Channel:
    """Its crew publishes by one of `kinds`, the first as a rule. `turn` is held by the fault that is going on, `show`
    by whoever ends a show, or counts on it not being ended.
    """

    name: str
    server: Server
    clips: Path
    journal: Journal
    kinds: tuple[str, ...]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    show: asyncio.Lock = field(default_factory=asyncio.Lock)
    broadcast: str = ""
    encoder: Encoder = field(init=False)
    backup: Encoder = field(init=False)

    def __post_init__(self) -> None:
        self.encoder = Encoder(self.server, self.clips, self.name)
        self.backup = Encoder(self.server, self.clips, self.name, backup=True)

    async def go_live(self) -> None:
        """Begin a show."""
        await self.encoder.start(self.kinds[0])
        await self.recovered()
        self.broadcast = str((await self.server.state(self.name))["broadcast"])

    async def recovered(self) -> None:
        """Wait until viewers see the publisher again; another broadcast than before is a failure."""
        trouble = "no answer"
        try:
            async with asyncio.timeout(RECOVERY):
                while trouble := await self._trouble():  # noqa: ASYNC110 - the API is asked as a page asks it
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            self.journal.fail(self.name, f"not well {RECOVERY:.0f} s after a fault: {trouble}")
            await self.encoder.kill()
            await self.encoder.start(self.kinds[0])

    async def _trouble(self) -> str:
        """What is not as it should be, empty if all is."""
        if not self.encoder.running:
            words = self.encoder.last_words()
            if not any(each in words for each in TRY_AGAIN):
                self.journal.fail(self.name, f"the publisher ended by itself: {words}")
            await self.encoder.start(self.kinds[0])
        try:
            state = await self.server.state(self.name)
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"the API does not answer: {error!r}"
        return self._wrong(state)

    def _wrong(self, state: dict[str, Any]) -> str:
        health = state["health"]
        if state["state"] != "live":
            return f"it is {state['state']}: {state.get('reason')}"
        if state.get("awaited_until"):
            return "the publisher is awaited"
        if health.get("on_air") != "primary":
            return f"on air is {health.get('on_air')}"
        if self.broadcast and state["broadcast"] != self.broadcast:
            self.journal.fail(self.name, f"another broadcast began: {state['broadcast']} after {self.broadcast}")
            self.broadcast = state["broadcast"]
        return "; ".join(each["text"] for each in health.get("troubles", ()))

    async def close(self) -> None:
        await self.encoder.kill()
        await self.backup.kill()
