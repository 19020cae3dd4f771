"""Refusals of the API as problem details (RFC 9457)."""

import http

import msgspec
from aiohttp import web

OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
"""Every answer of the API may be read by any page, and none is kept."""


def problem(status: int, detail: str, field: str | None = None, **headers: str) -> web.Response:
    """`field` names the member of the request's body, or the parameter, that is wrong."""
    body: dict[str, object] = {"title": http.HTTPStatus(status).phrase, "status": status, "detail": detail}
    if field:
        body["field"] = field
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers={**OPEN, **names},
    )


def answer(value: object, **headers: str) -> web.Response:
    """JSON."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers={**OPEN, **names})
