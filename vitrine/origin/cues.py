"""The API of cues and products: what docs/cues.md and docs/catalogue.md describe, over a channel's desk."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import msgspec
from aiohttp import web

from vitrine.media.errors import MalformedError, RefusedError
from vitrine.origin.access import Access
from vitrine.origin.as_run_lists import AsRunLists, etag_of
from vitrine.origin.desk import (
    Desk,
    NotOnAirError,
    NotStoredError,
    RestingError,
    TooManyCommandsError,
    UnknownProductError,
)
from vitrine.origin.events import RETRY_MS, TooManyListenersError, encode_event
from vitrine.origin.problems import OPEN, answer, problem
from vitrine.origin.reply import names_etag
from vitrine.overlay.catalogue.offer import OfferError
from vitrine.overlay.commands import CommandError, parse_command
from vitrine.overlay.date_time import date_time_text, parse_date_time
from vitrine.overlay.show import Answer, LedgerFullError, RundownOverError, Show, snapshot_json

IMAGE_AGE = 300
"""Seconds that an image beside the catalogue may be kept: a shop that changes one sees it in minutes."""

RESTING_SECONDS = 2
"""Until a command is sent again to a server that is being started."""

Response = Awaitable[web.StreamResponse]


class CueApi:
    """Handlers. `desk_of` gives a channel's desk, None where there is no such channel; `commanded` the one that
    commands are for, which in a rehearsal is another.
    """

    def __init__(
        self, desk_of: Callable[[str], Desk | None], commanded: Callable[[str], Desk | None], access: Access
    ) -> None:
        self._desk_of = desk_of
        self._commanded = commanded
        self._access = access
        self._as_run_lists = AsRunLists()

    def routes(self) -> list[web.RouteDef]:
        at = "/api/channels/{channel}"
        return [
            web.post(at + "/cues", self._guarded(_command)),
            web.get(at + "/cues", self._open(self._ledger)),
            web.get(at + "/snapshot", self._open(_snapshot)),
            web.get(at + "/rundown", self._open(_rundown)),
            web.get(at + "/catalogue", self._open(_catalogue)),
            web.patch(at + "/catalogue/{product}", self._guarded(_change)),
            web.get(at + "/images/{name}", self._open(_image)),
            web.get(at + "/events", self._open(_events)),
            web.options("/api/{path:.*}", _preflight),
        ]

    def _open(self, handler: Callable[[web.Request, Desk], Response]) -> Callable[[web.Request], Response]:
        async def handle(request: web.Request) -> web.StreamResponse:
            desk = self._desk_of(request.match_info["channel"])
            return problem(404, "There is no channel of that name") if desk is None else await handler(request, desk)

        return handle

    async def _ledger(self, request: web.Request, desk: Desk) -> web.Response:
        kind = request.query.get("format", "json")
        if kind not in ("json", "csv"):
            return problem(422, "format is json or csv", "format")
        if is_known(request, etag_of(desk)):
            return not_modified(etag_of(desk))
        etag, body = await self._as_run_lists.get(desk, "csv" if kind == "csv" else "json")
        headers = {**OPEN, "Cache-Control": "no-cache", "ETag": etag}
        if kind == "json":
            return web.Response(body=body, content_type="application/json", headers=headers)
        headers["Content-Disposition"] = f'attachment; filename="as-run-{desk.broadcast or "none"}.csv"'
        return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)

    def _guarded(self, handler: Callable[[web.Request, Desk], Response]) -> Callable[[web.Request], Response]:
        """For who has the token only. What is asked for without it is not looked at."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if refusal := self._access.refusal(request):
                return refusal
            desk = self._commanded(request.match_info["channel"])
            return problem(404, "There is no channel of that name") if desk is None else await handler(request, desk)

        return handle


async def _preflight(_request: web.Request) -> web.Response:
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
        "Access-Control-Expose-Headers": "ETag, Retry-After",
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=headers)


async def _body(request: web.Request) -> object:
    """The request's JSON. Raises MalformedError, HTTPRequestEntityTooLarge."""
    try:
        return msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"The body is not JSON: {error}") from error


async def _command(request: web.Request, desk: Desk) -> web.Response:
    try:
        body = await _body(request)
        stamped = await desk.command(parse_command(body), request.headers.get("Idempotency-Key"))
    except web.HTTPRequestEntityTooLarge:
        return problem(413, "A command is under 1 KB")
    except (MalformedError, RefusedError) as error:
        return _refusal(error)
    assert desk.show is not None
    return answer(answer_json(stamped, desk.show))


