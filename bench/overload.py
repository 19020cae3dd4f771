"""A transcoder that gets half of a core: how far encoding falls behind, what is given up, what viewers notice.

python -m bench.overload [--cores 0.5] [--seconds 30] [--after 60]

The whole ladder of a 1080p30 show; hls.js in Chromium plays it and reads the number on each frame. The transcoder is
stopped and let go in turns, as a container's quota does, and then let go for good.
"""

import argparse
import asyncio
import itertools
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import psutil
from playwright.async_api import Page

from bench.chromium import chromium
from bench.screen import STALL
from bench.served import CHANNEL, Served, child, served
from bench.starved import starved
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.transcode.ladder import AUDIO_NAME

LADDER = (("1080p", 1080, 5000), ("720p", 720, 2800), ("480p", 480, 1400), ("360p", 360, 800))
SHOW_SECONDS = 20
SETTLING = 12
"""Seconds before the transcoder is held back."""

LOOKS = 4
"""A second."""


@dataclass(frozen=True)
class Look:
    """At one instant: seconds since the start, the newest picture's age in the lowest rendition, the newest sound's,
    and the health.
    """

    at: float
    age: float
    sound: float
    cpu: float
    lag: int
    shed: tuple[str, ...]
    skipped: int
    lost: int


@dataclass
class Watched:
    begin: float
    looks: list[Look] = field(default_factory=list)

    async def watch(self, server: Served, worker: psutil.Process) -> None:
        """Look until cancelled, and print what is seen each second."""
        for number in itertools.count():
            times = worker.cpu_times()
            health = (await asyncio.to_thread(server.state))["health"]
            assert isinstance(health, dict)
            look = Look(
                time.time() - self.begin,
                await asyncio.to_thread(newest_age, server, LADDER[-1][0]),
                await asyncio.to_thread(newest_age, server, AUDIO_NAME),
                times.user + times.system,
                health["encode_lag_ms"],
                tuple(health["shed"]),
                health["frames_skipped"],
                health["units_dropped"],
            )
            self.looks.append(look)
            if number % LOOKS == 0:
                self._tell(look)
            await asyncio.sleep(1 / LOOKS)

    def _tell(self, look: Look) -> None:
        before = self.looks[-LOOKS - 1] if len(self.looks) > LOOKS else self.looks[0]
        cores = (look.cpu - before.cpu) / max(0.01, look.at - before.at)
        ages = f"newest part {look.age:4.2f} s old, of sound {look.sound:4.2f} s"
        told = f"{look.at:6.1f} s  {cores:4.2f} cores  lag {look.lag:4d} ms  {ages}"
        print(f"{told}  {look.skipped} skipped  {', '.join(look.shed) or 'nothing given up'}", file=sys.stderr)

    def between(self, begin: float, end: float) -> list[Look]:
        return [look for look in self.looks if begin <= look.at < end]


def newest_age(server: Served, rendition: str) -> float:
    """How long ago the last frame of the newest part was captured, by the date that the playlist gives it."""
    address = f"{server.http}/hls/{CHANNEL}/{rendition}/index.m3u8"
    with urllib.request.urlopen(address, timeout=5) as response:
        text = response.read().decode()
    date, tail = re.split(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)\n", text)[-2:]
    length = sum(map(float, re.findall(r"#EXT-X-PART:DURATION=([\d.]+)", tail)))
    if not length:
        length = sum(map(float, re.findall(r"#EXTINF:([\d.]+)", tail)))
    return time.time() - datetime.fromisoformat(date).timestamp() - length


@asynccontextmanager
async def viewer(server: Served) -> AsyncIterator[Page]:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1920, "height": 1200}, bypass_csp=True)
        await page.add_init_script(path=Path(__file__).with_name("viewer.js"))
        await page.goto(f"{server.http}/watch/{CHANNEL}")
        yield page


async def measure(cores: float, seconds: int, after: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(1920, 1080, Fraction(30), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server:
            camera = (sys.executable, "-m", "bench.camera", str(show), server.rtmp, CHANNEL)
            async with child(*camera), asyncio.TaskGroup() as tasks:
                await server.live()
                watched = Watched(time.time())
                (worker,) = (each for each in server.process.children() if is_worker(each))
                async with viewer(server) as page:
                    watching = tasks.create_task(watched.watch(server, worker))
                    await asyncio.sleep(SETTLING)
                    begin = time.time() - watched.begin
                    with starved(worker, itertools.repeat(cores)):
                        await asyncio.sleep(seconds)
                    end = time.time() - watched.begin
                    await asyncio.sleep(after)
                    shown = await page.evaluate("window.shown")
                    watching.cancel()
    report(watched, begin, end, [(at / 1000 - watched.begin, int(height)) for _, at, height in shown])


def is_worker(process: psutil.Process) -> bool:
    return "vitrine.transcode.worker" in process.cmdline()


def report(watched: Watched, begin: float, end: float, shown: list[tuple[float, int]]) -> None:
    before, during, later = (
        watched.between(*span) for span in ((begin - SETTLING / 2, begin), (begin, end), (end, float("inf")))
    )
    used = (during[-1].cpu - during[0].cpu) / (during[-1].at - during[0].at)
    usual = sum(look.age for look in before) / len(before)
    sound = max(look.sound for look in (*during, *later))
    steps = list(dict.fromkeys(step for look in during for step in look.shed))
    back = next((look.at - end for look in later if not look.shed), None)
    stalls = [(at, then - at) for (at, _), (then, _) in itertools.pairwise(shown) if at > begin and then - at > STALL]
    heights = [height for height, _ in itertools.groupby(height for at, height in shown if at > begin - 1)]
    wanted = (before[-1].cpu - before[0].cpu) / (before[-1].at - before[0].at)
    print(
        "| cores wanted, given | worst lag | newest part's age before, at worst, of sound at worst | given up | lost "
        "| all back after |"
    )
    print("|---|---|---|---|---|---|")
    print(
        f"| {wanted:.2f}, {used:.2f} | {max(look.lag for look in (*during, *later)) / 1000:.2f} s "
        f"| {usual:.2f}, {max(look.age for look in (*during, *later)):.2f}, {sound:.2f} s "
        f"| {'; '.join(steps) or 'nothing'} "
        f"| {during[-1].lost} | {'not' if back is None else f'{back:.0f} s'} |"
    )
    told = ", ".join(f"{length:.2f} s at {at - begin:.0f} s" for at, length in stalls) or "none"
    print(f"\nIn Chromium: heights {heights}, stalls over {STALL} s: {told}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=float, default=0.5)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--after", type=int, default=60)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.cores, arguments.seconds, arguments.after))


if __name__ == "__main__":
    main()
