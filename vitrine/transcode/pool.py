"""Worker processes: started, fed, watched, and ended for certain."""

import asyncio
import contextlib
import fcntl
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import vitrine
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, MisuseError, RefusedError
from vitrine.media.track import Track, TrackAnnounced, VideoTrack
from vitrine.transcode.backlog import Backlog
from vitrine.transcode.events import Finished, PoolEvent, Stats, WorkerDied
from vitrine.transcode.ipc import Advanced, Begin, Came, Finish, Left, Message, MessageReader, encode
from vitrine.transcode.ladder import Plan

PIPE_SIZE = 1 << 18
"""Bytes in each pipe: a keyframe in one go. More would only hide that the worker does not keep up."""

GRACE_SECONDS = 3.0
"""A worker that is told to end has this long before it is killed."""

HUNG_SECONDS = 10.0
"""That a live worker is given input and says nothing. FFmpeg can loop on hostile input."""

PATIENCE_SECONDS = 30.0
"""A worker that is waited for must say something in this time. It delivers each picture as it is encoded."""

STDERR_BYTES = 4096
"""What is kept of the end of a worker's complaints."""

CLOCK_STEP = 0.005
"""Seconds after which the worker is told the time again at which media come: a sixth of a picture at 30 a second."""

NO_BLAS_THREADS = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy starts threads for matrices; ours are a few samples long, and idle threads spin."""


def worker_environment() -> dict[str, str]:
    """Only what the interpreter needs: nothing secret of the server's environment reaches a worker."""
    return {"PYTHONPATH": str(Path(vitrine.__file__).parent.parent), "LANG": "C.UTF-8", **NO_BLAS_THREADS}


