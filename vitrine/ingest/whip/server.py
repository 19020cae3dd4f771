"""WHIP over HTTP: requests to the resources, a peer for each session, and its media to the publications."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from vitrine.ingest.publish import Publication, Publications, PublishRequest
from vitrine.ingest.rate import COMPLAINTS, Attempts
from vitrine.ingest.whip import resource
from vitrine.ingest.whip.answer import complete_answer
from vitrine.ingest.whip.events import Connected, Measured, PeerEnded, PeerEvent
from vitrine.ingest.whip.offer import read_offer
from vitrine.ingest.whip.resource import Answer, FaultError, Request, Resources
from vitrine.ingest.whip.settings import IceServer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import VitrineError
from vitrine.media.track import TrackAnnounced

logger = logging.getLogger("vitrine.ingest.whip")

ID_BYTES = 16
"""Random bytes in a session's address (RFC 9725, Security Considerations)."""

ENDED_EARLY = "The connection ended before it began; try again"

GOODBYE_SECONDS = 5.0
"""For the peers to end when the server stops."""


class Peer(Protocol):
    """The other end of one publisher's connection."""

    @property
    def answer(self) -> str:
        """SDP with all of our candidates."""

    async def add_candidates(self, candidates: Sequence[str]) -> None:
        """Candidates of the publisher that came later, as `a=candidate:` lines without that start."""

    def request_keyframe(self) -> None:
        """The transcoder has to begin anew; the publisher is asked at a bounded rate, however often this is called."""

    def close(self, reason: str = ...) -> None:
        """End it; PeerEnded follows."""


class Peers(Protocol):
    """Who makes peers. Provided by ingest/whip/pool.py."""

    async def open(self, offer: str, on_event: Callable[[PeerEvent], None]) -> Peer:
        """A peer for an offer. Exactly one PeerEnded comes at its end.

        Raises RefusedError for an offer that it cannot take, PeersUnavailableError and PoolFullError where it cannot
        take any now.
        """


