"""The pictures' way through a worker: decode, lay on the grid, fit, then down the ladder, a thread for each rung."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Colour, Rendition, VideoTrack
from vitrine.transcode.ladder import Plan, PlannedRung, display_size
from vitrine.transcode.worker.decoder import VideoDecoder
from vitrine.transcode.worker.encoder import RungEncoder
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.pacing import Pacer
from vitrine.transcode.worker.scaler import BT709, Fitter, Reducer, black_picture, output_colour
from vitrine.transcode.worker.slate import SlatePictures

RUNG_QUEUE = 4
"""Pictures between two threads. Enough to even out an IDR; more is only memory and delay."""

BLACK_SIZE = (1280, 720)
"""Of a broadcast whose pictures never came."""

LATE_PICTURE = 2
"""Seconds of sound without a picture after which the last one is repeated, or black is shown."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Programme time has come to `position` seconds, picture or not: fill with the slate, or as before if None."""

    position: Fraction
    slate: bool | None = None


@dataclass(frozen=True, slots=True)
class PublisherLeft:
    """The next track is another publisher's."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing follows; the sound ends at `position` seconds."""

    position: Fraction


PictureInput = AccessUnit | VideoTrack | Reached | PublisherLeft | Ended
RungInput = tuple[int, VideoFrame] | None
Deliver = Callable[[list[AccessUnit]], None]


class RungThread:
    """One rung: passes a smaller picture on, then encodes its own. A picture is only ever touched by one thread."""

    def __init__(
        self, encoder: RungEncoder, first_frame: int, following: "RungThread | None", deliver: Deliver
    ) -> None:
        self.queue: queue.Queue[RungInput] = queue.Queue(RUNG_QUEUE)
        self._encoder = encoder
        self._first_frame = first_frame
        self._following = following
        self._deliver = deliver
        self.size = (encoder.track.width, encoder.track.height)
        self._reducer = Reducer(*following.size) if following else None

    def run(self) -> None:
        """Until None comes."""
        last: VideoFrame | None = None
        reduced: VideoFrame | None = None
        while item := self.queue.get():
            number, picture = item
            if self._following and self._reducer:
                if picture is not last or reduced is None:
                    reduced = self._reducer.reduce(picture)
                self._following.queue.put((number, reduced))
            last = picture
            if number >= self._first_frame:
                self._deliver(self._encoder.encode(picture, number))
        if self._following:
            self._following.queue.put(None)
        self._deliver(self._encoder.flush())


class PictureThread:
    """The decoding end. `on_opened` is called once, with the rungs to be run, when the first picture is known."""

    def __init__(
        self,
        plan: Plan,
        counters: Counters,
        deliver: Deliver,
        on_opened: Callable[[list[RungThread], list[Rendition]], None],
        on_position: Callable[[Fraction], None],
    ) -> None:
        self._plan = plan
        self._counters = counters
        self._deliver = deliver
        self._on_opened = on_opened
        self._on_position = on_position
        self._pacer = Pacer(plan.rate, plan.first_frame)
        self._decoder: VideoDecoder | None = None
        self._refused_before = 0
        self._fitter: Fitter | None = None
        self._first_rung: RungThread | None = None
        self._last: VideoFrame | None = None
        self._slate: SlatePictures | None = None
        self._slate_is_up = False

    def push(self, item: PictureInput) -> None:
        match item:
            case AccessUnit():
                self._decode(item)
            case VideoTrack():
                self._change_track(item)
            case Reached(position, slate):
                self._hold(position, slate)
            case PublisherLeft():
                self._drain_decoder()
            case Ended(position):
                self._end(position)

    def _change_track(self, track: VideoTrack) -> None:
        if self._decoder and self._decoder.track == track:
            return
        self._drain_decoder()
        self._decoder = VideoDecoder(track)

    def _drain_decoder(self) -> None:
        if self._decoder:
            for picture in self._decoder.flush():
                self._show(picture, self._decoder)
            self._refused_before += self._decoder.undecodable
            self._decoder = None

    def _decode(self, unit: AccessUnit) -> None:
        decoder = self._decoder
        if decoder is None or unit.track_id != decoder.track.id:
            return
        for picture in decoder.decode(unit):
            self._show(picture, decoder)
        self._counters.undecodable_pictures = self._refused_before + decoder.undecodable

    def _show(self, picture: VideoFrame, decoder: VideoDecoder) -> None:
        assert picture.pts is not None
        self._counters.frames_in += 1
        begin = self._pacer.next_frame
        number = self._pacer.place(picture.pts, decoder.track.timescale)
        if number is None:
            self._counters.dropped += 1
            return
        fitted = self._fit(picture, decoder.pixel_aspect)
        self._fill(range(begin, number), fitted)
        self._slate_is_up = False
        self._pass_on(number, fitted)

    def _fit(self, picture: VideoFrame, pixel_aspect: tuple[int, int]) -> VideoFrame:
        if self._fitter is None:
            size = display_size(picture.width, picture.height, pixel_aspect)
            self._open(self._plan.rungs(*size), self._plan.colour or output_colour(picture))
        assert self._fitter
        return self._fitter.fit(picture, pixel_aspect)

    def _open(self, rungs: tuple[PlannedRung, ...], colour: Colour) -> None:
        encoders = [RungEncoder(number, rung, self._plan, colour) for number, rung in enumerate(rungs, 1)]
        threads: list[RungThread] = []
        for encoder, rung in reversed(list(zip(encoders, rungs, strict=True))):
            threads.insert(0, RungThread(encoder, rung.first_frame, threads[0] if threads else None, self._deliver))
        self._fitter = Fitter(rungs[0].width, rungs[0].height, colour)
        self._slate = SlatePictures(self._plan.slate, rungs[0].width, rungs[0].height, self._plan.rate, self._fitter)
        self._first_rung = threads[0]
        self._on_opened(threads, [encoder.rendition for encoder in encoders])

    def _hold(self, position: Fraction, slate: bool | None = None) -> None:
        """Fill the grid up to a programme time."""
        if slate is not None:
            self._slate_is_up = slate
        numbers = self._pacer.reach(position)
        if not numbers:
            return
        if self._fitter is None:
            self._open(self._plan.rungs(*BLACK_SIZE), self._plan.colour or BT709)
        self._fill(numbers, None)

    def _fill(self, numbers: range, following: VideoFrame | None) -> None:
        """With the slate where it is up, else with the last picture, the following one, or black."""
        assert self._first_rung
        assert self._slate
        self._counters.repeated += len(numbers)
        for number in numbers:
            if self._slate_is_up:
                self._pass_on(number, self._slate.at(number))
            else:
                self._pass_on(number, self._last or following or black_picture(*self._first_rung.size))

    def _pass_on(self, number: int, picture: VideoFrame) -> None:
        assert self._first_rung
        self._last = picture
        self._first_rung.queue.put((number, picture))
        self._counters.frames_out += 1
        self._on_position((number + 1) / self._plan.rate)

    def _end(self, sound_end: Fraction) -> None:
        self._drain_decoder()
        self._hold(sound_end)
        if self._first_rung:
            self._first_rung.queue.put(None)