def _refusal(error: MalformedError | RefusedError) -> web.Response:
    text = str(error)
    match error:
        case MalformedError():
            return problem(400, text)
        case TooManyCommandsError():
            return problem(429, text, Retry_After=str(max(1, -int(-error.wait // 1))))
        case RestingError():
            return problem(503, text, Retry_After=str(RESTING_SECONDS))
        case NotOnAirError() | RundownOverError() | LedgerFullError():
            return problem(409, text)
        case NotStoredError():
            return problem(507, text)
        case UnknownProductError():
            return problem(404, text)
        case CommandError() | OfferError():
            return problem(422, text, error.field)
    return problem(422, text)


def answer_json(stamped: Answer, show: Show) -> dict[str, object]:
    """What a command is answered."""
    return {
        "entry": stamped.entry,
        "cues": stamped.cues,
        "frame": stamped.frame,
        "programme": round(float(stamped.programme), 6),
        "date": date_time_text(stamped.utc_ns),
        "late": stamped.late,
        "snapshot": snapshot_json(stamped.snapshot, show.utc_ns),
    }


def is_known(request: web.Request, etag: str) -> bool:
    """Whether who asks has that already. Weakly compared: nginx, when it compresses, makes W/"..." of it."""
    return names_etag(request.headers.get("If-None-Match", ""), etag)


def not_modified(etag: str) -> web.Response:
    return web.Response(status=304, headers={**OPEN, "Cache-Control": "no-cache", "ETag": etag})


async def _snapshot(request: web.Request, desk: Desk) -> web.Response:
    show = desk.show
    if show is None:
        return problem(409, "Nothing is on air here")
    frame = desk.newest
    if text := request.query.get("at"):
        try:
            frame = show.at(parse_date_time(text))
        except MalformedError as error:
            return problem(422, str(error), "at")
        if frame < 0:
            return problem(422, f"The broadcast began at {date_time_text(show.utc_ns(0))}", "at")
    return answer(
        {
            "date": date_time_text(show.utc_ns(frame)),
            "snapshot": snapshot_json(show.ledger.snapshot(frame), show.utc_ns),
        }
    )


async def _rundown(_request: web.Request, desk: Desk) -> web.Response:
    rundown, show = desk.rundown, desk.show
    items = [
        {
            "products": item.products,
            "slot": item.slot,
            "at": None if item.at is None else float(item.at),
            "note": item.note,
        }
        for item in (rundown.items if rundown else ())
    ]
    following = 0 if items else None
    return answer({"items": items, "next": show.next_item(desk.newest) if show else following})


async def _catalogue(request: web.Request, desk: Desk) -> web.Response:
    body: Mapping[str, object] = desk.catalogue()
    etag = f'"{body["rev"]}"'
    if is_known(request, etag):
        return not_modified(etag)
    return answer(body, ETag=etag, Cache_Control="no-cache")


async def _change(request: web.Request, desk: Desk) -> web.Response:
    try:
        return answer(desk.change(request.match_info["product"], await _body(request)))
    except web.HTTPRequestEntityTooLarge:
        return problem(413, "What changes of a product is under 1 KB")
    except (MalformedError, RefusedError) as error:
        return _refusal(error)


async def _image(request: web.Request, desk: Desk) -> web.Response:
    found = await desk.image(request.match_info["name"])
    if found is None:
        return problem(404, "There is no such image beside the catalogue")
    body, kind = found
    headers = {**OPEN, "Cache-Control": f"public, max-age={IMAGE_AGE}", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=body, content_type=kind, headers=headers)


async def _events(request: web.Request, desk: Desk) -> web.StreamResponse:
    """First the state as it is, then every change."""
    response = web.StreamResponse(headers={**OPEN, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    try:
        with desk.events.listening() as messages:
            first = [b"retry: %d\n\n" % RETRY_MS, encode_event("catalogue", {"rev": desk.catalogue()["rev"]})]
            if desk.show is not None:
                first.append(encode_event("cue", cue_event(desk.show, desk.newest)))
            with suppress(ConnectionError):
                await response.prepare(request)
                await response.write(b"".join(first))
                async for message in messages:
                    await response.write(message)
    except TooManyListenersError:
        return problem(503, "Too many pages listen to this channel already", Retry_After="30")
    return response


def cue_event(show: Show, frame: int) -> dict[str, object]:
    """What listeners are told: the snapshot at a frame, and the frame's date."""
    return {
        "date": date_time_text(show.utc_ns(frame)),
        "snapshot": snapshot_json(show.ledger.snapshot(frame), show.utc_ns),
    }
