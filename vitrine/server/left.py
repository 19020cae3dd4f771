"""What a server that is gone left of its broadcasts: found, cut where all renditions end together, and written so."""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vitrine.media.errors import VitrineError
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.ticks import rescale
from vitrine.packager.part import PRODUCTS, Part, init_name, text_name
from vitrine.packager.past import READ, Kept, Past, Shelf, entry_of, settle
from vitrine.packager.programme import Programme
from vitrine.packager.published import Published, read_published
from vitrine.packager.run import Run, run_of
from vitrine.packager.segment import Segment, SegmentEntry, close_segment
from vitrine.server.index import FILE_NAME, Index
from vitrine.server.segment_files import FOLDER, RANGES_NAME, UNFINISHED

log = logging.getLogger("vitrine.broadcast")

MOST_INDEX = 1 << 20
"""Bytes. With four runs a minute in half a day it has 100 kB."""

MEDIA_NAME = re.compile(r"(?P<stem>.+)\.(?P<msn>\d{1,9})\.(m4s|vtt)(?P<unfinished>\.part)?")


@dataclass(frozen=True, slots=True)
class Left:
    """A broadcast that can be gone on with: `folder` is its own, `heard` when something was written last, in seconds of
    wall clock.
    """

    folder: Path
    index: Index
    heard: float
    past: Past


@dataclass
class _Found:
    """The files of one rendition: sizes by media sequence number, and which are not whole."""

    folder: Path
    sizes: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    inits: dict[str, bytes] = field(default_factory=dict)
    heard: float = 0.0


def find_left(channel_folder: Path, *, rehearsal: bool) -> Left | None:
    """The newest broadcast of a channel, or of its rehearsals, that can be gone on with. It blocks."""
    for folder in _newest_first(channel_folder):
        try:
            index = _read_index(folder / FOLDER / FILE_NAME)
            if index is None or index.rehearsal != rehearsal or index.broadcast != folder.name:
                continue
            left = _settled(folder, index)
        except (OSError, VitrineError) as error:
            log.error("%s: broadcast %s cannot be gone on with: %s", channel_folder.name, folder.name, error)
        except Exception:  # of a bug in what reads it one show may die, not the server at every start
            log.exception("%s: broadcast %s cannot be gone on with", channel_folder.name, folder.name)
        else:
            if left is not None:
                return left
    return None


def _newest_first(channel_folder: Path) -> list[Path]:
    """A broadcast's id begins with its time."""
    with contextlib.suppress(OSError):
        return sorted((each for each in channel_folder.iterdir() if each.is_dir()), key=lambda each: each.name)[::-1]
    return []


def _read_index(path: Path) -> Index | None:
    try:
        with path.open("rb") as file:
            return Index.decode(file.read(MOST_INDEX))
    except OSError:
        return None
    except VitrineError as error:
        log.error("%s: %s", path, error)
        return None


def _settled(folder: Path, index: Index) -> Left | None:
    programme, runs = Programme(index.grid, index.start), index.all_runs
    found = {each.name: _look(folder / FOLDER / each.name, index) for each in index.renditions}
    shelves = [Shelf(index.broadcast, each, programme, runs) for each in index.renditions]
    newest = max((max(each.sizes, default=-1) for each in found.values()), default=-1)
    ends = {run.first_msn - 1 for run in runs}
    for shelf in shelves:
        files = found[shelf.rendition.name]
        for msn, size in files.sizes.items():
            if msn > newest - READ - 2 or msn in ends or files.names[msn].endswith(UNFINISHED):
                shelf.read(msn, (files.folder / files.names[msn]).read_bytes())
            else:
                shelf.state(msn, size)
    span = settle(shelves)
    if span is None:
        return None
    first, last, end = span
    made = tuple(run for run in runs if run.first_msn <= last)
    first = _first_shown(first, made, index, found)
    if first > last:
        return None
    segments = {shelf.rendition.name: shelf.without_holes(first, last, end) for shelf in shelves}
    for name, kept in segments.items():
        _write(found[name], kept)
    ruler = next((shelf for shelf in shelves if shelf.is_video), shelves[0])
    inits = {name: files.inits for name, files in found.items()}
    texts = _look(folder / FOLDER / PRODUCTS, index)
    segments[PRODUCTS] = _texts(texts, segments[ruler.rendition.name], index, programme)
    published = _published(folder / FOLDER / RANGES_NAME)
    heard = max(files.heard for files in found.values())
    return Left(folder, index, heard, Past(made, segments, inits, published))


