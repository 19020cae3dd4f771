"""The crew's encoder on a channel: real programs, which are ended, frozen and changed while they publish."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from soak.server import Server, backup_key, key_of

ENDING = 10.0
TOLD = 300
"""Characters of what a program said at last."""

KINDS = ("push", "ffmpeg", "other", "tall", "whip")
"""What a crew changes between, the first as a rule. `other` and `tall` have other sizes and rates."""

BROWSERS = ("browser", "whip")
"""By WebRTC: `browser` is aiortc, `whip` FFmpeg's."""


@dataclass(slots=True)
class Encoder:
    """One program at a time. `kind` is what it is."""

    server: Server
    clips: Path
    channel: str
    backup: bool = False
    kind: str = ""
    _process: asyncio.subprocess.Process | None = None
    _started: int = 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def output(self) -> Path:
        role = "backup" if self.backup else "primary"
        return self.server.folder / f"{self.channel}-{role}.log"

    def last_words(self) -> str:
        """How it ended, where it ended by itself."""
        status = "" if self._process is None else f"status {self._process.returncode}"
        return f"{self.kind} {status}: {self.output.read_text(errors='replace')[-TOLD:].strip()}"

    async def start(self, kind: str, *options: str) -> None:
        """Begin to publish; what publishes already goes on, and is forgotten: see `hand_over`."""
        self.kind = kind
        with self.output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(kind, options),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=output,
            )

    def _command(self, kind: str, options: tuple[str, ...]) -> tuple[str, ...]:
        key = backup_key(self.channel) if self.backup else key_of(self.channel)
        whip = f"{self.server.address}/whip/{self.channel}?takeover=1"
        python, clips = (sys.executable, "-m"), self.clips
        match kind:
            case "push" | "whip":
                url = whip if kind == "whip" else self.server.rtmp
                push = (*python, "vitrine.server", "push", str(clips / "show.mp4"), url)
                return (*push, "--key", key, "--loop", "--quiet")
            case "browser":
                return (*python, "bench.whip_camera", str(clips / "clip.ts"), whip, key, *options)
            case "stamps":
                return (*python, "soak.feed", str(clips / "show.mp4"), self.server.rtmp, key, *options)
            case "hurry":
                pace, clip = "100", "show.mp4"
            case _:
                pace, clip = "1", "show.mp4" if kind == "ffmpeg" else f"{kind}.mp4"
        source = ("ffmpeg", "-v", "error", "-readrate", pace, "-stream_loop", "-1", "-i", str(clips / clip))
        return (*source, "-c", "copy", "-f", "flv", f"{self.server.rtmp}/{key}")

    def signal(self, number: int) -> None:
        if self.running:
            assert self._process is not None
            self._process.send_signal(number)

    async def kill(self) -> None:
        """As a crash or a lost network does: nothing is said."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """As its crew does: it says goodbye."""
        await self._end(signal.SIGINT)

    async def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            await _end(process, number)

    def hand_over(self) -> "Encoder":
        """What publishes now, to be ended later; the next start is another program beside it."""
        former = Encoder(self.server, self.clips, self.channel, self.backup, self.kind, self._process)
        self._process = None
        return former


async def _end(process: asyncio.subprocess.Process, number: int) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
    try:
        await asyncio.wait_for(process.wait(), ENDING)
    except TimeoutError:
        process.kill()
        await process.wait()
