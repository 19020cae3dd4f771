"""What is given up when encoding falls behind real time, in which order, and when it is taken back. Pure.

The order: cheaper settings for every rung; half the frame rate for the lower half of the ladder, the lowest rung first;
then whole rungs, the largest first, because it costs as much as all below it, and never the lowest, on which every
viewer can fall back. Steps are taken one at a time, each given time to show what it saves, and taken back one at a
time, more slowly. While a step takes hold, single frames are left out of every rung: the picture stays a little longer.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vitrine.media.grid import Grid

BEHIND = 0.3
"""Seconds of lag that even a busy machine does not have for long: ten pictures at 30 a second."""

FAR_BEHIND = 0.45
"""Seconds of lag from which whole rungs go. Who watches one sees it go; a moment without the processor, such as a
browser's start beside us takes, is not to cost that. Below BRAKE, so that nobody goes on with frames left out."""

TREND = 0.4
"""Seconds over which lag is looked at. What a network delivers in one piece is encoded within them, or at least faster
than it was filmed; and a part, at whose start a step takes hold, is a little shorter."""

FASTER = 1.1
"""Seconds of the show encoded in a second for us to wait and see: then what waits becomes less by itself."""

CALM = 0.2
"""Seconds of lag below which there may be room for more."""

PATIENCE = 6.0
"""Seconds of calm before a step is taken back."""

MOST_PATIENCE = 30.0
"""The patience doubles up to this where what was taken back had to be given up again, and halves where it had not."""

TRIAL = 15.0
"""Seconds after which a step that was taken back counts as kept."""

CATCHING_UP = 4.0
"""Seconds for which a lag from before the first picture may last."""

BRAKE = 0.5
"""Seconds of lag from which single frames are left out, until the steps have taken hold."""

MOST_SKIPPED = 3
"""Frames left out in a row: at 30 frames a second, 7 to 9 are still shown."""

