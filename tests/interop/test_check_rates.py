"""`vitrine check` on our own packager and origin: every frame rate, with and without sound, and hours of window."""

import asyncio
import time
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path

import pytest

from tests.interop.test_check import OF_TIME
from tests.origin.on_air import Broadcast, on_air
from tests.origin.show import RENDITIONS, Show, listening
from vitrine.check.peer import check_stream
from vitrine.check.watch import Watch
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.server.segment_files import SegmentFiles

RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60)]
WATCHED = 8.5
"""Seconds. Every form of blocking reload is asked within eight."""

WINDOW = 60
HOURS = 4
STRIDE = 20
"""Seconds of the past that are made at once: the disk has to keep up, as it does when it goes with the clock."""


async def watched(origin: str) -> Watch:
    return await check_stream(f"{origin}/hls/show/index.m3u8", WATCHED, lambda _gone, _watch: None)


def broken(watch: Watch) -> dict[str, str]:
    """By rule, what was seen first. How quick this machine is when it has other tests to run is left out."""
    return {finding.name: finding.seen[0] for finding in watch.findings.all if finding.name not in OF_TIME}


@pytest.mark.parametrize("sound", [True, False], ids=["sound", "silent"])
async def test_every_rate_is_without_finding(sound: bool) -> None:
    async with AsyncExitStack() as stack:
        broadcasts = [Broadcast(WINDOW, rate, sound, before=8, seconds=30) for rate in RATES]
        origins = [(await stack.enter_async_context(on_air(each))).origin for each in broadcasts]
        watches = await asyncio.gather(*map(watched, origins))
    names = ["180p", "90p", *(["audio"] if sound else []), "products"]
    for watch in watches:
        assert sorted(each.name for each in watch.stream.renditions) == [f"{name}/index.m3u8" for name in names]
    assert {str(rate): broken(watch) for rate, watch in zip(RATES, watches, strict=True) if broken(watch)} == {}
    assert [watch.unchecked for watch in watches if watch.unchecked] == []


class Marathon(Show):
    """A channel that keeps hours, as the server does: all but the last minute of them on disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        seconds = HOURS * 3600
        self.files = SegmentFiles(folder, "show")
        start = time.time_ns() - seconds * 1_000_000_000
        self.stream_now = LiveStream(Packager("b1", RENDITIONS, self.grid, start, seconds, store=self.files))
        for _ in range(seconds // STRIDE):
            self.play(int(STRIDE * self.grid.rate))
            self.files.wait()

    async def go_on(self) -> None:
        """As fast as the clock."""
        began, before = time.monotonic(), self.picture
        while True:
            self.play(int((time.monotonic() - began) * self.grid.rate) - self.picture + before)
            await asyncio.sleep(0.05)


async def test_a_window_of_four_hours_is_without_finding(tmp_path: Path) -> None:
    show = Marathon(tmp_path)
    try:
        async with listening(show) as (_, port), asyncio.TaskGroup() as tasks:
            going = tasks.create_task(show.go_on())
            watch = await watched(f"http://127.0.0.1:{port}")
            going.cancel()
    finally:
        await asyncio.to_thread(show.files.wait)
        show.files.close()
    assert broken(watch) == {}
    assert watch.unchecked == []
    lengths = [len(each.playlist.segments) for each in watch.stream.renditions if each.playlist]
    assert min(lengths) >= HOURS * 1800
