"""Cards on the wire: on which picture each carrier puts each change, in every rendition."""

import asyncio
import io
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import aiohttp
import av
import numpy as np

from bench.crew import Crew
from bench.served import CHANNEL, STARTING_TIME, Served, child, served
from vitrine.ingest.sample import cells
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.packager.cmaf.box import read_boxes
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.id3 import UserText

LADDER = (("360p", 360, 800), ("180p", 180, 250))
SHOW_SECONDS = 24
PRODUCTS = ("WM-4411", "花瓶", "مصباح", "👩‍🍳 pan", 'say "no" %')
FIRST = Fraction(5)
"""Seconds of programme time at which the first cue stands: all are commanded by then."""

EVERY = Fraction(137, 100)
"""Seconds between cues: they fall on every phase of a part and of a segment."""

Intervals = list[tuple[Fraction, Fraction | None, str]]
"""Start and end in seconds of programme time, and the product."""


async def measure(rate: Fraction) -> dict[str, list[float]]:
    """Errors in pictures of every change in every rendition, by carrier."""
    with tempfile.TemporaryDirectory() as name:
        show = Path(name) / "show.mp4"
        write_sample(show, SampleShow(640, 360, rate, Fraction(SHOW_SECONDS)))
        async with served(Path(name), LADDER) as server, aiohttp.ClientSession(server.http) as session:
            push = (sys.executable, "-m", "vitrine.server", "push", str(show), server.rtmp, "--key", CHANNEL, "--quiet")
            async with child(*push) as publisher:
                await server.live()
                crew = Crew(server.http, rate, session)
                await _command(crew)
                await asyncio.wait_for(publisher.wait(), SHOW_SECONDS + STARTING_TIME)
                await server.reaches("ended")
                return await _errors(server, session, crew)


async def _command(crew: Crew) -> None:
    """One product, two, none, in turn."""
    for count in range(int((SHOW_SECONDS - FIRST - 1) / EVERY)):
        frame = int((FIRST + count * EVERY) * crew.rate)
        names = [] if count % 5 == 4 else [PRODUCTS[count % 4]] if count % 2 else [PRODUCTS[count % 3], PRODUCTS[4]]
        await crew.show(*names, frame=frame)


async def _errors(served: Served, session: aiohttp.ClientSession, crew: Crew) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for name, _, _ in LADDER:
        text, media = await _fetched(session, name)
        numbers = _numbers(media)
        found["emsg"] += _compared(_stamped(media), numbers, crew)
        found["EXT-X-DATERANGE"] += _compared(_changes(_ranges(text), crew.rate), numbers, crew)
        text, subtitles = await _fetched(session, "products")
        found["WebVTT"] += _compared(_changes(_texts(subtitles.decode()), crew.rate), numbers, crew)
    return found


async def _fetched(session: aiohttp.ClientSession, rendition: str) -> tuple[str, bytes]:
    """A rendition's playlist, and its media from the first segment to the last."""
    base = f"/hls/{CHANNEL}/{rendition}/"
    async with session.get(base + "index.m3u8") as response:
        text = await response.text()
    names = re.findall(r'^#EXT-X-MAP:URI="([^"]+)"', text, re.MULTILINE)
    names += re.findall(r"^#EXTINF.*\n(.+)$", text, re.MULTILINE)
    media = []
    for name in names:
        async with session.get(base + name) as response:
            media.append(await response.read())
    return text, b"\n".join(media) if rendition == "products" else b"".join(media)


def _numbers(media: bytes) -> dict[Fraction, int]:
    """The number on each picture, by its time in the media."""
    numbers = {}
    with av.open(io.BytesIO(media), "r") as container:
        for picture in container.decode(video=0):
            number = cells.read(picture.to_ndarray()[: picture.height, : picture.width].astype(np.uint8))
            if number is None or picture.pts is None or picture.time_base is None:
                raise RuntimeError("A picture's number cannot be read")
            numbers[picture.pts * picture.time_base] = number
    return numbers


Changes = list[tuple[Fraction, list[str]]]


def _stamped(media: bytes) -> Changes:
    """The changes among the stamps: each segment repeats what holds."""
    changes: Changes = []
    for box in read_boxes(media):
        if box.kind == b"emsg":
            event = Emsg.decode(box)
            value = json.loads(UserText.decode(event.data).value)
            products = sorted(each["p"] for each in value["on"])
            if not changes or changes[-1][1] != products:
                changes.append((Fraction(event.presentation_time, event.timescale), products))
    return changes


def _ranges(text: str) -> Intervals:
    found = re.search(r"^#EXT-X-PROGRAM-DATE-TIME:(.+)$", text, re.MULTILINE)
    assert found is not None
    start = datetime.fromisoformat(found[1])
    intervals: Intervals = []
    for line in re.findall(r"^#EXT-X-DATERANGE:(.+)$", text, re.MULTILINE):
        values = {key: value.strip('"') for key, value in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line)}
        product = values["X-PRODUCT"].replace("%22", '"').replace("%7B", "{").replace("%25", "%")
        first, end = (
            Fraction((datetime.fromisoformat(values[name]) - start).total_seconds()) if name in values else None
            for name in ("START-DATE", "END-DATE")
        )
        assert first is not None
        intervals.append((first, end, product))
    return intervals


def _texts(text: str) -> Intervals:
    """A cue runs through all segments that it is in, each with the whole of its time or a piece."""
    cues: dict[str, tuple[Fraction, Fraction, str]] = {}
    for cue, first, end, title in re.findall(r"^(c\S+?)(?:/\d+)?\n(\S+) --> (\S+)\n(.+)$", text, re.MULTILINE):
        name = title.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        known = cues.get(cue, (_seconds(first), _seconds(end), name))
        cues[cue] = min(known[0], _seconds(first)), max(known[1], _seconds(end)), name
    return list(cues.values())


def _seconds(text: str) -> Fraction:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def _changes(intervals: Intervals, rate: Fraction) -> Changes:
    """What intervals, told to the millisecond, put on show at each picture where it changes."""
    frames = [
        (round(first * rate), None if end is None else round(end * rate), product) for first, end, product in intervals
    ]
    edges = sorted({edge for first, end, _ in frames for edge in (first, end) if edge is not None})
    changes: Changes = []
    for edge in edges:
        products = sorted(name for first, end, name in frames if first <= edge and (end is None or edge < end))
        if not changes or changes[-1][1] != products:
            changes.append((edge / rate, products))
    return changes


def _compared(changes: Changes, numbers: Mapping[Fraction, int], crew: Crew) -> list[float]:
    """For each change that was commanded: pictures between the one meant and the one that the carrier names."""
    times = sorted(numbers)
    named = [(numbers[_nearest(times, time)], products) for time, products in changes]
    return [
        float(min((number - meant for number, told in named if told == products), key=abs, default=crew.rate))
        for meant, products in crew.frames.items()
    ]


def _nearest(times: Sequence[Fraction], time: Fraction) -> Fraction:
    return min(_around(times, time), key=lambda each: abs(each - time))


def _around(times: Sequence[Fraction], time: Fraction) -> Iterable[Fraction]:
    return [each for each in times if abs(each - time) < 1] or times[-1:]
