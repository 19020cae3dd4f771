"""What the media process of WHIP is told at its start."""

from dataclasses import dataclass

MOST_PEERS = 32
"""Peers at one time, over all channels: at 4 Mbit/s each, more than one core can take."""

CONNECT_SECONDS = 10.0
"""From the answer to the end of the DTLS handshake. OBS gives up after 8 s, browsers after 15."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server by its URL, as in `stun:stun.example.org:3478`."""

    url: str
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """`ports` are the first and the last UDP port that may be bound, None for any.

    `loopback` gathers 127.0.0.1 too: for tests, and for a studio on the same machine without any network.
    """

    ports: tuple[int, int] | None = None
    loopback: bool = False
    ice_servers: tuple[IceServer, ...] = ()
    most_peers: int = MOST_PEERS
    connect_seconds: float = CONNECT_SECONDS
