"""What random loss on the way to the server does to a WebRTC broadcast.

    python -m bench.whip_loss [--minutes 5] [--loss 0 0.01 0.05] [--delay 0.025]

A 720p30 publisher at 3 Mbit/s that ignores requests for keyframes and makes one every 2 s, behind a relay that loses
datagrams both ways. A freeze is a hole of more than 0.5 s in the pictures that come out, by when they were captured; a
stall is as long a time in which no picture arrived.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.whip_clip import write_clip
from bench.whip_served import answering, cameras
from vitrine.ingest.whip.events import Measured, PeerEnded, PeerEvent
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.reception import AUDIO_ID, VIDEO_ID
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.access_unit import AccessUnit

FREEZE = 0.5


@dataclass
class Tally:
    shown: list[float] = field(default_factory=list)  # seconds
    arrived: list[float] = field(default_factory=list)
    sounds: list[int] = field(default_factory=list)
    measured: Measured | None = None
    ended: str | None = None

    def hear(self, event: PeerEvent) -> None:
        match event:
            case AccessUnit() if event.track_id == VIDEO_ID:
                self.shown.append(event.pts / 90_000)
                self.arrived.append(time.monotonic())
            case AccessUnit() if event.track_id == AUDIO_ID:
                self.sounds.append(event.pts)
            case Measured():
                self.measured = event
            case PeerEnded():
                self.ended = event.reason

    def row(self, minutes: float) -> str:
        freezes = sum(later - before > FREEZE for before, later in itertools.pairwise(self.shown))
        stalls = sum(later - before > FREEZE for before, later in itertools.pairwise(self.arrived))
        holes = sum(later - before > 960 for before, later in itertools.pairwise(self.sounds))
        delays = sorted(at - shown for at, shown in zip(self.arrived, self.shown, strict=True))
        late = 1000 * (delays[int(len(delays) * 0.99)] - delays[0])
        assert self.measured is not None
        counts = f"{self.measured.packets} | {self.measured.repaired} | {self.measured.lost}"
        return f"{counts} | {freezes / minutes:.2f} | {stalls / minutes:.2f} | {holes} | {late:.0f} ms"


async def measure(minutes: float, losses: list[float], delay: float) -> None:
    print(
        "| loss | packets | repaired | lost | freezes a minute | stalls a minute | holes in the sound | 99 % within |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.ts"
        await asyncio.to_thread(write_clip, clip, 1280, 720, 3000, 10)
        for loss in losses:
            tally = Tally()
            pool = await PeerPool.start(PeerSettings(loopback=True))
            try:
                await _film(pool, clip, tally, minutes, ("--loss", str(loss), "--delay", str(delay)))
            finally:
                await pool.close()
            print(f"| {loss:.0%} | {tally.row(minutes)} |", flush=True)


async def _film(pool: PeerPool, clip: Path, tally: Tally, minutes: float, options: tuple[str, ...]) -> None:
    async def answer(offer: str, heard: object) -> str:
        return (await pool.open(offer, tally.hear)).answer

    async with answering(answer, tally.hear) as url, cameras(clip, url, 1, "bench", *options):
        await asyncio.sleep(60 * minutes)
        if tally.ended is not None:
            raise RuntimeError(tally.ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--loss", type=float, nargs="+", default=[0, 0.01, 0.05])
    parser.add_argument("--delay", type=float, default=0.025)
    given = parser.parse_args()
    asyncio.run(measure(given.minutes, given.loss, given.delay))


if __name__ == "__main__":
    main()
