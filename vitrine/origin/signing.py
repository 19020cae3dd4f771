"""Signed addresses of protected channels: who has one may watch until it expires.

The shop's back end makes the token `~EXPIRY.SIGNATURE`, which stands behind the channel's name in the path, so that
every relative address in a playlist carries it. EXPIRY is in seconds since 1970, SIGNATURE the HMAC-SHA256 of
`CHANNEL:EXPIRY` under the channel's playback secret, in 64 small hexadecimal digits.
"""

import hmac
import re
from functools import lru_cache

PREFIX = "~"

LEAST_SECRET = 16
"""Characters of a secret: a shorter one could be tried out."""

_TOKEN = re.compile(r"~([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)

TOKENS_KEPT = 1024
"""Tokens whose signature is known. Shops give many viewers the same one; a million of their own cost a hash each."""


def sign(secret: str, channel: str, expiry: int) -> str:
    """The token for a channel's address."""
    return f"{PREFIX}{expiry}.{_signature(secret, channel, expiry)}"


def time_left(secret: str, channel: str, token: str, now: float) -> float | None:
    """Seconds that a token lets its bearer watch, 0 or less if it has expired; None if it is not of this channel."""
    expiry = _expiry(secret, channel, token)
    return None if expiry is None else expiry - now


@lru_cache(TOKENS_KEPT)
def _expiry(secret: str, channel: str, token: str) -> int | None:
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    expiry = int(match[1])
    # Compared in a time that tells nothing of how much of it is right.
    return expiry if hmac.compare_digest(match[2], _signature(secret, channel, expiry)) else None


def _signature(secret: str, channel: str, expiry: int) -> str:
    return hmac.new(secret.encode(), f"{channel}:{expiry}".encode(), "sha256").hexdigest()
