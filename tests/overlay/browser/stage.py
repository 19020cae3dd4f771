"""A show for the browser tests: pictures that carry their own number, and products on show from known frames on.

The media and the playlists are our packager's; so are the date ranges and stamps if a stage is `by_packager`.
Else they are written in here, so that tests can have any set of them, wrong ones too.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy
from aiohttp import web
from av.video.frame import PictureType

from tests.packager.table import TableCues
from vitrine.media import h264
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.origin.app import answered
from vitrine.origin.hls import Hls
from vitrine.origin.request import Request
from vitrine.origin.stream import LiveStream
from vitrine.packager.cmaf.box import full_box, read_boxes
from vitrine.packager.cues import Cues
from vitrine.packager.events import PackagerEvent, PartClosed, SegmentClosed
from vitrine.packager.packager import Packager
from vitrine.packager.part import Part
from vitrine.packager.playlist.tags import utc_text

NTSC = Fraction(30000, 1001)
SECONDS = 24
BITS = 12
"""Cells across the top of the picture, the highest bit first: white is 1."""

START_UTC_NS = 1_795_971_603_120_400_000
"""Not on a whole millisecond, so that every date of a playlist is rounded."""

ENCODER_DELAY = Fraction(1, 20)
"""Seconds of the programme; a frame of every rendition begins within them."""

GLOBAL_HEADER = 0x400000
SIZES = {"180p": (320, 180), "90p": (160, 90)}

READ_NUMBER = """
function readNumber(video) { // the number in the picture on screen
  const canvas = readNumber.canvas ??= new OffscreenCanvas(BITS * 8, 45);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    number = 2 * number + (context.getImageData(bit * 8 + 4, 2, 1, 1).data[1] > 127 ? 1 : 0);
  }
  return number;
}
""".replace("BITS", str(BITS))


@cache
def video(name: str, track_id: int, rate: Fraction, seconds: int) -> tuple[VideoTrack, list[AccessUnit]]:
    width, height = SIZES[name]
    grid = Grid(rate)
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, VIDEO_TIMESCALE), rate
    context.flags |= GLOBAL_HEADER
    context.options = {"preset": "ultrafast", "x264-params": "keyint=infinite:scenecut=0:bframes=0:threads=1"}
    packets = []
    for index in range(int(seconds * rate)):
        picture = numpy.full((height, width, 3), 40 + index % 120, dtype=numpy.uint8)
        for bit in range(BITS):
            left, right = (side * width // BITS for side in (bit, bit + 1))
            picture[: height // 6, left:right] = 255 if index >> (BITS - 1 - bit) & 1 else 0
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = grid.tick(index), Fraction(1, VIDEO_TIMESCALE)
        frame.pict_type = PictureType.I if grid.starts_segment(index) else PictureType.NONE
        packets += context.encode(frame)
    packets += context.encode(None)
    nals = h264.split_annexb(context.extradata or b"")
    sps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.NAL_SPS)
    pps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.NAL_PPS)
    config = h264.AvcConfig(sps, pps).encode()
    track = VideoTrack(
        track_id, Codec.H264, VIDEO_TIMESCALE, config, width, height, colour=h264.Sps.decode(sps[0]).colour
    )
    return track, [
        AccessUnit(
            track_id,
            packet.dts or 0,
            packet.pts or 0,
            packet.is_keyframe,
            h264.join_lengths(h264.split_annexb(bytes(packet))),
        )
        for packet in packets
    ]


@cache
def audio(track_id: int, seconds: int) -> tuple[AudioTrack, list[AccessUnit]]:
    context = av.CodecContext.create("aac", "w")
    context.sample_rate, context.layout, context.format = AUDIO_RATE, "stereo", "fltp"
    context.flags |= GLOBAL_HEADER
    packets = []
    for index in range(seconds * AUDIO_RATE // AAC_FRAME):
        frame = av.AudioFrame.from_ndarray(
            numpy.zeros((2, AAC_FRAME), dtype=numpy.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = AUDIO_RATE, index * AAC_FRAME
        packets += context.encode(frame)
    packets += context.encode(None)
    track = AudioTrack(track_id, Codec.AAC, AUDIO_RATE, context.extradata or b"", AUDIO_RATE, 2)
    return track, [
        AccessUnit(track_id, index * AAC_FRAME, index * AAC_FRAME, True, bytes(packet))
        for index, packet in enumerate(packets)
    ]


@dataclass
class On:
    """A product on show in a slot for the frames [start, end)."""

    product: str
    start: int
    end: int | None = None
    slot: int = 1
    cue: str = ""
    suffix: str = ""
    withdrawn: bool = False


class RecordingPackager(Packager):
    """Keeps every part by the names of what holds it: itself, and its segment."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.parts: dict[tuple[str, str], tuple[Part, ...]] = {}

    def push(self, unit: AccessUnit) -> list[PackagerEvent]:
        return self._record(super().push(unit))

    def flush(self) -> list[PackagerEvent]:
        return self._record(super().flush())

    def _record(self, events: list[PackagerEvent]) -> list[PackagerEvent]:
        for event in events:
            if isinstance(event, PartClosed):
                self.parts[event.rendition, event.part.name] = (event.part,)
            elif isinstance(event, SegmentClosed):
                self.parts[event.rendition, event.segment.entry.name] = event.segment.parts
        return events


