"""May this publisher start? One check for every protocol, and where an accepted publisher's media go.

The server plugs in a `Publications`; ingest knows no more of it than these two protocols.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Protocol

from vitrine.ingest.whip.events import Measured
from vitrine.media.access_unit import AccessUnit
from vitrine.media.address import is_loopback
from vitrine.media.backoff import Backoff
from vitrine.media.errors import RefusedError
from vitrine.media.track import Track


class Refusal(Enum):
    """Why a publisher is declined; each protocol has its own code for each."""

    WRONG_KEY = "wrong key"
    WRONG_PLACE = "wrong place"
    WRONG_CHANNEL = "another channel's key"
    BUSY = "busy"
    NO_ROOM = "no room"
    TOO_OFTEN = "too many wrong keys"


class PublishRefusedError(RefusedError):
    """The publisher may not start. The text tells the crew what to change and never holds the key."""

    def __init__(self, refusal: Refusal, text: str, wait: float = 0.0) -> None:
        """`wait` are the seconds after which another try makes sense, 0 if any time does."""
        super().__init__(text)
        self.refusal = refusal
        self.wait = wait


def nothing_to_ask() -> None:
    """For publishers that cannot be asked for a keyframe."""


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """What every protocol knows of a publisher before its first media byte.

    `address` is the peer's IP address. `close` ends the session from our side and takes the reason in words:
    it is called when another publisher with the same key takes over. `channel` is the one that the publisher's address
    names, which the key must open; None where the key alone says which. `takeover` says whether a publisher that is
    there already makes way even if it is well; one that has gone silent always does, and so does one with the same
    `publisher`: what it calls itself, the same each time that it connects again. `want_keyframe` asks the publisher for
    one, as often as it is called; it need not listen.
    """

    protocol: str
    key: str
    address: str
    close: Callable[[str], None]
    channel: str | None = None
    takeover: bool = True
    want_keyframe: Callable[[], None] = nothing_to_ask
    publisher: str | None = None

    def replaces(self, present: "PublishRequest") -> bool:
        """Whether one that is there, and well, makes way for this one."""
        return self.takeover or (self.publisher is not None and self.publisher == present.publisher)


class Publication(Protocol):
    """An accepted session's way in."""

    def add_track(self, track: Track) -> None:
        """Announce a track, or the changed description of one already announced, by its id."""

    def describe(self, encoder: str, rate: Fraction | None) -> None:
        """What the publisher says of itself: its program, its frames a second. Hints, often wrong."""

    def push(self, unit: AccessUnit) -> None:
        """Give an access unit in session time (media/timeline.py)."""

    def measure(self, measured: Measured) -> None:
        """How the connection does, where the protocol can tell. Give it as often as it is known."""

    def data(self, name: str, values: Sequence[object], dts: int) -> None:
        """Give a named data message at session time `dts`, in ms: its values as str, float, bool, None, list, dict."""

    def end(self, reason: str, *, stopped: bool = False) -> None:
        """The session is over; call it once, whatever ended it. `stopped` where the publisher itself said so."""


class Publications(Protocol):
    """Who may publish. Provided by the server."""

    def check(self, request: PublishRequest) -> None:
        """Raise PublishRefusedError where `publish` would, and do nothing else."""

    def check_key(self, request: PublishRequest) -> None:
        """The same where only the key is to be looked at: of what is there already, nothing has to begin."""

    def publish(self, request: PublishRequest) -> Publication:
        """Accept, or raise PublishRefusedError."""


def channel_for_key(key: str, address: str, keys: Iterable[tuple[str, str | None]]) -> str:
    """The channel that a stream key opens, from (channel, its configured key or None).

    A channel without a key of its own takes its name as key, from this machine only. Every key is compared,
    in constant time, so that the time taken tells nothing. Raises PublishRefusedError.
    """
    found = None
    local = is_loopback(address)
    for channel, configured in keys:
        expected = configured if configured is not None else channel
        same = hmac.compare_digest(expected.encode(), key.encode("utf-8", "surrogatepass"))
        if same and (configured is not None or local):
            found = channel
    if found is None:
        raise PublishRefusedError(
            Refusal.WRONG_KEY,
            "This stream key opens no channel here. Check the key in the encoder against the server's configuration.",
        )
    return found


class Doorman:
    """The check of every publisher's key, whatever the protocol: wrong keys of an address count together."""

    def __init__(self) -> None:
        self.backoff = Backoff()
        self.wrong = 0

    def channel_for_key(self, key: str, address: str, keys: Iterable[tuple[str, str | None]], now: float) -> str:
        """As channel_for_key; an address that gave too many wrong ones has to wait, whatever it gives.

        Raises PublishRefusedError.
        """
        if wait := self.backoff.wait(address, now):
            self.backoff.refuse()
            seconds = -int(-wait // 1)
            raise PublishRefusedError(
                Refusal.TOO_OFTEN, f"Too many wrong stream keys came from this address; try again in {seconds} s.", wait
            )
        try:
            channel = channel_for_key(key, address, keys)
        except PublishRefusedError:
            self.wrong += 1
            self.backoff.fail(address, now)
            raise
        self.backoff.succeed(address)
        return channel
