"""One broadcast in a worker: messages to threads, and what must be in which order."""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from fractions import Fraction
from typing import Generic, TypeVar

from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import VitrineError
from vitrine.media.track import AudioTrack, Rendition, Track, TrackAnnounced, VideoTrack
from vitrine.transcode.events import Finished, Opened, Stats
from vitrine.transcode.ipc import Advanced, Came, Finish, Left, Message
from vitrine.transcode.ladder import MAX_RUNGS, Plan
from vitrine.transcode.worker.encoder import SoundEncoder
from vitrine.transcode.worker.output import Counters, Output
from vitrine.transcode.worker.picture import (
    LATE_PICTURE,
    Ended,
    PictureInput,
    PictureThread,
    PublisherLeft,
    Reached,
)
from vitrine.transcode.worker.rung import RungThread
from vitrine.transcode.worker.sound import PictureEnded, PictureReached, SoundInput, SoundLeft, SoundThread

PICTURE_QUEUE = 64
"""Access units that wait for the decoder, a second at least: then the pipe fills, and the server drops."""

SOUND_QUEUE = 256
"""Access units and picture positions; the sound is far faster than the picture."""

SOUND_ID = MAX_RUNGS + 1
"""Track id of the sound, above any rung's."""

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """A bounded queue and the thread that empties it."""

    def __init__(self, size: int, push: Callable[[Item], None], guard: Callable[[Callable[[], None]], None]) -> None:
        self._queue: queue.Queue[Item | None] = queue.Queue(size)
        self._push = push
        self._thread = threading.Thread(target=guard, args=(self._run,), daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        self._queue.put(item)

    def finish(self) -> None:
        """Wait until everything put has been worked through."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._push(item)


class Session:
    """Threads: pictures, sound, and one for each rung. Each only puts to those behind it, so none waits in a ring."""

    def __init__(self, plan: Plan, output: Output) -> None:
        self._plan = plan
        self._output = output
        self._counters = Counters()
        self._came = time.monotonic()
        self._tracks: dict[int, Track] = {}
        self._has_pictures = False
        self._rungs: list[threading.Thread] = []
        self._picture_end = Fraction(plan.first_frame) / plan.rate
        self._sound_begin = self._sound_end = Fraction(0)
        self._sound_encoder = SoundEncoder(SOUND_ID, plan.settings.audio_kbps, plan.first_audio_frame)
        sound = SoundThread(plan, self._sound_encoder, self._counters, output.deliver)
        self._sound: Inbox[SoundInput] = Inbox(SOUND_QUEUE, sound.push, self._guard)
        self._pictures = PictureThread(
            plan,
            self._counters,
            output.deliver,
            on_opened=self._open,
            on_position=self._picture_reached,
            on_shed=output.send,
        )
        self._picture: Inbox[PictureInput] = Inbox(PICTURE_QUEUE, self._pictures.push, self._guard)

    def push(self, message: Message) -> None:
        """Anything but Begin."""
        match message:
            case AccessUnit():
                self._push_unit(message)
            case TrackAnnounced(track):
                self._tracks[track.id] = track
                if isinstance(track, VideoTrack):
                    self._has_pictures = True
                    self._picture.put(track)
                else:
                    self._sound.put(track)
            case Came(at):
                self._came = at
            case Advanced(position, slate):
                self._picture.put(Reached(position, slate))
            case Left():
                self._tracks.clear()
                self._picture.put(PublisherLeft())
                self._sound.put(SoundLeft())
            case Finish():
                self._finish()

    def _push_unit(self, unit: AccessUnit) -> None:
        track = self._tracks.get(unit.track_id)
        if isinstance(track, VideoTrack):
            self._counters.pictures.note(unit.dts / track.timescale, self._came)
            self._picture.put(unit)
        elif isinstance(track, AudioTrack):
            self._counters.sound.note(unit.pts / track.timescale, self._came)
            self._sound.put(unit)
            position = Fraction(unit.pts, track.timescale)
            self._sound_end, self._sound_begin = 2 * position - self._sound_begin, position
            ahead = position - LATE_PICTURE
            if ahead > self._picture_end and (self._plan.live or not self._has_pictures):
                self._picture.put(Reached(ahead))

    def _picture_reached(self, position: Fraction, nothing_comes: bool) -> None:
        self._picture_end = position
        self._sound.put(PictureReached(position, nothing_comes))

    def _open(self, rungs: list[RungThread], renditions: list[Rendition]) -> None:
        self._output.open(Opened((*renditions, self._sound_encoder.rendition)))
        for rung in rungs:
            thread = threading.Thread(target=self._guard, args=(rung.run,), daemon=True)
            thread.start()
            self._rungs.append(thread)

    def stats(self) -> Stats:
        return self._counters.stats(time.process_time(), self._pictures.lag)

    def _finish(self) -> None:
        self._picture.put(Ended(self._sound_end))
        self._picture.finish()
        self._sound.put(PictureEnded(self._picture_end))
        self._sound.finish()
        for thread in self._rungs:
            thread.join()
        self._output.send(self.stats())
        self._output.send(Finished())

    def _guard(self, run: Callable[[], None]) -> None:
        """A thread that fails takes the process with it: a worker that half works would never be replaced."""
        try:
            run()
        except VitrineError as error:
            self._output.fail(str(error))
        except BaseException as error:
            traceback.print_exc()
            self._output.fail(f"The transcoder failed: {type(error).__name__}: {error}", ours=True)
