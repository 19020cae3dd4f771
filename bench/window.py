"""Hours of a window: what a part, a playlist and a delta update cost, and the memory, while it fills and when it rolls.

    python -m bench.window [--hours 4]

Two small rungs and sound, really encoded but the same ten seconds again and again, go through the packager and the
store on disk that `vitrine serve` has, as fast as that goes; a product changes every 20 s. What leaves the list can be
fetched for as long again (section 6.2.2 of the draft), so after two windows as many files go as come: an hour later the
show goes on at its own pace, and `vitrine check` watches it.
"""

import argparse
import asyncio
import gzip
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import psutil
import uvloop
from aiohttp import web

from bench.served import child
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.origin.gzipped import LEVEL
from vitrine.origin.hls import Hls
from vitrine.origin.listener import Listener
from vitrine.origin.stream import LiveStream
from vitrine.overlay.ledger import Entry, Ledger
from vitrine.packager.packager import Packager
from vitrine.packager.window import Skip
from vitrine.server.commands.serve import collect_rarely
from vitrine.server.segment_files import SegmentFiles

GRID = Grid(Fraction(30))
CLIP_SECONDS = 10
SIZES = {"108p": (192, 108), "96p": (176, 96)}
CUE_SECONDS = 20
WRITTEN = 10
"""Segments of each rendition that may wait to be written: together fewer than the store lets wait."""

MEASURED = 60 * GRID.rate
"""Frames in which every part is measured."""


@dataclass(frozen=True)
class Clip:
    """One rendition, and the access units that it repeats, one a frame."""

    rendition: Rendition
    units: list[bytes]


