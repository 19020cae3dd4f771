"""What cues cost a viewer: bytes with them less bytes without, of one picture and the sound at the live edge.

Nothing is sent and no clock is read: a packager is fed, and after each part both playlists are taken as hls.js asks for
them, delta updates without the date ranges that it knows, as gzip.
"""

import gzip
from collections.abc import Sequence
from fractions import Fraction

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.overlay.ledger import Entry, Ledger
from vitrine.packager.events import PartClosed
from vitrine.packager.packager import Packager
from vitrine.packager.window import Skip

GRID = Grid(Fraction(30))
WINDOW = 60
SECONDS = 180
"""Of the broadcast; the first window is not counted, playlists grow until it is full."""

AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")
RENDITIONS = (
    Rendition("720p", VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 1280, 720, rate=GRID.rate), 1, 1),
    Rendition("audio", AudioTrack(2, Codec.AAC, AUDIO_RATE, b"\x11\x90", AUDIO_RATE, 2), 1, 1),
)
START_UTC_NS = 1_796_058_000_000_000_000
LONG = "SKU-{:04d}-linen-tablecloth-180x300-natural-white"

SHOWS = {
    "one product on show all the time": (Fraction(SECONDS), 1, "WM-{:04d}"),
    "a new product every minute": (Fraction(60), 1, "WM-{:04d}"),
    "a new product every 20 s": (Fraction(20), 1, "WM-{:04d}"),
    "a new product every 5 s": (Fraction(5), 1, "WM-{:04d}"),
    "three at once, ids of 48 characters, new every 20 s": (Fraction(20), 3, LONG),
    "five commands a second": (Fraction(1, 5), 1, "WM-{:04d}"),
}
"""Seconds from one command to the next, products of each, their ids."""


def measure() -> dict[str, tuple[float, float]]:
    """By show: kbit/s of stamps in the picture's parts, and of the two playlists."""
    stamps, playlists = _bytes([])
    counted = (SECONDS - WINDOW) * 125
    costs = {}
    for name, (every, products, pattern) in SHOWS.items():
        with_stamps, with_ranges = _bytes(_entries(every, products, pattern))
        costs[name] = ((with_stamps - stamps) / counted, (with_ranges - playlists) / counted)
    return costs


def _entries(every: Fraction, products: int, pattern: str) -> Sequence[Entry]:
    return [
        Entry(n, int((n - 1) * every * GRID.rate), "show", tuple(map(pattern.format, range(n, n + products))), 1, 0)
        for n in range(1, int(SECONDS / every) + 1)
    ]


def _bytes(entries: Sequence[Entry]) -> tuple[int, int]:
    """Of the picture's parts, and of the playlists, after the first window."""
    ledger = Ledger()
    for entry in entries:
        ledger.append(entry)
    core = Packager("20261130-170000-a1b2c3", RENDITIONS, GRID, START_UTC_NS, WINDOW, cues=ledger)
    parts = playlists = sounds = 0
    for picture in range(SECONDS * 30):
        tick = GRID.tick(picture)
        events = core.push(AccessUnit(1, tick, tick, GRID.starts_segment(picture), b"picture"))
        while sounds * AAC_FRAME * GRID.rate <= picture * AUDIO_RATE:
            events = [*events, *core.push(AccessUnit(2, sounds * AAC_FRAME, sounds * AAC_FRAME, True, b"sound"))]
            sounds += 1
        for event in events:
            if isinstance(event, PartClosed) and picture >= WINDOW * GRID.rate:
                parts += len(event.part.data)
                playlists += len(gzip.compress(core.windows[event.rendition].playlist(Skip.V2).encode(), 6))
    return parts, playlists
