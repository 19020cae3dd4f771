"""What a viewer sees of faults: hls.js in Chromium on the watch page, while publishers and workers come and go.

python -m bench.faults [--only WORD]

For each fault: the longest time for which no new picture was shown from the fault until AFTER seconds later, how often
hls.js or the page reported an error, and how far sound and picture are apart afterwards in what players fetch.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import aiohttp
import psutil
from playwright.async_api import Page

from bench.chromium import chromium
from bench.in_step import beeps_of, flashes_of, newest_segments, offsets_of
from bench.served import CHANNEL, ENDING_TIME, Served, served, serving
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("360p", 360, 800),)
RATE = 30
SHOW_SECONDS = 20
BACKUP_KEY = "of-the-backup"
GONE = 5.0
"""Seconds for which a publisher is gone."""

GONE_SERVER = 2.0
"""The same of a server."""

SETTLING = 8.0
"""Seconds between two faults: the player is at the live edge again."""

AFTER = 9.0
"""Seconds after the fault is over for which viewers are watched."""

NTSC_SLIPS = 70.0
"""Seconds in which 29.97 frames a second are two fewer than 30."""

SEGMENTS = 2
OTHERWISE = (
    "-vf",
    "scale=480:270,fps=25",
    "-c:v",
    "libx264",
    "-preset",
    "superfast",
    "-bf",
    "2",
    "-g",
    "50",
    "-c:a",
    "copy",
)
COPIED = ("-c", "copy")


class Stage:
    """A server, a browser that watches, and the publishers of the moment."""

    def __init__(self, show: Path, server: Served) -> None:
        self.show = show
        self.server = server
        self.restarts = 0
        self._servers: list[asyncio.subprocess.Process] = []
        self.publishers: dict[str, asyncio.subprocess.Process] = {}

    async def publish(self, key: str = CHANNEL, options: tuple[str, ...] = COPIED, delay: float = 0.0) -> None:
        """A real ffmpeg, at the pace of the clock."""
        await asyncio.sleep(delay)
        source = ("-re", "-stream_loop", "-1", "-i", str(self.show))
        url = f"{self.server.rtmp}/{key}"
        self.publishers[key] = await asyncio.create_subprocess_exec(
            "ffmpeg", "-v", "fatal", *source, *options, "-f", "flv", url
        )

    async def publish_by_whip(self) -> None:
        push = (sys.executable, "-m", "vitrine.server", "push", str(self.show), f"{self.server.http}/whip/{CHANNEL}")
        self.publishers[CHANNEL] = await asyncio.create_subprocess_exec(*push, "--key", CHANNEL, "--quiet", "--loop")

    async def publish_odd_stamps(self, kind: str) -> None:
        feed = (sys.executable, "-m", "soak.feed", str(self.show), self.server.rtmp, CHANNEL, kind)
        self.publishers[CHANNEL] = await asyncio.create_subprocess_exec(*feed, stderr=asyncio.subprocess.DEVNULL)

    def signal(self, number: int, key: str = CHANNEL) -> None:
        self.publishers[key].send_signal(number)

    async def kill(self, key: str = CHANNEL) -> None:
        process = self.publishers.pop(key)
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await asyncio.wait_for(process.wait(), ENDING_TIME)

    async def restart(self, number: int) -> None:
        """End the server, and start another on the same addresses GONE_SERVER seconds later."""
        former = self.server.process
        former.send_signal(number)
        await asyncio.to_thread(former.wait, ENDING_TIME)
        await asyncio.sleep(GONE_SERVER)
        process = await asyncio.create_subprocess_exec(*serving(self.server.config), stdout=asyncio.subprocess.PIPE)
        self._servers.append(process)
        self.server = replace(self.server, process=psutil.Process(process.pid))
        self.restarts += 1

    async def close(self) -> None:
        for key in tuple(self.publishers):
            await self.kill(key)
        for process in self._servers:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), ENDING_TIME)

    def kill_worker(self) -> None:
        for each in self.server.process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "vitrine.transcode.worker" in " ".join(each.cmdline()):
                    os.kill(each.pid, signal.SIGKILL)


async def _lost_and_back(stage: Stage, options: tuple[str, ...] = COPIED) -> None:
    await stage.kill()
    await asyncio.sleep(GONE)
    await stage.publish(options=options)


async def _back_by_whip(stage: Stage) -> None:
    await stage.kill()
    await asyncio.sleep(GONE)
    await stage.publish_by_whip()


async def _taken_over(stage: Stage) -> None:
    """The first is frozen, as one whose network is gone; the second has its key."""
    stage.signal(signal.SIGSTOP)
    former = stage.publishers.pop(CHANNEL)
    await stage.publish(delay=0.3)
    await asyncio.sleep(GONE)
    former.kill()
    await former.wait()


async def _dies_with_backup(stage: Stage) -> None:
    await stage.publish(BACKUP_KEY)
    await asyncio.sleep(SETTLING)
    await stage.kill()
    await asyncio.sleep(GONE)
    await stage.publish()


async def _silent(stage: Stage) -> None:
    """Its connection stays: nothing is said, and nothing comes."""
    stage.signal(signal.SIGSTOP)
    await asyncio.sleep(GONE)
    stage.signal(signal.SIGCONT)


async def _silent_with_backup(stage: Stage) -> None:
    if BACKUP_KEY not in stage.publishers:
        await stage.publish(BACKUP_KEY)
        await asyncio.sleep(SETTLING)
    stage.signal(signal.SIGSTOP)
    await asyncio.sleep(GONE)
    stage.signal(signal.SIGCONT)
    await asyncio.sleep(GONE)
    await stage.kill(BACKUP_KEY)


async def _worker_killed(stage: Stage) -> None:
    stage.kill_worker()
    await asyncio.sleep(0)


async def _server_restarted(stage: Stage, number: int, delay: float = 0.0) -> None:
    """The publisher tries again as soon as its connection is lost, once a second; or it is slower by `delay`."""
    await stage.restart(number)
    await stage.kill()
    await stage.publish(delay=delay)


async def _odd_stamps(stage: Stage, kind: str, seconds: float = GONE) -> None:
    """From the fourth second on, again and again or for good, as `soak.feed` says."""
    await stage.kill()
    await stage.publish_odd_stamps(kind)
    await asyncio.sleep(seconds)


Fault = Callable[[Stage], Awaitable[None]]
FAULTS: dict[str, Fault] = {
    "publisher killed, back after 5 s": _lost_and_back,
    "the same, back with another size, rate and B-frames": lambda stage: _lost_and_back(stage, OTHERWISE),
    "the same, back by WHIP": _back_by_whip,
    "WHIP publisher killed, back by RTMP": _lost_and_back,
    "taken over from a publisher that hangs": _taken_over,
    "publisher silent for 5 s": _silent,
    "primary killed with a backup; back after 5 s": _dies_with_backup,
    "primary silent for 5 s with a backup": _silent_with_backup,
    "worker killed": _worker_killed,
    "server killed, started again after 2 s": lambda stage: _server_restarted(stage, signal.SIGKILL),
    "server stopped, started again after 2 s": lambda stage: _server_restarted(stage, signal.SIGTERM),
    "server killed, publisher back 5 s after it": lambda stage: _server_restarted(stage, signal.SIGKILL, GONE),
    "stamps wrap": lambda stage: _odd_stamps(stage, "wrap"),
    "stamps jump by an hour, every 4 s": lambda stage: _odd_stamps(stage, "jump"),
    "stamps 500 ms back and forth, every 4 s": lambda stage: _odd_stamps(stage, "back"),
    "29.97 frames a second stated as 30": lambda stage: _odd_stamps(stage, "slower", NTSC_SLIPS),
}


LISTEN = """() => {
    window.faults = [];
    window.hls = window.vitrine.hls;
    window.hls.on("hlsError", (_, data) => window.faults.push(`${data.details} fatal=${data.fatal}`));
}"""


class Viewer:
    """The watch page; `errors` are what hls.js and the page complain of."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self._page = page
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, address: str) -> None:
        await self._page.goto(address)
        await self._page.wait_for_function("window.presented?.length > 30", timeout=30_000)
        await self._page.evaluate(LISTEN)

    async def now(self) -> float:
        return float(await self._page.evaluate("Date.now()"))

    async def longest_still(self, since: float) -> float:
        """Seconds."""
        shown = await self._page.evaluate("(since) => window.presented.filter((at) => at >= since - 100)", since)
        shown.append(await self.now())
        return max((later - before for before, later in itertools.pairwise(sorted(shown))), default=0) / 1000

    async def take_errors(self) -> list[str]:
        faults = await self._page.evaluate("window.faults.splice(0)")
        if not await self._page.evaluate("window.hls === window.vitrine.hls"):
            faults.append("the page opened its player anew")
            await self._page.evaluate(LISTEN)
        errors, self.errors = [*self.errors, *faults], []
        return errors


