"""The session resources of WHIP (RFC 9725): HTTP requests judged, and answers made. No sockets, no HTTP library."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from vitrine.ingest.publish import PublishRefusedError, Refusal
from vitrine.ingest.rate import Attempts
from vitrine.ingest.whip.errors import PeersUnavailableError, PoolFullError
from vitrine.ingest.whip.fragment import Fragment, read_fragment
from vitrine.ingest.whip.offer import Offer
from vitrine.ingest.whip.settings import MOST_PEERS, IceServer
from vitrine.media.address import is_loopback
from vitrine.media.errors import MalformedError, RefusedError, UnsupportedError, VitrineError

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

MAX_BODY = 64 << 10
"""Bytes of an offer or a fragment. Chrome's offer with every codec and thirty candidates has 12 KiB."""

MAX_NAME = 64
"""Characters of a publisher's name for itself; pages take a random one of 32."""

RETRY_SECONDS = 10
"""What a publisher is told to wait where there is no room for it."""

ENDPOINT_METHODS = ("POST", "GET", "HEAD", "OPTIONS")
SESSION_METHODS = ("PATCH", "DELETE", "GET", "HEAD", "OPTIONS")

OPEN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Location, Link, ETag, Retry-After"),
    ("Cache-Control", "no-store"),
)
"""On every answer: a studio may be anyone's page. Without the second line it would not see where its session is."""

