"""One broadcast's packager, and those who wait for what it makes next.

The packager answers; this module owns what a request waits on (draft-pantos-hls-rfc8216bis-22 section 6.2.5).
Waiting costs no task: who waits leaves a function to call, under the question that it waits for, and each question is
asked once when something has changed, however many wait for it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vitrine.media.access_unit import AccessUnit
from vitrine.origin.gzipped import Gzipped
from vitrine.origin.reply import Representation
from vitrine.packager.events import SegmentClosed
from vitrine.packager.packager import Packager
from vitrine.packager.window import Answer, Window

AT_ONCE = 100
"""Waiting requests that are answered before the loop looks after everything else: 2 ms of them."""


FAREWELL = 1.0
"""Seconds from the last part to EXT-X-ENDLIST. Once a playlist has ended hls.js (1.7) takes no further part of a
segment that it has begun: who has not fetched the rest by then does not see it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a request waits for: the rendition's playlist with that part, or the media of that name.

    Without a rendition: anything to play at all.
    """

    rendition: str = ""
    msn: int | None = None
    part: int | None = None
    name: str = ""


@dataclass(eq=False, slots=True)
class Waiter:
    """Someone who waits. `then` is None once it has been called or is not wanted any more."""

    then: Callable[[], None] | None


class LiveStream:
    """A packager, and those who wait for what it makes next."""

    def __init__(self, packager: Packager) -> None:
        self._packager = packager
        self._names = packager.broadcast + "."
        self._waiting: dict[Question, set[Waiter]] = {}
        self._released: deque[Waiter] = deque()
        self._playable = False
        self.ended = False
        self.rests = False
        self.version = 0
        """Grows whenever a playlist of this broadcast may have changed."""
        self.gzipped = Gzipped()
        self.playlists: dict[object, tuple[int, str, Representation]] = {}
        """The newest of each kind, with the version and the text that it was made of. Kinds are few and fixed."""
        self.media: dict[tuple[str, str], Representation] = {}
        """Media that were asked for since the last segment closed; not longer, so that none outlives its window."""

    @property
    def packager(self) -> Packager:
        return self._packager

    @property
    def playable(self) -> bool:
        """Every rendition has something to list; once so, always so."""
        self._playable = self._playable or self._packager.playable
        return self._playable

    @property
    def waiting(self) -> int:
        """Requests that are held at this moment."""
        return sum(map(len, self._waiting.values())) + len(self._released)

    def names(self, name: str) -> bool:
        """Whether a media file's name is of this broadcast."""
        return name.startswith(self._names)

    def push(self, unit: AccessUnit) -> None:
        """Package an access unit, and wake those who wait if a part or segment closed."""
        events = self._packager.push(unit)
        if events:
            self._changed(any(isinstance(event, SegmentClosed) for event in events))

    def expect_end(self) -> None:
        """What is pushed from now on are the last access units."""
        self._packager.expect_end()

    def finish(self) -> None:
        """List what is open; the playlists end a moment later, when who is at the live edge has fetched it."""
        self._packager.close_parts()
        self._changed(False)
        asyncio.get_running_loop().call_later(FAREWELL, self.end)

    def rest(self) -> None:
        """Close what is open; the playlists do not end, as another server will go on from there. Nobody waits here."""
        self._packager.close_open()
        self.rests = True
        self._changed(True)

    def end(self) -> None:
        """Close what is open; the playlists end at once."""
        self._packager.flush()
        self.ended = True
        self._changed(True)

    def window(self, rendition: str) -> Window | None:
        return self._packager.windows.get(rendition)

    def waits(self, question: Question) -> bool:
        """Whether the answer is not there yet, and may come."""
        if self.rests:
            return False
        window = self.window(question.rendition)
        if window is not None and question.name:
            return window.media(question.name) is Answer.WAIT
        if not (self.playable or self.ended):
            return True
        return window is not None and window.answer(question.msn, question.part) is Answer.WAIT

    def wait(self, question: Question, then: Callable[[], None]) -> Waiter:
        """Have `then` called once the question has an answer; it is called by the loop, never from here."""
        waiter = Waiter(then)
        self._waiting.setdefault(question, set()).add(waiter)
        return waiter

    def forget(self, question: Question, waiter: Waiter) -> None:
        """It does not wait any longer."""
        waiter.then = None
        if waiters := self._waiting.get(question):
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[question]

    async def until(self, question: Question) -> None:
        """Wait for the answer of a question."""
        answered = asyncio.get_running_loop().create_future()
        waiter = self.wait(question, lambda: None if answered.done() else answered.set_result(None))
        try:
            await answered
        finally:
            self.forget(question, waiter)

    def _changed(self, segment_closed: bool) -> None:
        self.version += 1
        if segment_closed:
            self.media.clear()
        answered = [question for question in self._waiting if not self.waits(question)]
        releasing = bool(self._released)
        for question in answered:
            self._released.extend(self._waiting.pop(question))
        if self._released and not releasing:
            asyncio.get_running_loop().call_soon(self._release)

    def _release(self) -> None:
        """A few at a time: thousands at once would keep the next part waiting."""
        try:
            for _ in range(min(AT_ONCE, len(self._released))):
                waiter = self._released.popleft()
                then, waiter.then = waiter.then, None
                if then is not None:
                    then()
        finally:  # whatever one of them raises, the others are told
            if self._released:
                asyncio.get_running_loop().call_soon(self._release)