@asynccontextmanager
async def watching(address: str) -> AsyncIterator[Viewer]:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1000, "height": 700}, bypass_csp=True)
        await page.add_init_script(path=Path(__file__).with_name("viewer.js"))
        viewer = Viewer(page)
        await viewer.open(address)
        yield viewer


async def _apart(session: aiohttp.ClientSession, server: Served) -> float | None:
    """The furthest that sound lies from picture, in seconds."""
    media = [await newest_segments(session, server, each, SEGMENTS) for each in ("360p", "audio")]
    flashes, beeps = await asyncio.gather(
        asyncio.to_thread(flashes_of, media[0]), asyncio.to_thread(beeps_of, media[1])
    )
    return max(offsets_of(flashes, beeps), key=abs, default=None)


async def measure(chosen: dict[str, Fault]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        await asyncio.to_thread(write_sample, show, SampleShow(640, 360, Fraction(RATE), Fraction(SHOW_SECONDS)))
        settings = f'backup_key = "{BACKUP_KEY}"\n'
        async with (
            served(folder, LADDER, window=60, settings=settings) as server,
            aiohttp.ClientSession() as session,
        ):
            stage = Stage(show, server)
            try:
                await stage.publish()
                broadcast = (await server.live())["broadcast"]
                async with watching(f"{server.http}/watch/{CHANNEL}") as viewer:
                    await _measure_all(chosen, stage, viewer, session)
                assert (await server.live())["broadcast"] == broadcast, "another broadcast has begun"
            finally:
                await stage.close()


async def _measure_all(chosen: dict[str, Fault], stage: Stage, viewer: Viewer, session: aiohttp.ClientSession) -> None:
    print("| fault | longest still picture | errors | sound off the picture |\n|---|---|---|---|")
    for title, fault in chosen.items():
        await asyncio.sleep(SETTLING)
        await viewer.take_errors()
        since = await viewer.now()
        await fault(stage)
        await asyncio.sleep(AFTER)
        still, errors = await viewer.longest_still(since), await viewer.take_errors()
        apart = await _apart(session, stage.server)
        told = "; ".join(f"{len(list(same))} x {what}" for what, same in itertools.groupby(sorted(errors))) or "none"
        sound = "?" if apart is None else f"{1000 * apart:+.0f} ms"
        print(f"| {title} | {1000 * still:.0f} ms | {told} | {sound} |", flush=True)
        playlist = await (await session.get(f"{stage.server.http}/hls/{CHANNEL}/360p/index.m3u8")).text()
        gone = re.search("DISCONTINUITY-SEQUENCE:([0-9]+)", playlist)
        assert gone is not None, playlist
        assert "ENDLIST" not in playlist, playlist
        assert int(gone[1]) + playlist.count("#EXT-X-DISCONTINUITY\n") == stage.restarts, playlist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name has this word")
    word = parser.parse_args().only
    asyncio.run(measure({title: fault for title, fault in FAULTS.items() if word in title}))


if __name__ == "__main__":
    main()