class WhipServer:
    """The handlers of `/whip/...`. Close it at the end."""

    def __init__(
        self,
        publications: Publications,
        peers: Peers,
        ice_servers: Sequence[IceServer] = (),
        public_address: str | None = None,
    ) -> None:
        self._publications = publications
        self._peers = peers
        self._resources = Resources(ice_servers)
        self._public_address = public_address
        self._sessions: dict[str, _Session] = {}
        self._opening = 0
        self._complaints = Attempts(COMPLAINTS)
        self._empty = asyncio.Event()
        self._empty.set()

    def routes(self) -> list[web.RouteDef]:
        paths = ("/whip/{channel}", "/whip/{channel}/{session}")
        return [web.route("*", path, self._handle) for path in paths]

    async def close(self, reason: str = "The server is stopping") -> None:
        """End every session, and wait until their peers are gone."""
        for session in tuple(self._sessions.values()):
            session.end(reason)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._empty.wait()
        except TimeoutError:
            logger.warning("%d WHIP peers did not end in time", len(self._sessions))

    async def _handle(self, http: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = Request(
            method=http.method,
            channel=http.match_info["channel"],
            session=http.match_info.get("session"),
            address=resource.publisher_address(http.remote or "", headers),
            headers=headers,
            query=dict(http.query),
        )
        try:
            answer = await self._answer(request, http)
        except VitrineError as error:
            answer = resource.answer_to(error)
            self._complain(request, http.path, f"{answer.status}: {error}")
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    def _complain(self, request: Request, path: str, why: str) -> None:
        if not self._complaints.take(request.address, asyncio.get_running_loop().time()):
            logger.info("%s: %s %.100r: %s", request.address, request.method, path, why)

    async def _answer(self, request: Request, http: web.Request) -> Answer:
        resource.check_method(request)
        if request.method == "OPTIONS":
            return resource.options(request)
        if request.session is None:
            return await self._post(request, http) if request.method == "POST" else resource.done()
        self._check_key(request)
        if request.method == "PATCH":
            return await self._patch(request, http)
        found = self._resources.find(request)
        if request.method == "DELETE":
            self._sessions[found.id].end("the publisher stopped", stopped=True)
            return resource.done(200)  # OBS warns at any other
        return resource.done()

    def _check_key(self, request: Request) -> None:
        """Whoever has the channel's key may end its sessions: it is the same crew."""
        key = resource.bearer_key(request)
        self._publications.check_key(PublishRequest("whip", key, request.address, _nothing, request.channel))

    async def _post(self, request: Request, http: web.Request) -> Answer:
        session = _Session(secrets.token_urlsafe(ID_BYTES), request.address, self._forget)
        takeover, publisher = request.query.get("takeover") == "1", resource.publisher_name(request)
        key = resource.bearer_key(request)
        publish = PublishRequest(
            "whip", key, request.address, session.end, request.channel, takeover, session.request_keyframe, publisher
        )
        self._publications.check(publish)
        self._resources.check_post(request, self._opening, asyncio.get_running_loop().time())
        self._opening += 1  # from here on: who sends its body slowly takes a place too
        try:
            offer = read_offer(await _body(http))
            session.peer = await self._peers.open(offer.text, session.receive)
        finally:
            self._opening -= 1
        if session.over:
            raise FaultError(503, ENDED_EARLY, ("Retry-After", "1"))
        self._sessions[session.id] = session
        self._empty.clear()
        try:
            session.start(self._publications.publish(publish), request.headers.get("user-agent", ""))
        except VitrineError as error:
            session.end(str(error))
            raise
        if session.over:
            raise FaultError(503, ENDED_EARLY, ("Retry-After", "1"))
        answer = complete_answer(session.peer.answer, offer, self._public_address)
        return self._resources.create(session.id, request.channel, offer, answer)

    async def _patch(self, request: Request, http: web.Request) -> Answer:
        found = self._resources.check_patch(request)
        fragment = resource.read_candidates(await _body(http), found)
        self._resources.find(request)  # it may have ended while the body came
        peer = self._sessions[found.id].peer
        assert peer is not None
        await peer.add_candidates(fragment.candidates)
        return resource.done()

    def _forget(self, session: "_Session", gone: bool) -> None:
        """`gone` once its peer is."""
        self._resources.forget(session.id)
        if gone:
            self._sessions.pop(session.id, None)
            if not self._sessions:
                self._empty.set()


class _Session:
    """A peer, and where its media go. Events that come before that is known are kept for it."""

    def __init__(self, name: str, address: str, on_over: Callable[["_Session", bool], None]) -> None:
        self.id = name
        self.peer: Peer | None = None
        self._address = address
        self._on_over = on_over
        self._publication: Publication | None = None
        self._early: list[PeerEvent] = []
        self.over = False

    def start(self, publication: Publication, encoder: str) -> None:
        self._publication = publication
        publication.describe(encoder, None)
        logger.info("%s: publishes by WHIP with %.100r", self._address, encoder or "an unnamed encoder")
        early, self._early = self._early, []
        for event in early:
            self.receive(event)

    def receive(self, event: PeerEvent) -> None:
        """Take one event of the peer."""
        publication = self._publication
        if isinstance(event, PeerEnded):
            self.end(event.reason, gone=True)
        elif self.over:
            return
        elif publication is None:
            self._early.append(event)
        elif isinstance(event, AccessUnit):
            publication.push(event)
        elif isinstance(event, TrackAnnounced):
            publication.add_track(event.track)
        elif isinstance(event, Measured):
            publication.measure(event)
        elif isinstance(event, Connected):
            logger.info("%s: connected", self._address)

    def request_keyframe(self) -> None:
        if self.peer is not None and not self.over:
            self.peer.request_keyframe()

    def end(self, reason: str, *, gone: bool = False, stopped: bool = False) -> None:
        """The session is over, for a reason in words; `gone` once the peer is too. The first reason counts."""
        first, self.over = not self.over, True
        self._on_over(self, gone)
        if not first:
            return
        logger.info("%s: closed: %s", self._address, reason)
        if self.peer is not None and not gone:
            self.peer.close(reason)
        publication, self._publication = self._publication, None
        if publication is not None:
            publication.end(reason, stopped=stopped)


async def _body(http: web.Request) -> bytes:
    """Raises FaultError for one that is too large."""
    resource.check_length(http.content_length)
    try:
        return await http.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise FaultError(413, f"The body is too large; the most that is read is {resource.MAX_BODY} bytes") from error


def _nothing(_reason: str) -> None:
    """For requests that start nothing."""