def clips(folder: Path) -> list[Clip]:
    made = []
    for number, (name, (width, height)) in enumerate(SIZES.items(), start=1):
        file = folder / f"{name}.mp4"
        write_sample(file, SampleShow(width, height, GRID.rate, Fraction(CLIP_SECONDS)))
        reader = FileReader(file)
        pictures, sound = (reader.tracks[0], reader.tracks[1])
        units = [unit for unit in reader if unit.track_id == pictures.id][: int(CLIP_SECONDS * GRID.rate)]
        track = VideoTrack(number, Codec.H264, VIDEO_TIMESCALE, pictures.config, width, height, rate=GRID.rate)
        made.append(_clip(name, track, [unit.data for unit in units], int(2 * GRID.rate)))
    blocks = [unit.data for unit in reader if unit.track_id == sound.id][2:-2]
    heard = AudioTrack(len(SIZES) + 1, Codec.AAC, AUDIO_RATE, sound.config, AUDIO_RATE, 2)
    return [*made, _clip("audio", heard, blocks, AUDIO_RATE * 2 // AAC_FRAME)]


def _clip(name: str, track: VideoTrack | AudioTrack, units: list[bytes], segment: int) -> Clip:
    """With the bits a second that it has, on average and in its largest segment of so many units."""
    seconds = segment / GRID.rate if isinstance(track, VideoTrack) else Fraction(segment * AAC_FRAME, AUDIO_RATE)
    doubled = units + units
    largest = max(sum(map(len, doubled[start : start + segment])) for start in range(len(units)))
    average = sum(map(len, units)) * segment / len(units)
    return Clip(Rendition(name, track, int(average * 8 / seconds), int(largest * 8 / seconds)), units)


class Show:
    """The broadcast, frame by frame."""

    def __init__(self, folder: Path, hours: float) -> None:
        self.clips = clips(folder)
        self.ledger = Ledger()
        self.store = SegmentFiles(folder / "show" / "b1", "show")
        window = int(hours * 3600)
        start = time.time_ns() - int((2 * hours + 1) * 3600e9)
        renditions = [clip.rendition for clip in self.clips]
        self.stream = LiveStream(Packager("b1", renditions, GRID, start, window, cues=self.ledger, store=self.store))
        self.frame = self.block = 0

    def step(self) -> None:
        """One more frame, and the sound that goes with it. Now and then it waits for the files to be written."""
        if self.frame % (CUE_SECONDS * GRID.rate) == 0:
            number = len(self.ledger.entries) + 1
            entry = Entry(number, self.frame, "show", (f"WM-{number:04}",), 1, time.time_ns())
            self.ledger.append(entry)
        tick = GRID.tick(self.frame)
        for clip in self.clips[:-1]:
            data = clip.units[self.frame % len(clip.units)]
            unit = AccessUnit(clip.rendition.track.id, tick, tick, GRID.starts_segment(self.frame), data)
            self.stream.push(unit)
        self.frame += 1
        sound = self.clips[-1]
        while self.block * AAC_FRAME * GRID.rate <= self.frame * AUDIO_RATE:
            at = self.block * AAC_FRAME
            data = sound.units[self.block % len(sound.units)]
            self.stream.push(AccessUnit(sound.rendition.track.id, at, at, True, data))
            self.block += 1
        if self.frame % (WRITTEN * GRID.frames_per_segment) == 0:
            self.store.wait()  # at the show's own pace the disk has two seconds for each segment


@dataclass
class Costs:
    """Of the parts in one minute: milliseconds each, and bytes of the last playlists, plain and as gzip."""

    step: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    delta: list[float] = field(default_factory=list)
    sizes: tuple[int, int, int, int] = (0, 0, 0, 0)


def _timed(of: Callable[[], object]) -> float:
    before = time.perf_counter()
    of()
    return (time.perf_counter() - before) * 1000


def fill(show: Show, hours: float, folder: Path) -> Iterator[tuple[str, Costs, float, int]]:
    """Of the first minute and of the last of some hours: its name, the costs, memory in MB, files on disk."""
    server = psutil.Process()
    first = next(iter(SIZES))
    turns = [("first minute", int(MEASURED))]
    after = sorted({1.0, hours / 2, hours, 2 * hours, 2 * hours + 1})
    turns += [(f"{hour:g} h", int(hour * 3600 * GRID.rate)) for hour in after]
    for name, end in turns:
        while show.frame < end - MEASURED:
            show.step()
        costs = Costs()
        while show.frame < end:
            position = show.stream.packager.windows[first].position
            took = _timed(show.step)
            if show.stream.packager.windows[first].position != position:
                _measure(show, first, costs)
                if show.frame % (WRITTEN * GRID.frames_per_segment):
                    costs.step.append(took)
        files = sum(1 for _ in folder.rglob("*.*"))
        yield name, costs, server.memory_info().rss / 1e6, files


def _measure(show: Show, name: str, costs: Costs) -> None:
    """What the first who asks for the new part pays for all: the text and its compression."""
    window = show.stream.packager.windows[name]
    whole: list[bytes] = []
    delta: list[bytes] = []

    def make(skip: Skip, into: list[bytes]) -> None:
        text = window.playlist(skip).encode()
        into += [text, gzip.compress(text, LEVEL)]

    costs.whole.append(_timed(lambda: make(Skip.NO, whole)))
    costs.delta.append(_timed(lambda: make(Skip.V2, delta)))
    costs.sizes = len(whole[0]), len(whole[1]), len(delta[0]), len(delta[1])


async def check(show: Show, seconds: int) -> str:
    """The last line of `vitrine check`, which watches while the show goes on."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    assert runner.server is not None
    listener = Listener(Hls(lambda _channel: [show.stream]), runner.server)
    url = f"http://127.0.0.1:{await listener.listen('127.0.0.1', 0)}/hls/show/index.m3u8"
    command = (sys.executable, "-m", "vitrine.server", "check", url, "--seconds", str(seconds), "--quiet")
    async with child(*command) as process, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(_play(show))
        said = (await process.communicate())[0].decode()
        playing.cancel()
    await listener.close()
    await runner.cleanup()
    return said.strip()


async def _play(show: Show) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for count in itertools.count():
        await asyncio.sleep(max(0.0, begun + count / 30 - loop.time()))
        show.step()


async def measure(hours: float, watched: int) -> None:
    collect_rarely()
    with tempfile.TemporaryDirectory() as folder:
        show = Show(Path(folder), hours)
        print(
            "| after | frame with a part: p50, worst | playlist | bytes, gzip | delta | bytes, gzip | memory | files |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name, costs, memory, files in fill(show, hours, Path(folder) / "show"):
            whole, whole_gz, delta, delta_gz = costs.sizes
            row = [name, f"{statistics.median(costs.step):.2f}, {max(costs.step):.2f} ms"]
            row += [f"{statistics.median(costs.whole):.2f} ms", f"{whole}, {whole_gz}"]
            row += [f"{statistics.median(costs.delta):.2f} ms", f"{delta}, {delta_gz}", f"{memory:.0f} MB", str(files)]
            print(f"| {' | '.join(row)} |", flush=True)
        print(f"\nvitrine check, {watched} s of it:\n\n{await check(show, watched)}")
        show.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=4, help="the window's")
    parser.add_argument("--watched", type=int, default=15, help="seconds that vitrine check watches")
    arguments = parser.parse_args()
    uvloop.run(measure(arguments.hours, arguments.watched))


if __name__ == "__main__":
    main()
