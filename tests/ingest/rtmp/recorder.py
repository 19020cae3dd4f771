"""Publications that keep what they are given."""

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Track

HOST = "127.0.0.1"


@dataclass
class Recorder:
    """A publication that keeps everything."""

    tracks: list[Track] = field(default_factory=list)
    units: list[AccessUnit] = field(default_factory=list)
    ended: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def add_track(self, track: Track) -> None:
        self.tracks.append(track)

    def push(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def end(self, reason: str) -> None:
        self.ended.set_result(reason)

    def of(self, track_id: int) -> list[AccessUnit]:
        return [unit for unit in self.units if unit.track_id == track_id]


class Channels:
    """Publications that accept the key `key`."""

    def __init__(self, make: Callable[[], Recorder] = Recorder) -> None:
        self.requests: list[PublishRequest] = []
        self.publications: list[Recorder] = []
        self.published = asyncio.Event()
        self._make = make

    def publish(self, request: PublishRequest) -> Recorder:
        if request.key != "key":
            raise PublishRefusedError(Refusal.WRONG_KEY, "This stream key opens no channel here.")
        self.requests.append(request)
        self.publications.append(self._make())
        self.published.set()
        return self.publications[-1]


async def make_certificate(path: Path) -> None:
    """A certificate for HOST that signs itself, with its key, in one file."""
    kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    name = f"-subj /CN=test -addext subjectAltName=IP:{HOST}"
    code, text = await run("openssl", "req", *kind.split(), *name.split(), "-keyout", str(path), "-out", f"{path}.crt")
    assert code == 0, text
    with path.open("ab") as both:
        both.write(Path(f"{path}.crt").read_bytes())  # noqa: ASYNC240


async def run(*command: str) -> tuple[int, str]:
    """Exit code and what a program says, in a thread; killed if it does not end."""
    done = await asyncio.to_thread(
        subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr
