"""Who has the API token, and who guesses it."""

import pytest
from aiohttp.test_utils import make_mocked_request

from vitrine.media.backoff import FREE_TRIES
from vitrine.origin.access import Access


def answer(access: Access, token: str, **headers: str) -> int:
    request = make_mocked_request("GET", "/", headers={"Authorization": f"Bearer {token}", **headers})
    refusal = access.refusal(request)
    return 200 if refusal is None else refusal.status


def test_a_guesser_waits_even_with_the_right_token() -> None:
    access = Access("right")
    assert [answer(access, f"guess-{number}") for number in range(FREE_TRIES)] == [401] * FREE_TRIES
    assert answer(access, "right") == 429
    assert access.backoff.refused == 1
    refusal = access.refusal(make_mocked_request("GET", "/", headers={"Authorization": "Bearer right"}))
    assert refusal is not None
    assert refusal.headers["Retry-After"] == "1"


def test_a_request_without_any_token_is_no_guess() -> None:
    access = Access("right")
    for _ in range(3 * FREE_TRIES):
        refusal = access.refusal(make_mocked_request("GET", "/"))
        assert refusal is not None
        assert refusal.status == 401
    assert answer(access, "right") == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1"])
def test_behind_a_proxy_of_this_machine_guessers_are_told_apart(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiohttp.web.Request.remote", peer)
    access = Access("right")
    for _ in range(FREE_TRIES):
        answer(access, "wrong", **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert answer(access, "right", **{"X-Forwarded-For": "203.0.113.9"}) == 429
    assert answer(access, "right", **{"X-Forwarded-For": "203.0.113.10"}) == 200
