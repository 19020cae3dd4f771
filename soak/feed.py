"""`python -m soak.feed FILE URL KEY KIND`: an RTMP publisher with something wrong with it, paced like a camera.

KIND is what becomes of its stamps, or of its bytes: see KINDS. It goes on until it is ended.
"""

import asyncio
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vitrine.ingest.file.pace import Pacer
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.media.access_unit import AccessUnit

WRAP = 1 << 31
"""Milliseconds at which encoders' stamps wrap."""

EVERY = 4.0
"""Seconds between two faults."""

DAMAGED = 0.02
"""Of access units."""

Shift = Callable[[float], float]
"""Milliseconds that are added to the stamps at a time in seconds."""

KINDS: dict[str, Shift] = {
    "jump": lambda at: 3_600_000.0 * (at // EVERY),
    "back": lambda at: -500.0 * ((at // EVERY) % 2),
    "far-back": lambda at: 3_600_000.0 if at < EVERY else 0.0,
    "wrap": lambda at: WRAP - 1000 * EVERY,
    "slower": lambda at: at,  # by 1001/1000: 29.97 frames a second of a track that states 30
    "jitter": lambda at: random.uniform(-60, 60),
    "damage": lambda at: 0.0,
}


async def publish(file: Path, url: str, key: str, kind: str) -> None:
    reader, pacer, chance = FileReader(file), Pacer(), random.Random(1)
    scales = {track.id: track.timescale for track in reader.tracks}
    async with await RtmpPeer.connect(url, key) as publisher:
        for track in reader.tracks:
            publisher.add_track(track)
        for number, unit in enumerate(reader.repeated()):
            at = Fraction(unit.dts, scales[unit.track_id])
            await asyncio.sleep(pacer.delay(time.monotonic(), at))
            if kind == "damage" and number > 100 and chance.random() < DAMAGED:
                sent = replace(unit, data=_damaged(unit.data, chance))
            else:
                sent = unit
            await publisher.push(_shifted(sent, KINDS[kind](float(at)), scales[unit.track_id]))


def _shifted(unit: AccessUnit, milliseconds: float, timescale: int) -> AccessUnit:
    shift = round(milliseconds * timescale / 1000)
    return replace(unit, dts=unit.dts + shift, pts=unit.pts + shift)


def _damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bytes are others; lengths of NAL units may be among them."""
    damaged = bytearray(data)
    for _ in range(min(3, len(damaged))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


if __name__ == "__main__":
    asyncio.run(publish(Path(sys.argv[1]), *sys.argv[2:5]))
