"""What the crew asks for, and viewers may not: how to publish, the rehearsal, and the channel as the crew sees it."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from aiohttp import web

from vitrine.origin.access import Access
from vitrine.origin.problems import problem
from vitrine.origin.signing import sign
from vitrine.origin.status import ChannelState

CREW_SECONDS = 12 * 3600
"""How long a crew's return picture can be watched at least; twice as long at most."""


class Ingest(msgspec.Struct, frozen=True, kw_only=True):
    """How a publisher reaches a channel. `key` is its stream key; if `local`, it opens it from this machine only."""

    whip: str
    rtmp_port: int | None
    key: str
    local: bool


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """`on`: the next broadcast is a rehearsal. `on_air`: the one that runs is. `address` stands in addresses in place
    of the channel's name, for as long as there is anything to see or to expect there.
    """

    on: bool
    on_air: bool
    address: str | None


class Crew(Protocol):
    """What the origin needs for a crew. Provided by the server. None where there is no channel of that name."""

    def ingest(self, channel: str) -> Ingest | None: ...

    def rehearsal(self, channel: str) -> Rehearsal | None: ...

    def rehearse(self, channel: str, on: bool) -> Rehearsal | None:
        """Decide whether the next broadcast is a rehearsal. Raises OSError where that cannot be kept."""

    def finish(self, channel: str) -> bool:
        """End what is on air there, at once; whether there was anything."""

    def state(self, channel: str) -> ChannelState | None: ...

    def playback_secret(self, channel: str) -> str | None:
        """What signs a channel's addresses; None where everybody may watch."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CrewApi:
    """Handlers, each for who has the token only."""

    def __init__(self, crew: Crew, access: Access) -> None:
        self._crew = crew
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        at = "/api/channels/{channel}"
        return [
            web.get(at + "/ingest", self._guarded(self._ingest)),
            web.get(at + "/studio", self._guarded(self._studio)),
            web.get(at + "/rehearsal", self._guarded(self._rehearsal)),
            web.put(at + "/rehearsal", self._guarded(self._rehearse)),
            web.delete(at + "/broadcast", self._guarded(self._finish)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if refusal := self._access.refusal(request):
                return refusal
            if self._crew.rehearsal(request.match_info["channel"]) is None:
                return problem(404, "There is no channel of that name")
            return await handler(request)

        return handle

    async def _ingest(self, request: web.Request) -> web.Response:
        ingest = self._crew.ingest(request.match_info["channel"])
        assert ingest is not None
        host = request.url.host or "localhost"
        host = f"[{host}]" if ":" in host else host
        rtmp = None if ingest.rtmp_port is None else f"rtmp://{host}:{ingest.rtmp_port}/live"
        return _private({"whip": ingest.whip, "rtmp": rtmp, "key": ingest.key, "local": ingest.local})

    async def _studio(self, request: web.Request) -> web.Response:
        """`address` is what stands in addresses for what the crew works on: the rehearsal, or the channel."""
        channel = request.match_info["channel"]
        rehearsal, public = self._crew.rehearsal(channel), self._crew.state(channel)
        assert rehearsal is not None
        assert public is not None
        on_air = public.state in ("starting", "live")
        rehearses = rehearsal.on_air or (rehearsal.on and not on_air)
        address = rehearsal.address if rehearses and rehearsal.address else channel
        return _private({"address": address, "rehearsal": rehearsal, "state": self._watchable(address)})

    def _watchable(self, address: str) -> ChannelState | None:
        """The state, with a playlist that the crew may open also where the channel is protected."""
        state, secret = self._crew.state(address), self._crew.playback_secret(address)
        if state is None or secret is None:
            return state
        # Rounded, so that the address is the same at every question for half a day.
        expiry = (int(time.time()) // CREW_SECONDS + 2) * CREW_SECONDS
        return msgspec.structs.replace(state, playlist=f"/hls/{address}/{sign(secret, address, expiry)}/index.m3u8")

    async def _rehearsal(self, request: web.Request) -> web.Response:
        return _private(self._crew.rehearsal(request.match_info["channel"]))

    async def _rehearse(self, request: web.Request) -> web.Response:
        try:
            body = msgspec.json.decode(await request.read())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return problem(400, f"The body is not JSON: {error}")
        if not isinstance(body, dict) or set(body) != {"on"} or not isinstance(body["on"], bool):
            return problem(422, 'Send {"on": true} or {"on": false}', "on")
        try:
            return _private(self._crew.rehearse(request.match_info["channel"], body["on"]))
        except OSError as error:
            return problem(507, f"The rehearsal cannot be kept: {error.strerror}. Nothing was changed")

    async def _finish(self, request: web.Request) -> web.Response:
        if not self._crew.finish(request.match_info["channel"]):
            return problem(409, "Nothing is on air here")
        return web.Response(status=204)


def _private(value: object) -> web.Response:
    """For this page's own origin, and kept by nobody: it holds secrets."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)