class Worker:
    """One broadcast's transcoder. Make it with `Worker.start`, or with `Worker.launch` and `begin` where the plan is
    not known yet; end it with `finish` or `close`, always.

    `on_event` is called in the loop's thread with Opened first, then access units, Stats now and then, and at
    last Finished, or Failed and WorkerDied.
    """

    def __init__(self, on_event: Callable[[PoolEvent], None]) -> None:
        self._on_event = on_event
        self._tracks: dict[int, Track] = {}
        self._live = True
        self._backlog = Backlog(self._live)
        self._reader = MessageReader()
        self._stderr = bytearray()
        self._transport: asyncio.SubprocessTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._exited = asyncio.Event()
        self._finished = False
        self._closing = False
        self._silent_since: float | None = None
        self._heard = 0
        self._told = 0.0
        self._hung = False

    @classmethod
    async def launch(cls, on_event: Callable[[PoolEvent], None], name: str = "") -> "Worker":
        """A process that waits for its plan. In lists of processes it stands with `name`. Raises OSError."""
        worker = cls(on_event)
        loop = asyncio.get_running_loop()
        await loop.subprocess_exec(
            lambda: _WorkerProtocol(worker),
            sys.executable,
            "-m",
            "vitrine.transcode.worker",
            *filter(None, [name]),
            env=worker_environment(),
            start_new_session=True,
        )
        worker._enlarge_pipes()
        return worker

    @classmethod
    async def start(cls, plan: Plan, on_event: Callable[[PoolEvent], None], name: str = "") -> "Worker":
        """A running worker that has been told its plan. Raises OSError."""
        worker = await cls.launch(on_event, name)
        worker.begin(plan)
        return worker

    def begin(self, plan: Plan) -> None:
        """Tell it its plan, before anything else and once."""
        self._live = plan.live
        self._backlog = Backlog(plan.live)
        self._send(Begin(plan))

    @property
    def pid(self) -> int:
        assert self._transport
        return self._transport.get_pid()

    @property
    def lost(self) -> int:
        """Access units given up because the worker did not keep up."""
        return self._backlog.lost

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether pictures are given up only because no keyframe comes."""
        return self._backlog.waits_for_keyframe

    def add_track(self, track: Track) -> None:
        """Announce a track, or its changed description, before its access units."""
        self._tracks[track.id] = track
        self._send(TrackAnnounced(track))

    def push(self, unit: AccessUnit) -> None:
        """Give an access unit in programme time. Live, it may be given up; otherwise await `drain` now and then."""
        track = self._tracks.get(unit.track_id)
        if track is None:
            raise MisuseError(f"Track {unit.track_id} was not announced to the worker")
        if isinstance(track, VideoTrack):
            admitted = self._backlog.admits_picture(unit, time.monotonic())
        else:
            admitted = self._backlog.admits_sound()
        if admitted:
            self._give(unit, track)
        self._watch()

    def refill(self, items: Iterable[Track | AccessUnit]) -> None:
        """Give, all at once, what a worker that this one replaces had been given since the last keyframe."""
        for item in items:
            if isinstance(item, AccessUnit):
                self._give(item, self._tracks[item.track_id])
            else:
                self.add_track(item)
        self.catch_up()

    def catch_up(self) -> None:
        """What was just given, or comes next, is much at once: the worker has the time that it needs for it."""
        self._backlog.catch_up(time.monotonic())

    def advance(self, position: Fraction, slate: bool = False) -> None:
        """Programme time has reached `position` seconds: the slate or the last picture, and silence, fill up to it."""
        self._send(Advanced(position, slate))
        self._watch()

    def leave(self) -> None:
        """The publisher is gone. What is announced and pushed from here on is another one's, in whatever form."""
        self._tracks.clear()
        self._send(Left())

    async def drain(self) -> None:
        """Wait until the worker takes more. Returns at once when it is gone."""
        await self._wait(self._writable)

    async def finish(self) -> None:
        """Have everything encoded and delivered, and wait for the worker's end."""
        self._send(Finish())
        await self._wait(self._exited)

    async def close(self) -> None:
        """End the worker, at once if it has finished, else by force. No event follows."""
        self._closing = True
        if self._transport is None:
            return
        stdin = cast(asyncio.WriteTransport | None, self._transport.get_pipe_transport(0))
        if stdin and not stdin.is_closing() and not self._exited.is_set():
            stdin.abort()
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self._exited.wait()
        except TimeoutError:
            pass
        finally:
            self._kill()
            self._transport.close()
        await self._exited.wait()

    async def _wait(self, event: asyncio.Event) -> None:
        """Until the event, or until the worker has been silent for so long that it is killed."""
        while not event.is_set():
            heard = self._heard
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await event.wait()
            except TimeoutError:
                if self._heard == heard:
                    self._give_up()

    def _enlarge_pipes(self) -> None:
        """On Linux. uvloop hands out no pipes: its own are socket pairs, large enough."""
        assert self._transport
        size = getattr(fcntl, "F_SETPIPE_SZ", None)
        for number in (0, 1):
            pipe = self._transport.get_pipe_transport(number)
            descriptor = pipe.get_extra_info("pipe") if pipe else None
            closed = pipe is None or pipe.is_closing()  # a worker that has ended already
            if size is not None and descriptor is not None and not closed:
                with contextlib.suppress(OSError):  # over the user's limit for pipes
                    fcntl.fcntl(descriptor.fileno(), size, PIPE_SIZE)

    def _give(self, unit: AccessUnit, track: Track) -> None:
        """Send a unit; one that is too long for a message is lost."""
        now = time.monotonic()
        if now - self._told >= CLOCK_STEP:
            self._told = now
            self._send(Came(now))
        try:
            self._send(unit, now if isinstance(track, VideoTrack) else None)
        except RefusedError:
            self._backlog.lost += 1

    def _send(self, message: Message, came: float | None = None) -> None:
        if self._exited.is_set() or self._closing:
            return
        self._backlog.push(encode(message), came)
        self._pump()

    def _pump(self) -> None:
        if self._transport is None:
            return
        stdin = cast(asyncio.WriteTransport | None, self._transport.get_pipe_transport(0))
        while self._backlog and self._writable.is_set() and stdin and not stdin.is_closing():
            stdin.write(self._backlog.pop())

    def _watch(self) -> None:
        """Notice a worker that takes input for long and says nothing."""
        if not self._live:
            return
        now = asyncio.get_running_loop().time()
        if self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > HUNG_SECONDS and not self._hung:
            self._give_up()

    def _give_up(self) -> None:
        self._hung = True
        self._kill()

    def _kill(self) -> None:
        if self._transport is not None and not self._exited.is_set():
            self._transport.kill()

    def _messages_received(self, data: bytes) -> None:
        self._silent_since = None
        self._heard += 1
        if self._closing:
            return
        self._reader.receive_data(data)
        try:
            messages = self._reader.events_received()
        except MalformedError:
            self._kill()
            return
        for message in messages:
            self._dispatch(message)

    def _dispatch(self, message: Message) -> None:
        match message:
            case Stats():
                self._on_event(replace(message, lost=self._backlog.lost))
            case Finished():
                self._finished = True
                self._on_event(message)
            case _:
                self._on_event(cast(PoolEvent, message))

    def _stderr_received(self, data: bytes) -> None:
        self._stderr += data
        del self._stderr[:-STDERR_BYTES]

    def _ended(self) -> None:
        assert self._transport
        self._exited.set()
        self._writable.set()
        status = self._transport.get_returncode()
        if not self._finished and not self._closing:
            self._on_event(WorkerDied(status or 0, self._reason(status or 0)))

    def _reason(self, status: int) -> str:
        how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        why = ", stopped because it took input without a word" if self._hung else ""
        lines = self._stderr.decode(errors="replace").strip().splitlines()[-5:]
        return f"The transcoder ended {how}{why}" + (": " + " | ".join(lines) if lines else "")


class _WorkerProtocol(asyncio.SubprocessProtocol):
    """What the loop calls."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._open = {1, 2}
        self._dead = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._worker._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._worker._messages_received(data)
        else:
            self._worker._stderr_received(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        self._check_end()

    def process_exited(self) -> None:
        self._dead = True
        self._check_end()

    def pause_writing(self) -> None:
        self._worker._writable.clear()

    def resume_writing(self) -> None:
        self._worker._writable.set()
        self._worker._pump()

    def _check_end(self) -> None:
        """Over when both is true: the process is dead, and what it had written has been read."""
        if self._dead and not self._open:
            self._worker._ended()
