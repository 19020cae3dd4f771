"""A machine that is too small for the ladder: what is given up, what playlists say of it, and that it comes back."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, program, state_of, until_state
from tests.interop.test_check import OF_TIME
from vitrine.check.peer import check_stream
from vitrine.server.serve import Running

PERIOD = 0.05
"""Seconds in which the worker runs for its share and stands still for the rest, as in a cgroup with a quota."""

STEPS = ["every rung encoded faster", "180p at half its frame rate", "270p left out"]
"""All that the small ladder has, in their order."""

FIRST_SHARE, LEAST_SHARE, TIGHTENING = 0.1, 0.02, 0.98
"""Of the time, and by what it shrinks in each period: a third a second, so that it fits no machine for long."""

MOST_LAG = 2500
"""Milliseconds, on a machine that is busy with other tests; `bench/overload.py` measures it."""

WATCHED = 20.0
"""Seconds for which `vitrine check` looks on, from before the first step until the last one is taken back as a rule."""

LATE = {"segments-are-aligned", "sound-is-cut-with-the-pictures"}
"""Rules that a rendition breaks at the last look of `vitrine check` while it is seconds behind the others."""

LONGEST = 60.0
"""Seconds until the last step is taken, or taken back, on such a machine."""


@asynccontextmanager
async def starved() -> AsyncIterator[psutil.Process]:
    """The transcoder runs for a share of the time only, and for ever less."""

    async def hold_back(worker: psutil.Process) -> None:
        share = FIRST_SHARE
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                while True:
                    share = max(LEAST_SHARE, share * TIGHTENING)
                    worker.suspend()
                    await asyncio.sleep(PERIOD * (1 - share))
                    worker.resume()
                    await asyncio.sleep(PERIOD * share)
            finally:
                worker.resume()

    found = [each for each in psutil.Process().children() if "vitrine.transcode.worker" in each.cmdline()]
    (worker,) = found
    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(hold_back(worker))
        yield worker
        holding.cancel()


async def until_shed(http: ClientSession, steps: list[str]) -> list[dict[str, Any]]:
    """The channel's health, again and again, until these steps are in force."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(LONGEST):
        while not seen or seen[-1]["shed"] != steps:
            await asyncio.sleep(0.1)
            health = (await state_of(http))["health"]
            assert isinstance(health, dict)
            assert health["shed"] == STEPS[: len(health["shed"])], "in their order"
            seen.append(health)
    return seen


async def test_what_a_starved_transcoder_gives_up_and_takes_back(
    server: Running, show: Path, http: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live/{KEY}"
    looping = ("ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", show, "-c", "copy", "-f", "flv", url)
    address = f"http://127.0.0.1:{server.http_port}/hls/show/index.m3u8"
    with caplog.at_level(logging.INFO, "vitrine.broadcast"):
        async with program(*looping), asyncio.TaskGroup() as tasks:
            await until_state(http, "live")
            checking = tasks.create_task(check_stream(address, WATCHED, lambda _gone, _watch: None))
            async with starved():
                seen = await until_shed(http, STEPS)
                text = await with_gap(http)
            await until_shed(http, STEPS[:-1])
            whole = await without_gap(http)
    assert seen[-1]["times_shed"] >= len(STEPS)
    assert max(each["encode_lag_ms"] for each in seen) < MOST_LAG
    assert re.search(r"#EXT-X-PART:\S*\.0\.m4s\",GAP=YES\n", text)
    numbers = [int(number) for number in re.findall(r"^\S+\.(\d+)\.m4s$", whole, re.MULTILINE)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if ": encoding is" in line]) >= seen[-1]["times_shed"]
    assert any(line.endswith(f"no longer {STEPS[-1]}") for line in lines)
    findings = {finding.name: finding for finding in checking.result().findings.all}
    assert findings.keys() <= OF_TIME | LATE, findings


async def with_gap(http: ClientSession) -> str:
    """The playlist of the largest rendition once it has a gap."""
    async with asyncio.timeout(LONGEST):
        while "#EXT-X-GAP" not in (text := await playlist(http)):  # noqa: ASYNC110 - a playlist is asked for as players do
            await asyncio.sleep(0.2)
    return text


async def without_gap(http: ClientSession) -> str:
    """The same, once its newest segment is none."""
    async with asyncio.timeout(LONGEST):
        while "#EXT-X-GAP" in (text := await playlist(http)).split("#EXTINF")[-2]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return text


async def playlist(http: ClientSession) -> str:
    async with http.get("/hls/show/270p/index.m3u8") as response:
        return await response.text()