def _first_shown(first: int, made: Sequence[Run], index: Index, found: Mapping[str, _Found]) -> int:
    """The media sequence number from which on, `first` at least, no run lacks an initialisation section: nobody could
    show it.
    """
    ends = (*(run.first_msn for run in made[1:]), sys.maxsize)
    for run, end in zip(made, ends, strict=True):
        name = init_name(run.stem(index.broadcast))
        if end > first and not all(name in files.inits for files in found.values()):
            log.error("%s: broadcast %s lost the initialisation section %s", index.channel, index.broadcast, name)
            first = end
    return first


def _look(folder: Path, index: Index) -> _Found:
    found, runs = _Found(folder), index.all_runs
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            status = entry.stat()
            found.heard = max(found.heard, status.st_mtime)
            match = MEDIA_NAME.fullmatch(entry.name)
            if match is None:
                if entry.name.endswith(".init.mp4") and status.st_size:
                    found.inits[entry.name] = Path(entry.path).read_bytes()
                continue
            msn = int(match["msn"])
            if match["stem"] == run_of(runs, msn).stem(index.broadcast):
                found.sizes[msn], found.names[msn] = status.st_size, entry.name
    return found


def _write(files: _Found, kept: Collection[Kept]) -> None:
    """Make the folder say what the playlist will: a segment that was cut is whole from now on, and what is left over
    goes. Raises OSError.
    """
    for each in kept:
        name = files.names.pop(entry_of(each).msn, None)
        if name is not None and isinstance(each, Segment) and not each.entry.gap:
            path = files.folder / name
            if path.stat().st_size != each.entry.size:
                os.truncate(path, each.entry.size)
            if name != each.entry.name:
                path.rename(files.folder / each.entry.name)
    for name in files.names.values():
        (files.folder / name).unlink()


def _published(path: Path) -> list[Published]:
    """What cannot be read is cut off, or nobody could read what is written behind it. Raises OSError."""
    data = path.read_bytes() if path.exists() else b""
    published, size = read_published(data)
    if size < len(data):
        os.truncate(path, size)
    return published


def _texts(files: _Found, media: Collection[Kept], index: Index, programme: Programme) -> list[Kept]:
    """The products' segments, as long as those of the pictures; the last ones may be missing."""
    texts: list[Kept] = []
    newest = max((entry_of(each).msn for each in media), default=-1)
    for each in map(entry_of, media):
        run = run_of(index.all_runs, each.msn)
        name = files.names.get(each.msn)
        ticks = rescale(each.ticks, each.timescale, VIDEO_TIMESCALE)
        shown = (text_name(run.stem(index.broadcast), each.msn), each.msn, ticks, VIDEO_TIMESCALE, each.utc_ns)
        if name is None or name.endswith(UNFINISHED):  # a piece of a text says nothing
            texts.append(SegmentEntry(*shown, 0, gap=True))
            continue
        del files.names[each.msn]
        if each.msn > newest - READ:
            texts.append(_text(SegmentEntry(*shown, 0), run, (files.folder / name).read_bytes(), programme))
        else:
            texts.append(SegmentEntry(*shown, files.sizes[each.msn]))
    for name in files.names.values():
        (files.folder / name).unlink()
    return texts


def _text(entry: SegmentEntry, run: Run, data: bytes, programme: Programme) -> Segment:
    first_tick = programme.grid.segment_start(run.segment(entry.msn))
    place = (entry.name, entry.msn, 0, first_tick, entry.ticks, entry.timescale, entry.utc_ns)
    return close_segment(entry.name, (Part(*place, independent=True, data=data),))
