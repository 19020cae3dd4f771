"""Which rules a subject breaks."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from vitrine.check.finding import Rule
from vitrine.check.seen import Response

Subject = TypeVar("Subject")


def broken(rules: Iterable[Rule[Subject]], subject: Subject) -> dict[str, list[str]]:
    """What was seen, by the names of the rules that are broken."""
    found = {rule.name: list(rule.check(subject)) for rule in rules}
    return {name: seen for name, seen in found.items() if seen}


def response(
    body: bytes | str = b"",
    status: int = 200,
    *,
    url: str = "http://a/live/index.m3u8",
    asked: float = 0.0,
    took: float = 0.1,
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
) -> Response:
    data = body.encode() if isinstance(body, str) else body
    return Response(url, status, headers or {}, data, asked, asked + took, asked + took, redirects)
