"""All that a player would fetch of an ended broadcast, taken apart with our own box reader and av."""

import asyncio
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise, repeat

import av
import numpy as np
from aiohttp import ClientSession

from vitrine.ingest.sample import cells, flash
from vitrine.packager.cmaf.box import Box, read_boxes
from vitrine.packager.part import PRODUCTS

MOST_HELD = 60
"""Pictures. A program that publishes is late by itself where a machine is busy enough, and its picture stands still for
a moment: the last one is repeated in the place of those that are late. So is the show's last one under longer sound.
"""


def check_unbroken(numbers: Sequence[int | None], length: int | None = None) -> None:
    """One picture of the sample show after another, from 0; in a loop `length` long, if any. See MOST_HELD."""
    shown = [number for number in numbers if number is not None]
    assert shown == list(numbers), "the slate was shown"
    laps = accumulate((later < earlier for earlier, later in pairwise(shown)), initial=False) if length else repeat(0)
    shown = [number + lap * (length or 0) for number, lap in zip(shown, laps, strict=False)]
    assert shown == sorted(shown)
    assert shown[0] == 0
    held = len(shown) - len(set(shown))
    assert held <= MOST_HELD
    if not held:
        assert shown == list(range(len(shown)))


@dataclass(frozen=True)
class Fragment:
    """Times in ticks of the track."""

    decode_time: int
    durations: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.decode_time + sum(self.durations)


@dataclass
class RenditionRecording:
    """`segments` are (EXTINF as text, bytes) in the order of the playlist."""

    name: str
    playlist: str
    init: bytes
    first_msn: int
    segments: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def timescale(self) -> int:
        moov = next(box for box in read_boxes(self.init) if box.kind == b"moov")
        mdhd = moov.find(b"trak", b"mdia", b"mdhd").body
        at = 20 if mdhd[0] else 12
        return int.from_bytes(mdhd[at : at + 4], "big")

    def fragments(self, segment: int) -> list[Fragment]:
        return [_fragment(box) for box in read_boxes(self.segments[segment][1]) if box.kind == b"moof"]

    @property
    def starts(self) -> list[Fraction]:
        """Seconds at which each segment begins."""
        return [Fraction(self.fragments(index)[0].decode_time, self.timescale) for index in range(len(self.segments))]

    def container(self) -> av.container.InputContainer:
        media = self.init + b"".join(data for _, data in self.segments)
        return av.open(io.BytesIO(media), "r")

    def pictures(self) -> list[tuple[Fraction, np.ndarray]]:
        """Presentation time in seconds, and luma, of every picture."""
        with self.container() as container:
            return [
                (Fraction(frame.pts) * frame.time_base, frame.to_ndarray(format="gray"))
                for frame in container.decode(video=0)
                if frame.pts is not None and frame.time_base is not None
            ]

    def numbers(self) -> list[int | None]:
        """The number on every picture of the sample show."""
        return [cells.read(luma) for _, luma in self.pictures()]

    def flashes(self) -> list[Fraction]:
        return [at for at, luma in self.pictures() if flash.is_lit(luma)]

    def sound(self) -> np.ndarray:
        """The left channel from programme time 0, 48000 samples a second."""
        with self.container() as container:
            return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def _fragment(moof: Box) -> Fragment:
    traf = moof.find(b"traf")
    decode_time = int.from_bytes(traf.find(b"tfdt").body[4:12], "big")
    tfhd, trun = traf.find(b"tfhd").body, traf.find(b"trun").body
    flags, count = int.from_bytes(trun[1:4], "big"), int.from_bytes(trun[4:8], "big")
    default = _default_duration(tfhd)
    at = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    fields = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    durations = []
    for _ in range(count):
        durations.append(int.from_bytes(trun[at : at + 4], "big") if fields[0] else default)
        at += 4 * sum(fields)
    return Fragment(decode_time, tuple(durations))


def _default_duration(tfhd: bytes) -> int:
    flags = int.from_bytes(tfhd[1:4], "big")
    at = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    return int.from_bytes(tfhd[at : at + 4], "big") if flags & 0x8 else 0


async def record(http: ClientSession, channel: str = "show") -> dict[str, RenditionRecording]:
    """Fetch every rendition of picture and sound that the multivariant playlist names, whole."""
    base = f"/hls/{channel}/"
    async with http.get(base + "index.m3u8") as response:
        multivariant = await response.text()
    names = dict.fromkeys(re.findall(r'(?:^|URI=")([\w-]+)/index\.m3u8', multivariant, re.MULTILINE))
    return {name: await _record(http, base, name) for name in names if name != PRODUCTS}


async def _record(http: ClientSession, base: str, name: str) -> RenditionRecording:
    folder = f"{base}{name}/"

    async def fetch(file: str) -> bytes:
        async with http.get(folder + file) as response:
            assert response.status == 200, file
            return await response.read()

    # A channel has ended a moment before its playlists say so.
    while not (playlist := (await fetch("index.m3u8")).decode()).endswith("#EXT-X-ENDLIST\n"):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    init = re.search(r'#EXT-X-MAP:URI="([^"]+)"', playlist)
    first = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist)
    assert init is not None
    assert first is not None
    recording = RenditionRecording(name, playlist, await fetch(init[1]), int(first[1]))
    for duration, file in re.findall(r"#EXTINF:([\d.]+),\n(\S+)", playlist):
        recording.segments.append((duration, await fetch(file)))
    return recording
