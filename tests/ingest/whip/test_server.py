"""WHIP over real HTTP, with peers that do what the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from tests.ingest.rtmp.recorder import Channels, Recorder
from tests.ingest.whip.offers import AUDIO, VIDEO, offer
from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.ingest.rate import COMPLAINTS
from vitrine.ingest.whip import resource
from vitrine.ingest.whip.errors import PeersUnavailableError
from vitrine.ingest.whip.events import Connected, Measured, PeerEnded, PeerEvent
from vitrine.ingest.whip.server import WhipServer
from vitrine.ingest.whip.settings import IceServer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError
from vitrine.media.track import Codec, TrackAnnounced, VideoTrack

KEY = {"Authorization": "Bearer key"}
SDP = {**KEY, "Content-Type": "application/sdp"}
FRAGMENT = {**KEY, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
VIDEO_TRACK = VideoTrack(1, Codec.H264, 90_000, b"")
UNIT = AccessUnit(1, 0, 0, True, b"picture")


class FakePeer:
    def __init__(self, on_event: Callable[[PeerEvent], None]) -> None:
        self.answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\na=rtcp-mux\r\n"
        self.say = on_event
        self.candidates: list[str] = []
        self.closed = self.keyframes_requested = 0

    async def add_candidates(self, candidates: Sequence[str]) -> None:
        self.candidates += candidates

    def request_keyframe(self) -> None:
        self.keyframes_requested += 1

    def close(self, reason: str = "") -> None:
        self.closed += 1
        asyncio.get_running_loop().call_soon(self.say, PeerEnded("closed by us"))


class FakePeers:
    def __init__(self) -> None:
        self.opened: list[FakePeer] = []
        self.offers: list[str] = []
        self.refuse: Exception | None = None
        self.early: list[PeerEvent] = []

    async def open(self, offer: str, on_event: Callable[[PeerEvent], None]) -> FakePeer:
        if self.refuse:
            raise self.refuse
        self.offers.append(offer)
        self.opened.append(FakePeer(on_event))
        for event in self.early:
            on_event(event)
        return self.opened[-1]


class Shop(Channels):
    """Channel `show`, whose key is `key`; `other` opens another."""

    busy = full = False

    def check_key(self, request: PublishRequest) -> None:
        if request.channel != "show":
            raise PublishRefusedError(Refusal.WRONG_PLACE, "There is no channel of that name here")
        if request.key == "other":
            raise PublishRefusedError(Refusal.WRONG_CHANNEL, "This stream key opens another channel.")
        super().check_key(request)

    def check(self, request: PublishRequest) -> None:
        super().check(request)
        if self.full:
            raise PublishRefusedError(Refusal.NO_ROOM, "There is no room for another broadcast.")
        if self.busy and not request.takeover:
            raise PublishRefusedError(Refusal.BUSY, "Another publisher is live on this channel.")


class Ingest:
    """The server under test and what it talks to."""

    def __init__(self) -> None:
        self.channels = Shop()
        self.peers = FakePeers()
        self.server = WhipServer(self.channels, self.peers, (IceServer("stun:stun.example.net"),))
        self.http: ClientSession | TestClient[web.Request, web.Application]

    async def post(
        self, body: bytes | AsyncIterator[bytes] | None = None, path: str = "/whip/show", **headers: str
    ) -> ClientResponse:
        body = offer() if body is None else body
        return await self.http.post(path, data=body, headers={**SDP, **headers})

    async def session(self) -> tuple[str, FakePeer, Recorder]:
        response = await self.post()
        assert response.status == 201, await response.text()
        return response.headers["Location"], self.peers.opened[-1], self.channels.publications[-1]


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    ingest = Ingest()
    application = web.Application(client_max_size=64 << 10)
    application.add_routes(ingest.server.routes())
    async with TestClient(TestServer(application)) as client:
        ingest.http = client
        yield ingest
        await ingest.server.close()


async def problem(response: ClientResponse) -> str:
    assert response.content_type == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    body = json.loads(await response.read())
    assert body["status"] == response.status
    return str(body["detail"])


async def test_an_offer_is_answered_and_media_go_to_the_channel(ingest: Ingest) -> None:
    response = await ingest.http.post("/whip/show", data=offer(), headers={**SDP, "User-Agent": "OBS"})
    assert response.status == 201
    assert response.content_type == "application/sdp"
    assert response.headers["Location"].startswith("/whip/show/")
    assert response.headers["Link"] == '<stun:stun.example.net>; rel="ice-server"'
    assert "a=recvonly" in await response.text()
    [peer], [publication], [request] = ingest.peers.opened, ingest.channels.publications, ingest.channels.requests
    assert (request.protocol, request.channel, request.takeover) == ("whip", "show", False)
    measured = Measured(100, 2, 1, 0.01, 0.05, 3)
    for event in (Connected(), TrackAnnounced(VIDEO_TRACK), UNIT, measured):
        peer.say(event)
    assert publication.encoder == "OBS"
    assert (publication.tracks, publication.units, publication.measured) == ([VIDEO_TRACK], [UNIT], measured)
    peer.say(PeerEnded("the network went away"))
    assert publication.ended.result() == "the network went away"
    assert (await ingest.http.get(response.headers["Location"], headers=KEY)).status == 404


async def test_what_a_peer_says_early_is_not_lost(ingest: Ingest) -> None:
    ingest.peers.early = [TrackAnnounced(VIDEO_TRACK), UNIT]
    _, _, publication = await ingest.session()
    assert (publication.tracks, publication.units) == ([VIDEO_TRACK], [UNIT])


async def test_a_peer_that_ends_while_it_is_opened_publishes_nothing(ingest: Ingest) -> None:
    ingest.peers.early = [PeerEnded("no")]
    assert (await ingest.post()).status == 503
    assert ingest.channels.publications == []


async def test_delete_ends_the_session_at_once(ingest: Ingest) -> None:
    path, peer, publication = await ingest.session()
    response = await ingest.http.delete(path, headers={**KEY, "If-Match": '"ignored"'})
    assert response.status == 200
    assert publication.ended.result() == "the publisher stopped"
    assert peer.closed == 1
    assert (await ingest.http.delete(path, headers=KEY)).status == 404


async def test_a_session_is_ended_where_there_is_no_room_for_another(ingest: Ingest) -> None:
    path, _, publication = await ingest.session()
    ingest.channels.full = True
    assert (await ingest.post()).status == 503
    assert (await ingest.http.get(path, headers=KEY)).status == 204
    assert (await ingest.http.delete(path, headers=KEY)).status == 200
    assert publication.ended.result() == "the publisher stopped"


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("Bearer wrong", 401), ("Bearer other", 403)])
async def test_somebody_elses_session_is_not_ended(ingest: Ingest, key: str | None, status: int) -> None:
    path, peer, publication = await ingest.session()
    response = await ingest.http.delete(path, headers={"Authorization": key} if key else {})
    assert response.status == status
    assert await problem(response)
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    assert peer.closed == 0
    assert not publication.ended.done()


async def test_candidates_go_to_the_peer(ingest: Ingest) -> None:
    path, peer, _ = await ingest.session()
    body = b"a=ice-ufrag:EsAw\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"
    response = await ingest.http.patch(path, data=body, headers=FRAGMENT)
    assert response.status == 204
    assert "ETag" not in response.headers
    assert peer.candidates == ["1 1 udp 1 192.0.2.1 5000 typ host"]


async def test_candidates_of_a_session_that_ends_while_they_come_are_too_late(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, peer, _ = await ingest.session()
    monkeypatch.setattr(resource, "check_length", lambda _length: peer.say(PeerEnded("the network went away")))
    response = await ingest.http.patch(path, data=b"a=end-of-candidates\r\n", headers=FRAGMENT)
    assert (response.status, peer.candidates) == (404, [])
    assert "may have ended" in await problem(response)


async def test_a_session_that_its_first_media_end_leaves_nothing_behind(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "push", lambda *_: ingest.channels.requests[-1].close("The broadcast failed"))
    ingest.peers.early = [UNIT]
    assert (await ingest.post()).status == 503
    assert ingest.server._resources._open == {}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"If-Match": '"stale"'}, b"a=end-of-candidates\n", 412),
        ({"Content-Type": "application/sdp"}, b"a=end-of-candidates\n", 415),
        ({}, b"nonsense", 400),
        ({}, b"a=x" * 30_000, 413),
        ({}, b"a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n", 422),
        ({"Authorization": "Bearer wrong"}, b"a=end-of-candidates\n", 401),
    ],
)
async def test_a_patch_that_is_refused_ends_nothing(
    ingest: Ingest, headers: dict[str, str], body: bytes, status: int
) -> None:
    path, peer, _ = await ingest.session()
    response = await ingest.http.patch(path, data=body, headers={**FRAGMENT, **headers})
    assert response.status == status
    assert await problem(response)
    assert (await ingest.http.get(path, headers=KEY)).status == 204
    assert peer.candidates == []


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"hello", {}, 400, "not SDP"),
        (b"", {}, 400, "not SDP"),
        (offer(sections=""), {}, 422, "no media"),
        (offer(("a=sendonly", "a=recvonly")), {}, 422, "recvonly"),
        (offer(sections=AUDIO + VIDEO * 3), {}, 422, "3 video tracks"),
        (offer(("opus/48000/2", "PCMU/8000")), {}, 422, "offer Opus"),
        (b"v=0\r\n" + b"a=x\r\n" * 200_000, {}, 413, "65536"),
        (None, {"Content-Type": "text/plain"}, 415, "application/sdp"),
        (None, {"Authorization": "Bearer wrong"}, 401, "opens no channel"),
        (None, {"Authorization": "Bearer other"}, 403, "another channel"),
        (None, {"Authorization": ""}, 401, "Authorization: Bearer"),
    ],
)
async def test_an_offer_that_is_refused(
    ingest: Ingest, body: bytes | None, headers: dict[str, str], status: int, words: str
) -> None:
    response = await ingest.post(body, **headers)
    assert response.status == status
    assert words in await problem(response)
    assert ingest.peers.opened == []
    await ingest.session()  # and the server goes on


async def test_a_large_body_is_refused_however_it_is_sent(ingest: Ingest) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"a" * 50_000

    response = await ingest.http.post("/whip/show", data=chunks(), headers=SDP)
    assert response.status == 413
    assert await problem(response)


async def test_an_offer_that_comes_slowly_has_its_place_already(ingest: Ingest) -> None:
    ingest.server._resources._most = 1
    last = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield offer()[:100]
        await last.wait()
        yield offer()[100:]

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(ingest.post(slowly()))
        while not ingest.server._opening:  # noqa: ASYNC110 - the request has to have arrived
            await asyncio.sleep(0)
        assert (await ingest.post()).status == 503
        last.set()
        assert (await slow).status == 201


async def test_no_such_channel(ingest: Ingest) -> None:
    assert (await ingest.post(path="/whip/none")).status == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [(RefusedError("not that offer"), 422), (PeersUnavailableError("no port is free"), 503)],
)
async def test_an_offer_that_the_peer_does_not_take(ingest: Ingest, error: Exception, status: int) -> None:
    ingest.peers.refuse = error
    response = await ingest.post()
    assert (response.status, await problem(response)) == (status, str(error))
    assert ("Retry-After" in response.headers) == (status == 503)
    assert ingest.channels.publications == []


async def test_a_live_channel_is_busy_unless_it_is_taken_over(ingest: Ingest) -> None:
    await ingest.session()
    ingest.channels.busy = True
    response = await ingest.post()
    assert (response.status, await problem(response)) == (409, "Another publisher is live on this channel.")
    assert len(ingest.peers.opened) == 1
    assert (await ingest.post(path="/whip/show?takeover=1")).status == 201
    assert ingest.channels.requests[-1].takeover


async def test_a_publisher_that_names_itself_is_known_by_it(ingest: Ingest) -> None:
    assert (await ingest.post(path="/whip/show?publisher=tab-1")).status == 201
    [first] = ingest.channels.requests
    await ingest.post()
    assert (await ingest.post(path="/whip/show?publisher=tab-1")).status == 201
    unnamed, second = ingest.channels.requests[1:]
    assert second.replaces(first)
    assert not unnamed.replaces(first)
    assert not unnamed.replaces(unnamed)
    response = await ingest.post(path=f"/whip/show?publisher={'x' * 65}")
    assert (response.status, await problem(response)) == (400, "The name of a publisher has at most 64 characters")


async def test_the_broadcast_asks_the_publisher_for_a_keyframe(ingest: Ingest) -> None:
    _, peer, _ = await ingest.session()
    [request] = ingest.channels.requests
    request.want_keyframe()
    assert peer.keyframes_requested == 1
    request.close("enough")
    request.want_keyframe()
    assert peer.keyframes_requested == 1


async def test_a_publisher_that_is_taken_over_from_is_closed(ingest: Ingest) -> None:
    path, peer, publication = await ingest.session()
    ingest.channels.requests[-1].close("Another publisher took over.")
    assert peer.closed == 1
    assert publication.ended.result() == "Another publisher took over."
    assert (await ingest.http.get(path, headers=KEY)).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_get_is_answered_without_content(ingest: Ingest, method: str) -> None:
    path, *_ = await ingest.session()
    for each in ("/whip/show", path):
        response = await ingest.http.request(method, each, headers=KEY)
        assert (response.status, await response.read()) == (204, b"")


async def test_methods_that_are_not_allowed(ingest: Ingest) -> None:
    path, *_ = await ingest.session()
    for method, each in (("PUT", "/whip/show"), ("DELETE", "/whip/show"), ("POST", path), ("PUT", path)):
        response = await ingest.http.request(method, each, headers=KEY)
        assert response.status == 405
        assert method not in response.headers["Allow"].split(", ")


async def test_preflight_needs_no_key(ingest: Ingest) -> None:
    response = await ingest.http.options("/whip/show", headers={"Access-Control-Request-Method": "POST"})
    assert response.status == 200
    assert response.headers["Accept-Post"] == "application/sdp"
    assert "Link" not in response.headers


async def test_the_server_ends_what_is_open(ingest: Ingest) -> None:
    _, peer, publication = await ingest.session()
    await ingest.server.close()
    assert peer.closed == 1
    assert publication.ended.result() == "The server is stopping"


async def test_what_is_refused_does_not_fill_the_log(ingest: Ingest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "vitrine.ingest.whip")
    for _ in range(2 * COMPLAINTS):
        response = await ingest.post(path="/whip/nowhere%0Athe%20next%20line" + "x" * 5000)
        assert response.status == 404
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == COMPLAINTS
    assert all("nowhere" in line and "\n" not in line and len(line) < 300 for line in lines)
