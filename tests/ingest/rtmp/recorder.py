"""Publications that keep what they are given."""

import asyncio
import ssl
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import trustme

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.ingest.whip.events import Measured
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import Track

HOST = "127.0.0.1"


@dataclass
class Recorder:
    """A publication that keeps everything."""

    tracks: list[Track] = field(default_factory=list)
    units: list[AccessUnit] = field(default_factory=list)
    messages: list[tuple[str, tuple[object, ...], int]] = field(default_factory=list)
    ended: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def describe(self, encoder: str, rate: Fraction | None) -> None:
        self.encoder, self.rate = encoder, rate

    def add_track(self, track: Track) -> None:
        self.tracks.append(track)

    def push(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def measure(self, measured: Measured) -> None:
        self.measured = measured

    def data(self, name: str, values: Sequence[object], dts: int) -> None:
        self.messages.append((name, tuple(values), dts))

    def end(self, reason: str, *, stopped: bool = False) -> None:
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

    def check_key(self, request: PublishRequest) -> None:
        if request.key != "key":
            raise PublishRefusedError(Refusal.WRONG_KEY, "This stream key opens no channel here.")

    def check(self, request: PublishRequest) -> None:
        self.check_key(request)

    def publish(self, request: PublishRequest) -> Recorder:
        self.check(request)
        self.requests.append(request)
        self.publications.append(self._make())
        self.published.set()
        return self.publications[-1]


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's, around a certificate for HOST that no system trusts."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(theirs)
    authority.configure_trust(ours)
    return theirs, ours


async def run(*command: str) -> tuple[int, str]:
    """Exit code and what a program says, in a thread; killed if it does not end."""
    done = await asyncio.to_thread(
        subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr
