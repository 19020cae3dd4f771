import json

import pytest

from tests.ingest.whip.offers import offer
from vitrine.ingest.publish import PublishRefusedError, Refusal
from vitrine.ingest.rate import ATTEMPTS
from vitrine.ingest.whip import resource
from vitrine.ingest.whip.errors import PeersUnavailableError, PoolFullError
from vitrine.ingest.whip.offer import read_offer
from vitrine.ingest.whip.resource import Answer, FaultError, Request, Resources
from vitrine.ingest.whip.settings import IceServer
from vitrine.media.errors import MalformedError, MisuseError, RefusedError, UnsupportedError, VitrineError

OFFER = read_offer(offer())
SERVERS = (IceServer("stun:stun.example.net"), IceServer("turn:turn.example.net?transport=udp", "crew", 'pass"word'))


def request(method: str = "POST", session: str | None = None, channel: str = "show", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, channel, session, "192.0.2.1", named)


def opened(resources: Resources) -> dict[str, str]:
    """The headers of the answer to an offer."""
    return dict(resources.create("id", "show", OFFER, "v=0\r\n").headers)


def test_a_session_is_told_where_it_is_and_of_the_servers_between() -> None:
    answer = Resources(SERVERS).create("un-guess-able", "show", OFFER, "v=0\r\n")
    assert (answer.status, answer.body) == (201, b"v=0\r\n")
    headers = dict(answer.headers)
    assert headers["Location"] == "/whip/show/un-guess-able"
    assert headers["Content-Type"] == "application/sdp"
    assert headers["ETag"].strip('"').isalnum()
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert {"Location", "Link", "ETag"} <= set(headers["Access-Control-Expose-Headers"].split(", "))
    assert [value for name, value in answer.headers if name == "Link"] == [
        '<stun:stun.example.net>; rel="ice-server"',
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="crew"; credential="pass\\"word"; '
        'credential-type="password"',
    ]


@pytest.mark.parametrize(
    ("session", "accepts", "methods"),
    [
        (None, ("Accept-Post", "application/sdp"), "POST, GET, HEAD, OPTIONS"),
        ("id", ("Accept-Patch", "application/trickle-ice-sdpfrag"), "PATCH, DELETE, GET, HEAD, OPTIONS"),
    ],
)
def test_preflight(session: str | None, accepts: tuple[str, str], methods: str) -> None:
    answer = resource.options(request("OPTIONS", session))
    headers = dict(answer.headers)
    assert answer.status == 200
    assert accepts in answer.headers
    assert headers["Access-Control-Allow-Methods"] == methods
    assert {"Authorization", "Content-Type", "If-Match"} <= set(headers["Access-Control-Allow-Headers"].split(", "))
    assert "Link" not in headers


@pytest.mark.parametrize(("method", "session"), [("PUT", None), ("DELETE", None), ("PATCH", None), ("POST", "id")])
def test_other_methods_are_named(method: str, session: str | None) -> None:
    with pytest.raises(FaultError) as caught:
        resource.check_method(request(method, session))
    assert caught.value.status == 405
    assert "OPTIONS" in dict(caught.value.headers)["Allow"]


def test_the_key_is_a_bearer_token() -> None:
    assert resource.bearer_key(request(authorization="bearer  s3cret ")) == "s3cret"
    for wrong in ({}, {"authorization": "Bearer"}, {"authorization": "Basic czNjcmV0"}):
        with pytest.raises(FaultError) as caught:
            resource.bearer_key(request(**wrong))
        assert caught.value.status == 401
        assert caught.value.headers == (("WWW-Authenticate", "Bearer"),)


def test_an_offer_says_that_it_is_one() -> None:
    resources = Resources()
    resources.check_post(request(content_type="application/SDP; charset=utf-8"), 0, 0.0)
    for wrong in ({}, {"content_type": "text/plain"}):
        with pytest.raises(FaultError) as caught:
            resources.check_post(request(**wrong), 0, 0.0)
        assert (caught.value.status, caught.value.headers) == (415, (("Accept-Post", "application/sdp"),))


def test_attempts_of_one_address_are_bounded_whatever_becomes_of_them() -> None:
    resources = Resources()
    for _ in range(ATTEMPTS):
        with pytest.raises(FaultError):
            resources.check_post(request(), 0, 0.0)
    with pytest.raises(FaultError) as caught:
        resources.check_post(request(content_type="application/sdp"), 0, 0.5)
    assert (caught.value.status, caught.value.headers) == (429, (("Retry-After", "10"),))


def test_sessions_are_bounded_with_those_that_are_being_opened() -> None:
    resources = Resources(most=2)
    opened(resources)
    resources.check_post(request(content_type="application/sdp"), 0, 0.0)
    with pytest.raises(FaultError) as caught:
        resources.check_post(request(content_type="application/sdp"), 1, 0.0)
    assert caught.value.status == 503
    assert "Retry-After" in dict(caught.value.headers)
    resources.forget("id")
    resources.check_post(request(content_type="application/sdp"), 1, 0.0)


PATCH = {"content_type": "application/trickle-ice-sdpfrag"}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request("PATCH", "id", content_type="application/sdp"), 415),
        (request("PATCH", "id", **PATCH), 428),
        (request("PATCH", "id", **PATCH, if_match='"stale"'), 412),
        (request("PATCH", "other", **PATCH, if_match="*"), 404),
        (request("PATCH", "id", channel="other", **PATCH, if_match="*"), 404),
    ],
)
def test_a_patch_that_does_not_fit(asked: Request, status: int) -> None:
    resources = Resources()
    opened(resources)
    with pytest.raises(FaultError) as caught:
        resources.check_patch(asked)
    assert caught.value.status == status


def test_candidates_of_this_ice_session_are_read_and_a_restart_is_declined() -> None:
    resources = Resources()
    etag = opened(resources)["ETag"]
    found = resources.check_patch(request("PATCH", "id", **PATCH, if_match=f'"x", {etag}'))
    line = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\n"
    for named in ("", f"a=ice-ufrag:{OFFER.ufrag}\na=ice-pwd:{OFFER.password}\n"):
        fragment = resource.read_candidates(f"{named}m=audio 9 X 0\n{line}".encode(), found)
        assert fragment.candidates == ("1 1 udp 1 192.0.2.1 5000 typ host",)
    restart = resources.check_patch(request("PATCH", "id", **PATCH, if_match="*"))
    with pytest.raises(FaultError) as caught:
        resource.read_candidates(b"a=ice-ufrag:ysXw\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\n", restart)
    assert caught.value.status == 422
    assert resources.find(request("GET", "id")) == restart


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (FaultError(405, "words", ("Allow", "GET")), 405, ("Allow", "GET")),
        (PublishRefusedError(Refusal.WRONG_KEY, "words"), 401, ("WWW-Authenticate", 'Bearer error="invalid_token"')),
        (PublishRefusedError(Refusal.WRONG_CHANNEL, "words"), 403, None),
        (PublishRefusedError(Refusal.WRONG_PLACE, "words"), 404, None),
        (PublishRefusedError(Refusal.BUSY, "words"), 409, None),
        (PublishRefusedError(Refusal.NO_ROOM, "words", 30), 503, ("Retry-After", "30")),
        (MalformedError("words"), 400, None),
        (UnsupportedError("words"), 422, None),
        (RefusedError("words"), 422, None),
        (PeersUnavailableError("words"), 503, ("Retry-After", "10")),
        (PoolFullError("words"), 503, ("Retry-After", "10")),
        (MisuseError("words"), 500, None),
    ],
)
def test_errors_are_problem_details(error: VitrineError, status: int, header: tuple[str, str] | None) -> None:
    answer = resource.answer_to(error)
    assert answer.status == status
    assert json.loads(answer.body)["detail"] == "words"
    assert json.loads(answer.body)["status"] == status
    assert ("Content-Type", "application/problem+json") in answer.headers
    assert ("Access-Control-Allow-Origin", "*") in answer.headers
    assert header is None or header in answer.headers


def test_large_bodies_are_refused_by_what_they_say_of_themselves() -> None:
    resource.check_length(None)
    resource.check_length(resource.MAX_BODY)
    with pytest.raises(FaultError) as caught:
        resource.check_length(1_000_000)
    assert caught.value.status == 413


def test_done_says_nothing() -> None:
    assert resource.done() == Answer(204, resource.OPEN)


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("192.0.2.1", {"x-forwarded-for": "127.0.0.1", "host": "localhost"}, "192.0.2.1"),
        ("127.0.0.1", {"host": "127.0.0.1:8080"}, "127.0.0.1"),
        ("::1", {"host": "[::1]:8080", "origin": "http://localhost:8080"}, "::1"),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "10.9.9.9, 192.0.2.7"}, "192.0.2.7"),
        ("127.0.0.1", {"host": "shop.example"}, "a proxy"),
        ("127.0.0.1", {"host": "localhost", "via": "1.1 proxy"}, "a proxy"),
        ("127.0.0.1", {"host": "localhost", "origin": "https://evil.example"}, "a proxy"),
        ("127.0.0.1", {"host": "localhost", "origin": "null"}, "a proxy"),
        ("127.0.0.1", {"host": "[bad"}, "a proxy"),
    ],
)
def test_what_only_passes_through_this_machine_is_not_its_own(peer: str, headers: dict[str, str], address: str) -> None:
    assert resource.publisher_address(peer, headers) == address
