"""The pictures' way through a worker: decode, lay on the grid, fit, then down the ladder, a thread for each rung."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from av.video.frame import VideoFrame

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Colour, Rendition, VideoTrack
from vitrine.transcode.events import Shed
from vitrine.transcode.ladder import Plan, PlannedRung, display_size
from vitrine.transcode.shedding import Course, Orders
from vitrine.transcode.worker.decoder import VideoDecoder
from vitrine.transcode.worker.output import Counters
from vitrine.transcode.worker.pacing import Pacer
from vitrine.transcode.worker.rung import Deliver, Encoding, Frame, RungThread
from vitrine.transcode.worker.scaler import BT709, output_colour, plane_pixels
from vitrine.transcode.worker.screen import Screen
from vitrine.transcode.worker.stillness import StillPicture

PLAIN_BITS = 8
"""Of brightness, in pictures whose first plane is bytes."""

BLACK_SIZE = (1280, 720)
"""Of a broadcast whose pictures never came."""

A_FRAME_BEFORE = Fraction(1, 2)
"""Of a frame: a picture is done with the frame that is nearest to it."""

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


class PictureThread:
    """The decoding end. `on_opened` is called once, with the rungs to be run, when the first picture is known."""

    def __init__(
        self,
        plan: Plan,
        counters: Counters,
        deliver: Deliver,
        *,
        on_opened: Callable[[list[RungThread], list[Rendition]], None],
        on_position: Callable[[Fraction, bool], None],
        on_shed: Callable[[Shed], None],
    ) -> None:
        self._plan = plan
        self._counters = counters
        self._deliver = deliver
        self._on_opened = on_opened
        self._on_position = on_position
        self._on_shed = on_shed
        self._pacer = Pacer(plan.rate, plan.first_frame)
        self._decoder: VideoDecoder | None = None
        self._refused_before = 0
        self._rungs: list[RungThread] = []
        self._sizes: list[tuple[int, int]] = []
        self._screen: Screen | None = None
        self._course: Course | None = None
        self._slate_is_up = False
        self._nothing_comes = False
        self._still = StillPicture()

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
                self._still.forget()
                self._counters.frozen = 0.0
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
        if picture.format.components[0].bits == PLAIN_BITS:
            self._still.push(plane_pixels(picture, 0), Fraction(picture.pts, decoder.track.timescale))
            self._counters.frozen = self._still.seconds
        else:
            self._still.forget()
            self._counters.frozen = 0.0
        begin = self._pacer.next_frame
        number = self._pacer.place(picture.pts, decoder.track.timescale)
        if number is None:
            self._counters.dropped += 1
            return
        if self._screen is None:
            size = display_size(picture.width, picture.height, decoder.pixel_aspect)
            self._open(self._plan.rungs(*size), self._plan.colour or output_colour(picture))
        assert self._screen
        if self._screen.is_blank:
            self._screen.show(picture, decoder.pixel_aspect)
        self._fill(range(begin, number))
        self._slate_is_up = False
        self._screen.show(picture, decoder.pixel_aspect)
        self._pass_on(number)

    def _open(self, rungs: tuple[PlannedRung, ...], colour: Colour) -> None:
        encodings = [Encoding(index, rung, self._plan, colour) for index, rung in enumerate(rungs)]
        self._sizes = [(rung.width, rung.height) for rung in rungs]
        self._rungs = [
            RungThread(index, encoding, self._plan, self._sizes, self._deliver)
            for index, encoding in enumerate(encodings)
        ]
        for rung, following in pairwise(self._rungs):
            rung.following = following
        self._screen = Screen(self._plan.slate, self._plan.rate, colour)
        if self._plan.live:
            self._course = Course(self._plan.grid, [rung.name for rung in rungs])
        self._on_opened(self._rungs, [encoding.rendition for encoding in encodings])

    def _hold(self, position: Fraction, slate: bool | None = None) -> None:
        """Fill the grid up to a programme time."""
        if slate is not None:
            self._slate_is_up = slate
        numbers = self._pacer.reach(position)
        if not numbers:
            return
        if self._screen is None:
            self._open(self._plan.rungs(*BLACK_SIZE), self._plan.colour or BT709)
        self._nothing_comes = slate is not None
        self._fill(numbers)
        self._nothing_comes = False

    def _fill(self, numbers: range) -> None:
        """With the slate where it is up, else with what is on the screen."""
        assert self._screen
        self._counters.repeated += len(numbers)
        for number in numbers:
            if self._slate_is_up:
                self._screen.show_slate(number)
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        """What is on the screen, as frame `number`, in the size of the largest rung that makes something of it."""
        orders, made = self._orders(number)
        target = orders.following(-1, len(self._sizes))
        picture = None
        if made and target is not None and orders.makes(target, number, self._plan.grid):
            assert self._screen
            picture = self._screen.at(*self._sizes[target])
        self._rungs[0].queue.put(Frame(number, picture, orders))
        self._counters.frames_out += 1
        self._on_position((number + 1) / self._plan.rate, self._nothing_comes)

    @property
    def lag(self) -> float:
        """Seconds for which what is not encoded yet has waited, and will be: not what cannot be decoded."""
        frame = min((rung.done for rung in self._rungs), default=self._plan.first_frame) - A_FRAME_BEFORE
        done = float(frame / self._plan.rate)
        decoder = self._decoder
        if decoder is not None and decoder.given_up is not None:
            done = max(done, decoder.given_up / decoder.track.timescale)
        return self._counters.lag(done, time.monotonic())

    def _orders(self, number: int) -> tuple[Orders, bool]:
        if self._course is None:
            return Orders(), True
        lag = self.lag
        orders, made, changed = self._course.at(number, lag, time.monotonic())
        self._counters.skipped = self._course.skipped
        if changed:
            self._on_shed(Shed(self._course.shedding.in_force, lag))
        return orders, made

    def _end(self, sound_end: Fraction) -> None:
        self._drain_decoder()
        self._hold(sound_end)
        if self._rungs:
            self._rungs[0].queue.put(None)