def table(cues: Sequence[On]) -> TableCues:
    """The same as a ledger would have it."""
    shown = [(cue.start, cue.slot, cue.product) for cue in cues]
    begun = {(frame, slot) for frame, slot, _ in shown}
    ends = [(cue.end, cue.slot, None) for cue in cues if cue.end is not None and (cue.end, cue.slot) not in begun]
    return TableCues(*shown, *ends)


@dataclass
class Stage:
    """One broadcast; what is said of its products is taken from `cues` whenever it is asked for, or if it is
    `by_packager`, from those at first, or from what is `decided`.
    """

    cues: list[On]
    rate: Fraction = NTSC
    seconds: int = SECONDS
    window_seconds: int = 60
    broadcast: str = "b7"
    ranges: bool = True
    stamps: bool = True
    stamped: list[On] | None = None
    by_packager: bool = False
    sound: bool = True
    decided: Cues | None = None
    start_utc_ns: int = START_UTC_NS
    newest: int = -1
    """The number of the newest picture that is out."""
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.grid = Grid(self.rate)
        for number, cue in enumerate(self.cues, 1):
            cue.cue = cue.cue or f"c{number}"
        tracks = [video(name, index, self.rate, self.seconds) for index, name in enumerate(SIZES, 1)]
        sound = audio(3, self.seconds)
        renditions = [
            Rendition(name, track, kbps * 1000, kbps * 1100)
            for (name, (track, _)), kbps in zip(zip(SIZES, tracks, strict=True), (300, 100), strict=True)
        ]
        if self.sound:
            renditions.append(Rendition("audio", sound[0], 128_000, 140_000))
        self._scale = {1: VIDEO_TIMESCALE, 2: VIDEO_TIMESCALE, 3: AUDIO_RATE}
        self._units = sorted(
            (unit for _, units in [*tracks, *([sound] if self.sound else [])] for unit in units),
            key=lambda unit: (Fraction(unit.dts, self._scale[unit.track_id]), unit.track_id),
        )
        self._next = 0
        self.packager = RecordingPackager(
            self.broadcast,
            renditions,
            self.grid,
            self.start_utc_ns,
            self.window_seconds,
            cues=self.decided or (table(self.cues) if self.by_packager else None),
        )
        self.stream = LiveStream(self.packager)

    # -- The show goes on --

    def play(self, until: Fraction | float) -> None:
        """What the programme has in the first `until` seconds is out."""
        while self._next < len(self._units):
            unit = self._units[self._next]
            if Fraction(unit.dts, self._scale[unit.track_id]) >= until:
                return
            self.stream.push(unit)
            self._next += 1
            if unit.track_id == 1:
                self.newest = self.grid.frame(unit.dts)

    def end(self) -> None:
        """All of it is out, and the playlists end."""
        self.play(self.seconds + 1)
        self.stream.end()

    def finish(self) -> None:
        """The publisher leaves: what the encoders still hold comes, a frame or two of each rendition, and no more."""
        self.stream.expect_end()
        unit = self._units[self._next]
        self.play(Fraction(unit.dts, self._scale[unit.track_id]) + ENCODER_DELAY)
        self.stream.finish()

    async def live(self, from_second: float, until: float | None = None) -> None:
        """What comes after `from_second`, as fast as the clock."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self._next < len(self._units) and (until is None or loop.time() - began + from_second < until):
            self.play(loop.time() - began + from_second)
            await asyncio.sleep(0.05)

    # -- What is said of it --

    def utc_ns(self, frame: int) -> int:
        return self.start_utc_ns + round(frame * 1_000_000_000 / self.rate)

    def dateranges(self) -> list[str]:
        return [self._daterange(cue) for cue in self.cues] if self.ranges and not self.by_packager else []

    def _daterange(self, cue: On) -> str:
        product = cue.product.replace("%", "%25").replace('"', "%22").replace("{", "%7B")
        text = f'#EXT-X-DATERANGE:ID="{self.broadcast}-{cue.cue}{cue.suffix}",CLASS="org.vitrine.product"'
        text += f',START-DATE="{utc_text(self.utc_ns(cue.start))}",X-PRODUCT="{product}"'
        if cue.slot != 1:
            text += f",X-SLOT={cue.slot}"
        if cue.end is not None:
            text += f',END-DATE="{utc_text(self.utc_ns(cue.end))}"'
        return text + ',X-WITHDRAWN="YES"' * cue.withdrawn

    def playlist(self, text: str) -> str:
        """A media playlist with the date ranges after its header."""
        head, mark, rest = text.partition("#EXT-X-PROGRAM-DATE-TIME")
        return head + "".join(line + "\n" for line in self.dateranges()) + mark + rest

    def snapshot(self, frame: int) -> str:
        """What is stamped at a frame."""
        cues = self.cues if self.stamped is None else self.stamped
        on: list[On] = [
            cue for cue in cues if cue.start <= frame and (cue.end is None or frame < cue.end) and not cue.withdrawn
        ]
        seq = sum(edge <= frame for edge in self.edges(cues))
        shown = [
            {"s": cue.slot, "p": cue.product, "c": cue.cue, "t0": self.utc_ns(cue.start) // 1_000_000} for cue in on
        ]
        return json.dumps({"v": 1, "seq": seq, "on": shown}, ensure_ascii=False, separators=(",", ":"))

    def edges(self, cues: Sequence[On]) -> set[int]:
        return {edge for cue in cues for edge in (cue.start, cue.end) if edge is not None}

    def stamp(self, part: Part) -> bytes:
        """A part's bytes with its stamps before the fragment: at its segment's start, and wherever they change."""
        first = self.grid.frame(part.first_tick)
        frames = range(first, self.grid.frame(part.first_tick + part.ticks))
        cues = self.cues if self.stamped is None else self.stamped
        told = {edge for edge in self.edges(cues) if edge in frames} | ({first} if part.index == 0 else set())
        stamps = [emsg(self.grid.tick(frame), self.snapshot(frame)) for frame in sorted(told) if self.stamps]
        rest = [box.encode() for box in read_boxes(part.data) if box.kind != b"emsg"]  # the packager's own
        return b"".join(stamps + rest)

    def media(self, rendition: str, name: str, found: bytes) -> bytes:
        parts = self.packager.parts.get((rendition, name))
        if self.by_packager or rendition == "audio" or parts is None:
            return found
        return b"".join(map(self.stamp, parts))

    # -- Served --

    def routes(self, channel: str = "demo") -> list[web.RouteDef]:
        answers = Hls(lambda _channel: [self.stream])

        async def reply_to(request: web.Request, change: Callable[[bytes], bytes]) -> web.StreamResponse:
            # as it is, not compressed and not by ETag: it is changed here
            reply = await answered(answers, Request(request.method, request.raw_path, {}))
            assert isinstance(reply.body, tuple)
            body = change(b"".join(reply.body))
            headers = {name: value for name, value in reply.headers.items() if name != "ETag"}
            return web.Response(status=reply.status, headers=headers, body=body)

        async def multivariant(request: web.Request) -> web.StreamResponse:
            return await reply_to(request, bytes)

        async def playlist(request: web.Request) -> web.StreamResponse:
            return await reply_to(request, lambda body: self.playlist(body.decode()).encode())

        async def media(request: web.Request) -> web.StreamResponse:
            rendition, name = request.match_info["rendition"], request.match_info["name"]
            self.asked.append(f"{rendition}/{name}")
            return await reply_to(request, lambda body: self.media(rendition, name, body))

        root = f"/hls/{channel}"
        return [
            web.get(f"{root}/index.m3u8", multivariant),
            web.get(root + "/{rendition}/index.m3u8", playlist),
            web.get(root + "/{rendition}/{name}", media),
        ]


def emsg(tick: int, text: str) -> bytes:
    """An event message box, version 1, with one ID3v2.4 TXXX frame `vitrine` in UTF-8 (id3-emsg 1.0.0)."""
    value = b"\x03vitrine\x00" + text.encode()
    frame = b"TXXX" + synchsafe(len(value)) + b"\x00\x00" + value
    tag = b"ID3\x04\x00\x00" + synchsafe(len(frame)) + frame
    numbers = VIDEO_TIMESCALE.to_bytes(4, "big") + tick.to_bytes(8, "big") + b"\xff\xff\xff\xff" + bytes(4)
    return full_box(b"emsg", 1, 0, numbers, b"https://aomedia.org/emsg/ID3\x00\x00", tag)


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
