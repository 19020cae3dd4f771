"""A crew that shows products without a pause, sends some commands twice, and remembers every answer."""

import asyncio
import random
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from soak.channel import Channel
from soak.journal import Journal
from soak.ledger import Answered, differences
from soak.server import ANSWER, TOKEN, Server

PATIENCE = 60.0
"""Seconds in which a command has to be answered, across a restart of the server."""

AGAIN = 0.3
PAUSES = (0.4, 2.5)
"""Seconds between two commands of a channel; a channel takes five in one."""

KEPT = 20
"""Entries that an undo chooses from."""

COMPARED = "commands compared with the ledger"


class Crew:
    """Of one channel. Whoever ends its show calls `settle` before, holding the channel's `show`."""

    def __init__(self, server: Server, channel: Channel, journal: Journal, chance: random.Random) -> None:
        self.commands = 0
        self._server = server
        self._channel = channel
        self._journal = journal
        self._chance = chance
        self._answered = Answered()

    async def run(self) -> None:
        """Command for ever, as long as nobody ends the show."""
        while True:
            await asyncio.sleep(self._chance.uniform(*PAUSES))
            async with self._channel.show:
                await self._send(self._command())

    def _command(self) -> dict[str, object]:
        products = [f"P-{number}" for number in self._chance.sample(range(50), self._chance.randint(1, 2))]
        entries = list(self._answered.entries)[-KEPT:]
        match self._chance.choice(("show", "show", "show", "hide", "clear", "ahead", "undo")):
            case "show":
                return {"action": "show", "products": products, "slot": self._chance.randint(1, 4 - len(products))}
            case "hide":
                return {"action": "hide", "slot": self._chance.randint(1, 3)}
            case "undo" if entries:
                return {"action": "undo", "entry": self._chance.choice(entries)}
            case "ahead":
                return {"action": "show", "products": products[:1], "at": {"programme": self._chance.uniform(0, 30)}}
        return {"action": "clear"}

    async def _send(self, command: dict[str, object]) -> None:
        """Once, twice, twice at a time, or given up and sent again: with the same key it is one command."""
        key = f"{self._chance.getrandbits(128):032x}"
        self.commands += 1
        match self._chance.choice(("once", "once", "twice", "at once", "given up")):
            case "once":
                await self._post(command, key)
            case "twice":
                first = await self._post(command, key)
                self._same(command, first, await self._post(command, key))
            case "at once":
                self._same(command, *await asyncio.gather(self._post(command, key), self._post(command, key)))
            case "given up":
                with_luck = self._chance.uniform(0, 0.02)
                try:
                    async with asyncio.timeout(with_luck):
                        await self._post(command, key)
                except TimeoutError:
                    await self._post(command, key)

    def _same(self, command: object, *answers: object) -> None:
        if answers[0] != answers[1]:
            self._fail(f"{command} was answered twice, and otherwise: {answers}")

    async def _post(self, command: dict[str, object], key: str) -> Mapping[str, Any] | None:
        """Until it is answered; None if it was refused."""
        address = f"{self._server.address}/api/channels/{self._channel.name}/cues"
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        said = ""
        for pause in _waits():
            try:
                async with (
                    asyncio.timeout(ANSWER),
                    self._server.http.post(address, json=command, headers=headers) as response,
                ):
                    answer = await response.json(content_type=None)
                    status, wait = response.status, float(response.headers.get("Retry-After", pause))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                said = repr(error)
                if self._server.up.is_set():
                    self._fail(f"{command} was not answered: {said}")
                await asyncio.sleep(pause)
                continue
            if status == 200:
                self._answered.add(command, answer)
                return dict(answer)
            if status == 422 and command["action"] == "undo":
                return None  # it was undone already
            said = f"{status}: {answer}"
            if status not in (429, 503):
                break
            await asyncio.sleep(wait)
        self._fail(f"{command} was not taken: {said}")
        return None

    async def settle(self) -> None:
        """Hold the ledger of the show that is on, or was on, against the answers; what follows is another show's."""
        answered, self._answered = self._answered, Answered()
        ledger = await self._server.ask(f"/api/channels/{self._channel.name}/cues")
        if ledger["broadcast"] != self._channel.broadcast:
            self._fail(f"the ledger is of {ledger['broadcast']}, the show was {self._channel.broadcast}")
        problems = differences(answered, ledger["entries"])
        for problem in problems:
            self._fail(f"ledger: {problem}")
        self._journal.counts[COMPARED] += len(answered.entries)
        self._journal.note(self._channel.name, f"ledger: {len(answered.entries)} entries, {len(problems)} differences")

    def _fail(self, text: str) -> None:
        self._journal.fail(self._channel.name, text)


def _waits() -> Iterator[float]:
    for _ in range(round(PATIENCE / AGAIN)):
        yield AGAIN
