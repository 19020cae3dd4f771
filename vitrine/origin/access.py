"""Who may change something, or learn what viewers may not: who has the API token."""

import hmac
import time

from aiohttp import web

from vitrine.media.address import is_loopback
from vitrine.media.backoff import Backoff
from vitrine.origin.problems import problem


class Access:
    """Over the server's token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self.backoff = Backoff()

    def refusal(self, request: web.Request) -> web.Response | None:
        """What to answer instead, in words, where a request lacks the token; None where it has it."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            text = "This needs the API token: send it as Authorization: Bearer TOKEN"
            return problem(401, text, WWW_Authenticate="Bearer")
        address, now = _address(request), time.monotonic()
        if wait := self.backoff.wait(address, now):
            self.backoff.refuse()
            seconds = -int(-wait // 1)
            text = f"Too many wrong API tokens came from this address; try again in {seconds} s"
            return problem(429, text, Retry_After=str(seconds))
        if not hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), self._token):
            self.backoff.fail(address, now)
            text = "That is not this server's API token; it is in the data folder, in the file api-token"
            return problem(401, text, WWW_Authenticate='Bearer error="invalid_token"')
        self.backoff.succeed(address)
        return None


def _address(request: web.Request) -> str:
    """The socket's, or behind a proxy on this machine the one that it tells."""
    address = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For", "") if is_loopback(address) else ""
    return forwarded.rpartition(",")[2].strip()[:64] or address
