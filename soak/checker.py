"""`vitrine check` from time to time, as an operator runs it."""

import asyncio
import itertools
import json
import sys
from collections.abc import Sequence

from soak import player
from soak.journal import Journal
from soak.server import Server

SECONDS = 20
PAUSE = 40.0
EXTRA = 30.0
OF_STALLS = (*player.OF_STALLS, "parts-come-in-time")
"""A picture that is late is waited for a second before it is filled in."""

OF_LONG_STALLS = ("segments-come-in-time",)
"""Only while viewers stand still as well, which the fault has to allow: a transcoder may be frozen for four seconds."""


class Checker:
    """Watches one channel after another, the first of which nothing is done to. Errors are failures, warnings noted."""

    def __init__(self, server: Server, journal: Journal, channels: Sequence[str]) -> None:
        self._server = server
        self._journal = journal
        self._channels = channels
        self._undisturbed = channels[0]

    async def run(self) -> None:
        for channel in itertools.cycle(self._channels):
            await asyncio.sleep(PAUSE)
            await self._check(channel)

    async def _check(self, channel: str) -> None:
        starts = self._server.starts
        url = f"{self._server.address}/hls/{channel}/index.m3u8"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vitrine.server", "check", url, "--seconds", str(SECONDS), "--json", "--quiet"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, errors = await asyncio.wait_for(process.communicate(), SECONDS + EXTRA)
        except TimeoutError:
            self._journal.fail(channel, "vitrine check hangs")
            return
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._journal.counts["vitrine check"] += 1
        if not said:
            self._journal.note(channel, f"vitrine check: {errors.decode(errors='replace').strip()}")
            return
        restarted = not self._server.up.is_set() or self._server.starts != starts
        for each in json.loads(said)["findings"]:
            text = f"vitrine check: {each['playlist']}: {each['rule']} {each['count']} x, {each['seen'][0]}"
            if each["severity"] == "error" and not (restarted or self._is_of_a_stall(channel, each["rule"])):
                self._journal.fail(channel, text)
            else:
                self._journal.note(channel, text)

    def _is_of_a_stall(self, channel: str, rule: str) -> bool:
        if channel == self._undisturbed:
            return False
        return rule in OF_STALLS or (rule in OF_LONG_STALLS and self._journal.disturbed(channel))
