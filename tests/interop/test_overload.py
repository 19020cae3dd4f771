"""A machine that is too small for the ladder: what is given up, what playlists say of it, and that it comes back."""

import asyncio
import itertools
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession

from bench.starved import starved
from tests.interop.conftest import KEY, program, state_of, until_state
from tests.interop.test_check import OF_TIME
from vitrine.check.peer import check_stream
from vitrine.server.serve import Running

STEPS = ["every rung encoded faster", "180p at half its frame rate", "270p left out"]
"""All that the small ladder has, in their order."""

MEASURED = 2.0
"""Seconds in which it is seen what the transcoder takes of this machine."""

FIRST_SHARE, LEAST_SHARE, TIGHTENING = 0.8, 0.3, 0.998
"""Of that: what it gets, in the end, and by what it shrinks a hundred times a second."""

MOST_LAG = 2500
"""Milliseconds, on a machine that is busy with other tests; `bench/overload.py` measures it."""

LONGEST = 60.0
"""Seconds until the last step is taken, or taken back, on such a machine."""

WATCHED = 4 * LONGEST
"""Seconds for which `vitrine check` would look on, were it not told when all is over."""


async def too_little(worker: psutil.Process) -> Iterator[float]:
    """Cores, fewer and fewer of those that it takes now."""
    before = sum(worker.cpu_times()[:2])
    await asyncio.sleep(MEASURED)
    taken = (sum(worker.cpu_times()[:2]) - before) / MEASURED
    return (taken * max(LEAST_SHARE, FIRST_SHARE * TIGHTENING**look) for look in itertools.count())


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
            (worker,) = (each for each in psutil.Process().children() if "vitrine.transcode.worker" in each.cmdline())
            quota, over = await too_little(worker), asyncio.Event()
            checking = tasks.create_task(check_stream(address, WATCHED, lambda _gone, _watch: None, over))
            with starved(worker, quota):
                seen = await until_shed(http, STEPS)
                text = await with_gap(http)
            await until_shed(http, STEPS[:-1])
            whole = await without_gap(http)
            over.set()
    assert seen[-1]["times_shed"] >= len(STEPS)
    assert max(each["encode_lag_ms"] for each in seen) < MOST_LAG
    assert re.search(r"#EXT-X-PART:\S*\.0\.m4s\",GAP=YES\n", text)
    numbers = [int(number) for number in re.findall(r"^\S+\.(\d+)\.m4s$", whole, re.MULTILINE)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if ": encoding is" in line]) >= seen[-1]["times_shed"]
    assert any(line.endswith(f"taken back: {STEPS[-1]}") for line in lines)
    findings = {finding.name: finding for finding in checking.result().findings.all}
    assert findings.keys() <= OF_TIME, {k: f.seen for k, f in findings.items()}


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