HARD_BRAKE = 0.75
"""Seconds of lag from which a part has one picture only."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the rungs do, by index, 0 the largest: all `fast` or none, some at `half` their rate, some `gone`."""

    fast: bool = False
    half: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()

    def makes(self, rung: int, frame: int, grid: Grid) -> bool:
        """Whether a rung encodes that frame. A part always starts with a picture, so all rungs are cut alike."""
        return rung not in self.gone and (rung not in self.half or grid.place_in_part(frame) % 2 == 0)

    def following(self, rung: int, count: int) -> int | None:
        """The next smaller rung that is not gone, of `count`. From -1 it is the largest."""
        return next((each for each in range(rung + 1, count) if each not in self.gone), None)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to give up: its `name` in words, and the orders that hold with it and all before it."""

    name: str
    orders: Orders


def steps_for(names: Sequence[str]) -> tuple[Step, ...]:
    """All that can be given up of a ladder with rungs of these names, largest first, in the order in which it is.

    A single rung is halved in its rate: nothing else can be given up of it.
    """
    orders = Orders(fast=True)
    steps = [Step("every rung encoded faster", orders)]
    for rung in reversed(range(len(names) - max(1, len(names) // 2), len(names))):
        orders = replace(orders, half=orders.half | {rung})
        steps.append(Step(f"{names[rung]} at half its frame rate", orders))
    for rung in range(len(names) - 1):
        orders = replace(orders, half=orders.half - {rung}, gone=orders.gone | {rung})
        steps.append(Step(f"{names[rung]} left out", orders))
    return tuple(steps)


class Shedding:
    """Looks at the lag and says which steps are to be in force. Times are monotonic seconds."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.level = 0
        self._steps = steps
        self._looks: deque[tuple[float, float, float]] = deque()  # when, lag, and position
        self._calm_since: float | None = None
        self._taken_back = float("-inf")
        self._patience = PATIENCE
        self._first_look: float | None = None
        self._caught_up = False

    @property
    def orders(self) -> Orders:
        return self._steps[self.level - 1].orders if self.level else Orders()

    @property
    def in_force(self) -> tuple[str, ...]:
        """The names of what is given up, in the order in which it was."""
        return tuple(step.name for step in self._steps[: self.level])

    def look(self, lag: float, position: float, now: float, *, settled: bool = True) -> bool:
        """Whether the level has changed. Call it for each frame.

        `lag` is for how long what is not encoded has waited, `position` the frame's programme time. `settled` says that
        the last change is carried out.
        """
        self._note(lag, position, now)
        if not settled:
            self._looks.clear()
            self._calm_since = None
        if not settled or not self._has_caught_up(lag, now):
            return False
        full = now - self._looks[0][0] >= TREND
        least = min(lag for _, lag, _ in self._looks)
        if full and least >= CALM:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        if not full:
            return False
        braking = self.level > 0 and least > BRAKE  # it is fast then because frames are left out
        if least > self._tolerated and (braking or not self._catches_up()):
            return self._step_down(now)
        if self._calm_since is not None and now - self._calm_since >= self._patience:
            return self._step_up(now)
        return False

    @property
    def _tolerated(self) -> float:
        """The lag that the next step is not taken for."""
        following = self._steps[self.level : self.level + 1]
        return FAR_BEHIND if following and following[0].orders.gone else BEHIND

    def _has_caught_up(self, lag: float, now: float) -> bool:
        """What came while the process started is encoded first: that lag tells nothing of the machine."""
        if self._first_look is None:
            self._first_look = now
        self._caught_up = self._caught_up or lag < CALM or now - self._first_look >= CATCHING_UP
        return self._caught_up

    def _note(self, lag: float, position: float, now: float) -> None:
        """Keep one look that is as old as TREND, and all after it."""
        self._looks.append((now, lag, position))
        while len(self._looks) > 1 and now - self._looks[1][0] >= TREND:
            self._looks.popleft()

    def _catches_up(self) -> bool:
        (then, _, before), (now, _, position) = self._looks[0], self._looks[-1]
        return position - before >= FASTER * (now - then)

    def _step_down(self, now: float) -> bool:
        if self.level == len(self._steps):
            return False
        if now - self._taken_back < TRIAL:
            self._patience = min(MOST_PATIENCE, 2 * self._patience)
            self._taken_back = float("-inf")
        elif self.level == 0:
            self._patience = PATIENCE
        return self._change(1)

    def _step_up(self, now: float) -> bool:
        if self.level == 0:
            return False
        if self._taken_back > float("-inf"):
            self._patience = max(PATIENCE, self._patience / 2)  # the last one was not given up again
        self._taken_back = now
        return self._change(-1)

    def _change(self, by: int) -> bool:
        self.level += by
        self._looks.clear()
        self._calm_since = None
        return True


class Course:
    """Lays orders on the grid: for each frame, what holds and whether anything is made of it.

    Settings and frame rates change where a part starts, because the new encoder begins with a keyframe; a rung goes and
    comes where a segment starts.
    """

    def __init__(self, grid: Grid, names: Sequence[str]) -> None:
        """`names` are the rungs', largest first."""
        self.skipped = 0
        self.shedding = Shedding(steps_for(names))
        self._grid = grid
        self._orders = Orders()
        self._in_a_row = 0

    def at(self, frame: int, lag: float, now: float) -> tuple[Orders, bool, bool]:
        """The orders for a frame, whether it is made, and whether steps have just been taken or taken back.

        `lag` is for how many seconds what is not encoded has waited.
        """
        wanted = self.shedding.orders
        if self._grid.starts_segment(frame):
            self._orders = wanted
        elif self._grid.place_in_part(frame) == 0:
            self._orders = replace(wanted, gone=self._orders.gone)
        skipping = self._skips(frame, lag)
        changed = self.shedding.look(lag, float(frame / self._grid.rate), now, settled=self._orders == wanted)
        return self._orders, not skipping, changed

    def _skips(self, frame: int, lag: float) -> bool:
        """Once the look-ahead is given up: an encoder that has one keeps its pictures until as many more have come."""
        starts_part = self._grid.place_in_part(frame) == 0
        most = MOST_SKIPPED if lag <= HARD_BRAKE else self._grid.frames_per_part
        skips = self.shedding.orders.fast and lag > BRAKE and not starts_part and self._in_a_row < most
        self._in_a_row = self._in_a_row + 1 if skips else 0
        self.skipped += skips
        return skips
