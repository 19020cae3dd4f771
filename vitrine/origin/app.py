"""The HTTP application: every address, and nothing but addresses."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from aiohttp import web

from vitrine.origin import hls, pages
from vitrine.origin.access import Access
from vitrine.origin.bodies import bodies_in_time
from vitrine.origin.crew import Crew, CrewApi
from vitrine.origin.cues import CueApi
from vitrine.origin.desk import Desk
from vitrine.origin.gzipped import accepts_gzip
from vitrine.origin.hls import Blocked, Hls
from vitrine.origin.reply import FilePiece, Reply, names_etag
from vitrine.origin.request import Request
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream

MAX_BODY = 64 * 1024
"""Bytes. No request of ours has a body worth more; a cue command is under 1 KB."""


class Channels(Crew, Protocol):
    """What the origin needs to know of channels. Provided by the server.

    `channel` is a name as it stands in an address: a channel's, or its rehearsal's, which is listed nowhere.
    """

    def states(self) -> Sequence[ChannelState]:
        """Every channel, in the configuration's order."""

    def state(self, channel: str) -> ChannelState | None:
        """One channel; None if there is none of that name."""

    def streams(self, channel: str) -> Sequence[LiveStream]:
        """What the channel plays, and before it what it played last while that can still be fetched."""

    def desk(self, channel: str) -> Desk | None:
        """What of the channel's cues may be asked there; None if there is no channel of that name."""

    def commanded(self, channel: str) -> Desk | None:
        """Where its cues are commanded: in a rehearsal, that one's."""

    def desks(self) -> Sequence[Desk]:
        """All of them."""


class Origin:
    """Handlers over `Channels`."""

    def __init__(self, channels: Channels, token: str) -> None:
        """`token` is what commands must carry."""
        self._channels = channels
        self.hls = Hls(channels.streams, channels.playback_secret)
        self.access = access = Access(token)
        self._cues = CueApi(channels.desk, channels.commanded, access)
        self._crew = CrewApi(channels, access)

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY, middlewares=[bodies_in_time])
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/watch/{channel}", self._page),
                web.get("/watch/{channel}/{token}", self._page),
                web.get("/studio/{channel}", self._studio),
                web.get("/static/{name:.+}", self._static),
                web.get("/hls/{path:.*}", self._media),
                web.options("/hls/{path:.*}", self._preflight),
                web.get("/api/channels", self._states),
                web.get("/api/channels/{channel}", self._state),
                *self._crew.routes(),
                *self._cues.routes(),
                web.get("/healthz", self._health),
            ]
        )
        application.on_shutdown.append(self._let_listeners_go)
        application.on_cleanup.append(self._close_readers)
        return application

    async def _let_listeners_go(self, _application: web.Application) -> None:
        """Event streams never end by themselves, and would hold the server's end up."""
        for desk in self._channels.desks():
            desk.events.close()

    async def _close_readers(self, _application: web.Application) -> None:
        self.hls.readers.close()

    async def _page(self, request: web.Request) -> web.Response:
        if "channel" not in request.match_info:
            return _asset(request, pages.page("index"))
        channel, token = request.match_info["channel"], request.match_info.get("token", "")
        refusal = self.hls.refusal(channel, token)
        if refusal is not None:
            raise web.HTTPForbidden(text=refusal + "\n", headers={"Cache-Control": "no-store"})
        response = _asset(request, pages.page("watch"))
        state = self._channels.state(channel)
        if state is not None and state.state == "live" and not token:
            # It comes while the scripts are read that will ask for it.
            response.headers["Link"] = f"<{state.playlist}>; rel=preload; as=fetch; crossorigin"
        return response

    async def _studio(self, request: web.Request) -> web.Response:
        return _asset(request, pages.page("studio"))

    async def _static(self, request: web.Request) -> web.Response:
        asset = pages.static_file(request.match_info["name"])
        if asset is None:
            raise _not_found("No such file")
        return _asset(request, asset)

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """Playlists and media for connections that aiohttp has; most are answered by listener.py."""
        if request.can_read_body:
            raise web.HTTPBadRequest(text="A request for media has no body\n")
        reply = await answered(self.hls, _asked(request))
        if isinstance(reply.body, FilePiece):
            try:
                body = await self.hls.readers.read(reply.body)
            except OSError:
                reply, body = hls.gone(), b""
        elif len(reply.body) > 1 and request.method == "GET":
            return await _in_pieces(request, reply, reply.body)
        else:
            body = b"".join(reply.body)
        return web.Response(status=reply.status, body=body, headers=reply.headers)

    async def _preflight(self, _request: web.Request) -> web.Response:
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
            "Access-Control-Allow-Headers": "Range",
            "Access-Control-Max-Age": "86400",
        }
        return web.Response(status=204, headers=headers)

    async def _states(self, _request: web.Request) -> web.Response:
        return _json({"channels": self._channels.states()})

    async def _state(self, request: web.Request) -> web.Response:
        state = self._channels.state(request.match_info["channel"])
        if state is None:
            raise _not_found("No channel of that name")
        return _json(state)

    async def _health(self, _request: web.Request) -> web.Response:
        return _json({"status": "ok"})


async def _in_pieces(request: web.Request, reply: Reply, pieces: Sequence[bytes]) -> web.StreamResponse:
    """A body of which only a piece is copied for a client that does not read."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = reply.size
    with suppress(ConnectionError):  # the client went away
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        await response.write_eof()
    return response


def _asked(request: web.Request) -> Request:
    return Request(request.method, request.raw_path, {name.lower(): value for name, value in request.headers.items()})


async def answered(answers: hls.Hls, request: Request) -> Reply:
    """The answer once it is there, or 503."""
    try:
        async with asyncio.timeout(hls.LONGEST_WAIT):
            while isinstance(reply := answers.answer(request), Blocked):
                await reply.stream.until(reply.question)
    except TimeoutError:
        return hls.too_late()
    return reply


def _asset(request: web.Request, asset: pages.Asset) -> web.Response:
    packed = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    etag = asset.etag[:-1] + '-gz"' if packed else asset.etag  # other bytes, another strong ETag (RFC 9110, 8.8.3)
    headers = {**asset.headers, "ETag": etag}
    if names_etag(request.headers.get("If-None-Match", ""), etag):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.content_type
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=asset.packed if packed else asset.body, headers=headers)


def _not_found(text: str) -> web.HTTPNotFound:
    headers = {"Cache-Control": "public, max-age=1", "Access-Control-Allow-Origin": "*"}
    return web.HTTPNotFound(text=text + "\n", headers=headers)


def _json(value: object) -> web.Response:
    headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)
