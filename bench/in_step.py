"""How far the sound of a sample show lies from its picture, in what a player would fetch."""

import io
import re

import aiohttp
import av
import numpy as np

from bench.served import CHANNEL, Served
from vitrine.ingest.sample import flash

LOUD = 0.15
"""Between the beep's 0.35 and the peaks of the chords under it, which come to 0.05."""

QUIET = 0.2
"""Seconds of silence before a beep begins."""

NEAR = 0.5
"""Seconds within which a beep belongs to a flash: there is one of each a second."""


async def newest_segments(session: aiohttp.ClientSession, server: Served, name: str, count: int) -> io.BytesIO:
    """The newest whole segments of a rendition, behind their initialization."""
    folder = f"{server.http}/hls/{CHANNEL}/{name}/"

    async def fetch(file: str) -> bytes:
        async with session.get(folder + file) as response:
            return await response.read()

    playlist = (await fetch("index.m3u8")).decode()
    init = re.search(r'#EXT-X-MAP:URI="([^"]+)"', playlist)
    assert init is not None
    segments = re.findall(r"#EXTINF:[\d.]+,\n(\S+)", playlist)[-count:]
    return io.BytesIO(await fetch(init[1]) + b"".join([await fetch(each) for each in segments]))


def flashes_of(media: io.BytesIO) -> list[float]:
    """Seconds at which a flash begins."""
    times, lit = [], True
    with av.open(media, "r") as container:
        for frame in container.decode(video=0):
            now = flash.is_lit(frame.to_ndarray(format="gray").astype(np.uint8))
            if now and not lit:
                times.append(float(frame.time or 0))
            lit = now
    return times


def beeps_of(media: io.BytesIO) -> list[float]:
    """Seconds at which a beep begins."""
    times, quiet_since = [], None
    with av.open(media, "r") as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray()[0]) > LOUD
            begin = float(frame.time or 0)
            if loud.any():
                at = begin + int(np.argmax(loud)) / frame.sample_rate
                if quiet_since is not None and at - quiet_since > QUIET:
                    times.append(at)
                quiet_since = begin + (len(loud) - int(np.argmax(loud[::-1]))) / frame.sample_rate
            elif quiet_since is None:
                quiet_since = begin
    return times


def offsets_of(flashes: list[float], beeps: list[float]) -> list[float]:
    """Seconds by which the beep nearest to each flash comes after it; flashes without one are left out."""
    nearest = [min(beeps, key=lambda beep, at=at: abs(beep - at)) - at for at in flashes] if beeps else []  # type: ignore[misc]
    return [each for each in nearest if abs(each) < NEAR]
