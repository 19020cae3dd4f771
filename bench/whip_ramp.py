"""How soon Chromium sends as much as its encoder may, and what it makes of a network that loses or delays.

    python -m bench.whip_ramp [--seconds 20] [--kbps 4000] [--loss 0] [--delay 0] [--codec H264]

A camera of 1280x720 whose noisy picture fills any bitrate; the page asks for `--kbps` at most. Each second it tells
what it believes that the network carries, what its encoder is to make of that, and what it sent.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.chromium import chromium, filming
from bench.served import child
from bench.whip_relay import LossyRelay, loopback_port, with_only_candidate
from bench.whip_served import answering
from vitrine.ingest.whip.answer import complete_answer
from vitrine.ingest.whip.events import PeerEvent
from vitrine.ingest.whip.offer import read_offer
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.settings import PeerSettings

PUBLISHER = Path(__file__).with_name("publisher.js")
NOISE = "testsrc2=s=1280x720:r=30,noise=alls=8:allf=t"


async def write_camera(path: Path) -> None:
    command = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", NOISE, "-t", "2", "-pix_fmt", "yuv420p", str(path))
    async with child(*command) as ffmpeg:
        await ffmpeg.wait()


async def measure(seconds: int, kbps: int, loss: float, delay: float, codec: str) -> None:
    relays: list[LossyRelay] = []
    pool = await PeerPool.start(PeerSettings(loopback=True))

    async def answer(text: str, heard: object) -> str:
        offer = read_offer(text.encode())
        peer = await pool.open(offer.text, _ignore)
        completed = complete_answer(peer.answer, offer)
        relays.append(LossyRelay(loss, delay))
        port = await relays[-1].start(("127.0.0.1", loopback_port(completed)))
        return with_only_candidate(completed, port)

    try:
        with tempfile.TemporaryDirectory() as folder:
            camera = Path(folder) / "camera.y4m"
            await write_camera(camera)
            async with answering(answer, _ignore) as url, chromium(*filming(camera)) as browser:
                page = await browser.new_page()
                await page.add_init_script(path=PUBLISHER)
                await page.goto(url)
                await page.evaluate("(how) => publish(how)", {"path": "/", "key": "", "kbps": kbps, "codec": codec})
                print("| s | network, kbit/s | encoder | sent | sent again | pictures | keyframes | width |")
                print("|---|---|---|---|---|---|---|---|")
                before: Mapping[str, object] = {}
                for second in range(1, seconds + 1):
                    await asyncio.sleep(1)
                    told = await page.evaluate("() => told()")
                    print(f"| {second} | {_row(told, before)} |", flush=True)
                    before = told
    finally:
        for relay in relays:
            relay.close()
        await pool.close()


def _row(told: Mapping[str, object], before: Mapping[str, object]) -> str:
    def rate(name: str) -> str:
        return f"{(int(str(told.get(name, 0))) - int(str(before.get(name, 0)))) / 125:.0f}"

    def kilo(name: str) -> str:
        value = told.get(name)
        return "-" if value is None else f"{float(str(value)) / 1000:.0f}"

    def count(name: str) -> str:
        return str(int(str(told.get(name, 0))) - int(str(before.get(name, 0))))

    shown = (kilo("network"), kilo("targetBitrate"), rate("bytesSent"), rate("retransmittedBytesSent"))
    return " | ".join((*shown, count("framesSent"), count("keyFramesEncoded"), str(told.get("frameWidth", "-"))))


def _ignore(event: PeerEvent) -> None:
    """Nothing is made of the media."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--kbps", type=int, default=4000)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds one way")
    parser.add_argument("--codec", choices=("H264", "VP8"), default="H264")
    given = parser.parse_args()
    asyncio.run(measure(given.seconds, given.kbps, given.loss, given.delay, given.codec))


if __name__ == "__main__":
    main()
