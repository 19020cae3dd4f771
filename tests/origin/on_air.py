"""A broadcast of numbered pictures that goes on as fast as the clock, behind the listener that `vitrine serve` has."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction

from tests.origin.show import Show, listening
from tests.overlay.browser.stage import Stage
from vitrine.origin.status import ChannelState, State

RATE = Fraction(30)
SECONDS = 100
BEFORE = 34
"""Seconds that are out when the players come: more than they go back by themselves."""


class Channel(Show):
    """Says which broadcast it has on air."""

    state_word: State = "live"

    def states(self) -> Sequence[ChannelState]:
        broadcast = self.stream_now.packager.broadcast if self.stream_now else None
        address = "/hls/show/index.m3u8"
        return [
            ChannelState(channel="show", title="Show", state=self.state_word, broadcast=broadcast, playlist=address)
        ]


@dataclass
class Broadcast:
    """The channel `show`, with a stage on air. `before`: seconds that are out when it begins to go with the clock."""

    window_seconds: int
    rate: Fraction = RATE
    sound: bool = True
    before: int = BEFORE
    seconds: int = SECONDS

    def __post_init__(self) -> None:
        self.channel = Channel()
        self.stage = self._put_on_air("b1")
        self._playing: asyncio.Task[None] | None = None
        self._server = AsyncExitStack()
        self._port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _put_on_air(self, broadcast: str) -> Stage:
        stage = Stage(
            [],
            rate=self.rate,
            seconds=self.seconds,
            sound=self.sound,
            window_seconds=self.window_seconds,
            broadcast=broadcast,
            by_packager=True,
            start_utc_ns=time.time_ns() - self.before * 1_000_000_000,
        )
        stage.play(self.before)
        self.channel.stream_now = stage.stream
        return stage

    def play(self) -> None:
        self._playing = asyncio.get_running_loop().create_task(self.stage.live(self.before))

    async def stand_still(self) -> None:
        """Nothing more comes."""
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait([self._playing])
            self._playing = None

    async def end(self) -> None:
        """With the picture that is newest now, and those that are on their way."""
        await self.stand_still()
        self.stage.finish()
        self.channel.state_word = "ended"

    async def another(self) -> None:
        """The show begins again, and what was before is not known any more: a server that was started again."""
        await self.stand_still()
        self.stage = self._put_on_air("b2")
        self.play()

    async def open(self) -> None:
        """Listen, where it listened before if it did."""
        _, self._port = await self._server.enter_async_context(listening(self.channel, self._port))

    async def close(self) -> None:
        """Nobody listens any more; who comes is refused."""
        await self._server.aclose()


@asynccontextmanager
async def on_air(broadcast: Broadcast) -> AsyncIterator[Broadcast]:
    await broadcast.open()
    broadcast.play()
    try:
        yield broadcast
    finally:
        await broadcast.stand_still()
        await broadcast.close()
