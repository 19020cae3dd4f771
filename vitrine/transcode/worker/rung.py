"""One rung of the ladder: a thread that passes smaller pictures on and encodes its own, as far as it is told to."""

import queue
from collections.abc import Callable
from dataclasses import dataclass

from av.video.frame import VideoFrame

from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Colour, Rendition
from vitrine.transcode.ladder import Plan, PlannedRung
from vitrine.transcode.shedding import Orders
from vitrine.transcode.worker.encoder import RungEncoder, empty_unit
from vitrine.transcode.worker.scaler import Reducer

RUNG_QUEUE = 4
"""Pictures between two threads. Enough to even out an IDR; more is only memory and delay."""

Deliver = Callable[[list[AccessUnit]], None]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the grid on its way down the ladder.

    `picture` has the size of the first rung that makes one of it, and is None where none does. `orders` change their
    `fast` only where a part starts, and what is gone only where a segment does.
    """

    number: int
    picture: VideoFrame | None
    orders: Orders


class Encoding:
    """One rung's encoders, one after another: every frame becomes one access unit, in order, whatever the orders."""

    def __init__(self, index: int, rung: PlannedRung, plan: Plan, colour: Colour) -> None:
        self._index = index
        self._rung = rung
        self._plan = plan
        self._colour = colour
        self._encoder: RungEncoder | None = self._open(rung.first_frame, fast=False)
        self.track = self._encoder.track
        self.rendition: Rendition = self._encoder.rendition

    def push(self, frame: Frame) -> list[AccessUnit]:
        """What is complete now. Frames before the rung's first are another worker's."""
        number, orders = frame.number, frame.orders
        if number < self._rung.first_frame:
            return []
        if self._index in orders.gone:
            return [*self.flush(), empty_unit(self.track.id, self._plan.grid.tick(number))]
        if frame.picture is None or not orders.makes(self._index, number, self._plan.grid):
            assert self._encoder
            return self._encoder.skip(number)
        before: list[AccessUnit] = []
        if self._encoder is None or self._encoder.fast != orders.fast:
            before = self.flush()
            self._encoder = self._open(number, fast=orders.fast)
        return before + self._encoder.encode(frame.picture, number)

    def flush(self) -> list[AccessUnit]:
        """What the encoder still holds; it is closed."""
        encoder, self._encoder = self._encoder, None
        return encoder.flush() if encoder else []

    def _open(self, number: int, *, fast: bool) -> RungEncoder:
        return RungEncoder(self._index + 1, self._rung, self._plan, self._colour, first_frame=number, fast=fast)


class RungThread:
    """Passes a smaller picture on, then encodes its own. A picture is only ever touched by one thread."""

    def __init__(
        self, index: int, encoding: Encoding, plan: Plan, sizes: list[tuple[int, int]], deliver: Deliver
    ) -> None:
        """`sizes` are those of all rungs."""
        self.queue: queue.Queue[Frame | None] = queue.Queue(RUNG_QUEUE)
        self.following: RungThread | None = None
        self.done = plan.first_frame
        """The first frame that is not encoded yet."""
        self._index = index
        self._encoding = encoding
        self._grid = plan.grid
        self._sizes = sizes
        self._deliver = deliver
        self._reducer = Reducer()
        self._reduced: tuple[VideoFrame, int, VideoFrame] | None = None  # from what, for which rung, to what

    def run(self) -> None:
        """Until None comes."""
        while frame := self.queue.get():
            if self.following:
                self.following.queue.put(Frame(frame.number, self._for_following(frame), frame.orders))
            self._deliver(self._encoding.push(frame))
            self.done = frame.number + 1
        if self.following:
            self.following.queue.put(None)
        self._deliver(self._encoding.flush())

    def _for_following(self, frame: Frame) -> VideoFrame | None:
        """A rung that is gone passes on what it was given: that was made for the one after it."""
        target = frame.orders.following(self._index, len(self._sizes))
        picture = frame.picture
        if picture is None or target is None or not frame.orders.makes(target, frame.number, self._grid):
            return None
        if self._index in frame.orders.gone:
            return picture
        if self._reduced is None or self._reduced[0] is not picture or self._reduced[1] != target:
            self._reduced = picture, target, self._reducer.reduce(picture, *self._sizes[target])
        return self._reduced[2]