STATUSES = {
    Refusal.WRONG_KEY: 401,
    Refusal.WRONG_CHANNEL: 403,
    Refusal.WRONG_PLACE: 404,
    Refusal.BUSY: 409,
    Refusal.NO_ROOM: 503,
    Refusal.TOO_OFTEN: 429,
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. Names of headers are in small letters; `session` is None at a channel's endpoint."""

    method: str
    channel: str
    session: str | None
    address: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. A name may stand twice in `headers`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class FaultError(RefusedError):
    """A request that is answered with an HTTP error."""

    def __init__(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Resource:
    """One session as HTTP sees it."""

    id: str
    channel: str
    etag: str
    ufrag: str
    password: str

    @property
    def path(self) -> str:
        return f"/whip/{self.channel}/{self.id}"


class Resources:
    """The sessions of all channels."""

    def __init__(self, ice_servers: Sequence[IceServer] = (), most: int = MOST_PEERS) -> None:
        self._links = tuple(("Link", ice_link(server)) for server in ice_servers)
        self._most = most
        self._attempts = Attempts()
        self._open: dict[str, Resource] = {}

    def check_post(self, request: Request, opening: int, now: float) -> None:
        """May this request have a body read and a peer opened? `opening` are those that are being opened already.

        Who asks has been checked before. Raises FaultError.
        """
        if wait := self._attempts.take(request.address, now):
            raise FaultError(429, "This address asks for sessions too often", _retry(wait))
        _check_type(request, SDP, "Accept-Post")
        if len(self._open) + opening >= self._most:
            text = f"There are {self._most} WHIP sessions already, the most that this server takes"
            raise FaultError(503, text, _retry(RETRY_SECONDS))

    def create(self, session: str, channel: str, offer: Offer, answer: str) -> Answer:
        """Enter a session under a name that nobody can guess."""
        etag = f'"{hashlib.sha256(answer.encode()).hexdigest()[:16]}"'
        resource = Resource(session, channel, etag, offer.ufrag, offer.password)
        self._open[session] = resource
        headers = (("Location", resource.path), ("ETag", etag), ("Content-Type", SDP), *OPEN, *self._links)
        return Answer(201, headers, answer.encode())

    def find(self, request: Request) -> Resource:
        """The session that a request names. Raises FaultError."""
        resource = self._open.get(request.session or "")
        if resource is None or resource.channel != request.channel:
            raise FaultError(404, "There is no such session on this channel; it may have ended")
        return resource

    def forget(self, session: str) -> None:
        """The session is over."""
        self._open.pop(session, None)

    def check_patch(self, request: Request) -> Resource:
        """May a fragment be read? Raises FaultError (RFC 9725 section 4.3)."""
        resource = self.find(request)
        _check_type(request, FRAGMENT, "Accept-Patch")
        matched = request.headers.get("if-match")
        if matched is None:
            raise FaultError(428, "A PATCH needs If-Match with the ETag of the session")
        if resource.etag not in [each.strip() for each in matched.split(",")] and matched.strip() != "*":
            raise FaultError(412, "The ETag is not this session's; it was in the answer to the offer")
        return resource


def ice_link(server: IceServer) -> str:
    """A STUN or TURN server as a Link header has it (RFC 9725 section 4.6)."""
    text = f'<{server.url}>; rel="ice-server"'
    if server.username is not None and server.credential is not None:
        text += f'; username="{_quoted(server.username)}"; credential="{_quoted(server.credential)}"'
        text += '; credential-type="password"'
    return text


def check_method(request: Request) -> None:
    """Raise FaultError for a method that the address does not have (RFC 9110 section 15.5.6)."""
    methods = ENDPOINT_METHODS if request.session is None else SESSION_METHODS
    if request.method not in methods:
        place = "channel's endpoint" if request.session is None else "session"
        raise FaultError(405, f"A {place} takes {', '.join(methods)}", ("Allow", ", ".join(methods)))


def options(request: Request) -> Answer:
    """The answer to OPTIONS, preflight or not. It names no STUN or TURN server: no key came with it."""
    methods = ENDPOINT_METHODS if request.session is None else SESSION_METHODS
    accepted = ("Accept-Post", SDP) if request.session is None else ("Accept-Patch", FRAGMENT)
    allowed = (
        ("Allow", ", ".join(methods)),
        ("Access-Control-Allow-Methods", ", ".join(methods)),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match"),
        ("Access-Control-Max-Age", "86400"),
    )
    return Answer(200, (accepted, *allowed, *OPEN))


def done(status: int = 204) -> Answer:
    """An answer without content: to GET and HEAD, to candidates, to a session's end."""
    return Answer(status, OPEN)


def bearer_key(request: Request) -> str:
    """The stream key of a request (RFC 6750 section 2.1). Raises FaultError."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        text = "This needs the channel's stream key: send it as Authorization: Bearer KEY, or as OBS's bearer token"
        raise FaultError(401, text, ("WWW-Authenticate", "Bearer"))
    return key.strip()


def publisher_name(request: Request) -> str | None:
    """What a publisher calls itself. One that connects again under the same name takes over from itself, and from
    nobody else: a page that lost its connection cannot know whether another one went on air meanwhile.

    Raises FaultError.
    """
    name = request.query.get("publisher")
    if name is not None and len(name) > MAX_NAME:
        raise FaultError(400, f"The name of a publisher has at most {MAX_NAME} characters")
    return name or None


def read_candidates(body: bytes, resource: Resource) -> Fragment:
    """A fragment for a session. Raises MalformedError; FaultError for an ICE restart, which ends nothing."""
    fragment = read_fragment(body)
    named = (fragment.ufrag or resource.ufrag, fragment.password or resource.password)
    if named != (resource.ufrag, resource.password):
        text = (
            "ICE restarts are not supported; the session goes on as it is. To start anew, DELETE it and POST an offer"
        )
        raise FaultError(422, text)
    return fragment


def answer_to(error: VitrineError) -> Answer:
    """An error as problem details (RFC 9457)."""
    headers: tuple[tuple[str, str], ...] = ()
    match error:
        case FaultError():
            status, headers = error.status, error.headers
        case PublishRefusedError():
            status = STATUSES[error.refusal]
            if error.refusal is Refusal.WRONG_KEY:
                headers = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            elif error.wait:
                headers = (_retry(error.wait),)
        case MalformedError():
            status = 400
        case PeersUnavailableError() | PoolFullError():
            status, headers = 503, (_retry(RETRY_SECONDS),)
        case UnsupportedError() | RefusedError():
            status = 422
        case _:
            status = 500
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": str(error)}
    return Answer(status, (*headers, ("Content-Type", "application/problem+json"), *OPEN), json.dumps(body).encode())


def publisher_address(peer: str, headers: Mapping[str, str]) -> str:
    """The IP address a request comes from: the socket's, or behind a proxy on this machine the one that it tells.

    Channels without a key are open to this machine only. A request that only passes through it does not count as
    its own, nor does one that a page of another host sends from a browser here.
    """
    if not is_loopback(peer):
        return peer
    if forwarded := headers.get("x-forwarded-for"):
        return forwarded.rpartition(",")[2].strip()[:64] or "a proxy"
    hosts = [_host(f"//{headers['host']}")] if "host" in headers else []
    hosts += [_host(headers["origin"])] if "origin" in headers else []
    ours = all(host == "localhost" or is_loopback(host) for host in hosts)
    return peer if ours and "forwarded" not in headers and "via" not in headers else "a proxy"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _check_type(request: Request, wanted: str, accepts: str) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != wanted:
        raise FaultError(415, f"The body must be {wanted}, and say so as its Content-Type", (accepts, wanted))


def check_length(length: int | None) -> None:
    """Refuse a body by its Content-Length, before it is read. Raises FaultError."""
    if length is not None and length > MAX_BODY:
        raise FaultError(413, f"The body has {length} bytes; the most that is read is {MAX_BODY}")


def _retry(seconds: float) -> tuple[str, str]:
    return "Retry-After", str(max(1, -int(-seconds // 1)))


def _quoted(text: str) -> str:
    """Inside of a quoted string (RFC 9110 section 5.6.4)."""
    return text.replace("\\", r"\\").replace('"', r"\"")
