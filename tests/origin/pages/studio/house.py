"""A server for the studio page: a real desk and its ledger, a real stream, and a stand-in that takes WHIP by aiortc."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from tests.overlay.browser.stage import START_UTC_NS, Stage
from tests.overlay.catalogue.rows import ROW
from vitrine.media.grid import Grid
from vitrine.origin.app import Origin
from vitrine.origin.crew import Ingest, Rehearsal
from vitrine.origin.status import ChannelState, Health, State
from vitrine.origin.stream import LiveStream
from vitrine.overlay.ledger_file import read_ledger
from vitrine.server.desk import Desk
from vitrine.server.shop import Shop

TOKEN = "of-the-crew"
KEY = "s3cret-of-the-stream"
PRODUCTS = ("WM-4411", "LT-2070", "KD-1180", "CN-0932")
TITLES = {
    "WM-4411": "Stand mixer, five quarts, in bottle green with gilt handles",
    "LT-2070": "Reading lamp in brushed brass with a very long arm and a dimmer",
    "KD-1180": "Chef's knife",
    "CN-0932": "Canvas bag",
}
PICTURE = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
RUNDOWN: list[object] = ["WM-4411", {"products": ["LT-2070"], "slot": 2, "note": "from the left"}, "KD-1180"]


class Takes:
    """What a server that takes WHIP does, without what it does with the media."""

    def __init__(self) -> None:
        self.busy = False
        self.publisher: str | None = None
        self.session = ""
        self.refuses: tuple[int, str] | None = None
        self.asked: list[str] = []
        self.frames: dict[str, int] = {}
        self.sdp = ""
        self._peers: dict[str, RTCPeerConnection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        at = "/whip/demo/{id}"
        return [
            web.post("/whip/demo", self._post),
            web.patch(at, self._patch),
            web.delete(at, self._delete),
            web.head(at, self._head),
        ]

    async def _post(self, request: web.Request) -> web.Response:
        publisher, takeover = request.query["publisher"], "takeover" in request.query
        again = publisher == self.publisher
        self.asked.append("POST takeover" if takeover else "POST again" if again else "POST")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"detail": "This stream key opens no channel here"}, status=401)
        if self.refuses:
            return web.json_response({"detail": self.refuses[1]}, status=self.refuses[0])
        if self.busy and not takeover and not again:
            return web.json_response({"detail": "Another publisher is live on this channel"}, status=409)
        self.busy, self.publisher = True, publisher
        self.sdp = await request.text()
        peer = RTCPeerConnection()
        self.session = name = str(len(self._peers))
        self._peers[name] = peer
        peer.on("track", self._drain)
        await peer.setRemoteDescription(RTCSessionDescription(self.sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        headers = {"Location": f"/whip/demo/{name}", "ETag": '"1"'}
        body = peer.localDescription.sdp
        return web.Response(status=201, text=body, content_type="application/sdp", headers=headers)

    def _drain(self, track: MediaStreamTrack) -> None:
        async def drain() -> None:
            try:
                while True:
                    await track.recv()
                    self.frames[track.kind] = self.frames.get(track.kind, 0) + 1
            except MediaStreamError:
                return

        task = asyncio.get_running_loop().create_task(drain())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _patch(self, request: web.Request) -> web.Response:
        self.asked.append("PATCH")
        return web.Response(status=204)

    async def _head(self, request: web.Request) -> web.Response:
        peer = self._peers[request.match_info["id"]]
        return web.Response(status=404 if peer.connectionState == "closed" else 204)

    async def _delete(self, request: web.Request) -> web.Response:
        self.asked.append("DELETE")
        name = request.match_info["id"]
        self.busy = self.busy and name != self.session
        await self._peers[name].close()
        return web.Response()

    async def give_way(self) -> None:
        """Somebody else takes over, and is on air from now on."""
        self.busy, self.publisher, self.session = True, "somebody else", ""
        await self._close_peers()

    async def lose(self) -> None:
        """The server forgets everybody, as one that was started again does."""
        self.busy, self.publisher = False, None
        await self._close_peers()

    async def _close_peers(self) -> None:
        for peer in self._peers.values():
            await peer.close()

    async def close(self) -> None:
        await self.lose()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@dataclass
class House:
    """The channel `demo`. `state` is what its API says; `newest` the newest frame at ingest."""

    folder: Path
    tasks: asyncio.TaskGroup
    rundown: list[object] = field(default_factory=lambda: list(RUNDOWN))
    title: str = "Cyber Deals Sunday"
    state_word: State = "idle"
    reason: str | None = None
    health: Health = field(default_factory=Health)
    newest: int = 60
    stage: Stage | None = None
    rehearses: bool = False
    finished: list[str] = field(default_factory=list)
    whip: Takes = field(default_factory=Takes)

    def __post_init__(self) -> None:
        rows: list[dict[str, Any]] = [
            {**ROW, "id": name, "title": TITLES[name], "image": f"{name}.png"} for name in PRODUCTS
        ]
        (self.folder / "catalogue.json").write_text(json.dumps({"products": rows}), encoding="utf-8")
        for name in PRODUCTS:
            (self.folder / f"{name}.png").write_bytes(PICTURE)
        (self.folder / "rundown.json").write_text(json.dumps(self.rundown), encoding="utf-8")
        shop = Shop("demo", self.folder / "catalogue.json", self.folder / "rundown.json")
        self.desk_here = Desk("demo", shop, self.folder / "data", self.tasks)

    def go_on_air(self, start_utc_ns: int = START_UTC_NS, **health: Any) -> Stage:
        """A broadcast whose first two seconds are out."""
        self.stage = Stage([], by_packager=True, start_utc_ns=start_utc_ns)
        ledger = self.desk_here.open("b7", self.stage.grid, start_utc_ns, lambda: self.newest)
        self.stage = Stage([], by_packager=True, start_utc_ns=start_utc_ns, decided=ledger)
        self.state_word = "live"
        self.health = Health(publisher="rtmp", encoder="OBS 31", ingest_kbps=4200, keyframe_ms=2000, **health)
        return self.stage

    @property
    def entries(self) -> list[tuple[str, tuple[str, ...], int]]:
        """The ledger on disk: action, products, frame."""
        path = self.folder / "data" / "demo" / "b7" / "ledger.jsonl"
        return [(each.action, each.products, each.frame) for each in read_ledger(path.read_bytes(), "ledger")[1]]

    @property
    def grid(self) -> Grid:
        assert self.stage is not None
        return self.stage.grid

    def application(self) -> web.Application:
        app = Origin(self, TOKEN).application()
        app.add_routes(self.whip.routes())
        return app

    # -- What the origin asks --

    def state(self, channel: str) -> ChannelState | None:
        if channel.partition("~")[0] != "demo":
            return None
        broadcast = self.stage.broadcast if self.stage else None
        return ChannelState(
            channel="demo",
            title=self.title,
            state=self.state_word,
            rehearsal=self.rehearses,
            reason=self.reason,
            broadcast=broadcast,
            started="2026-11-29T17:00:00Z" if broadcast else None,
            playlist=f"/hls/{channel}/index.m3u8",
            health=self.health,
        )

    def states(self) -> Sequence[ChannelState]:
        state = self.state("demo")
        assert state is not None
        return [state]

    def streams(self, channel: str) -> Sequence[LiveStream]:
        return [self.stage.stream] if self.stage and channel.startswith("demo") else []

    def desk(self, channel: str) -> Desk | None:
        return self.desk_here if channel.partition("~")[0] == "demo" else None

    commanded = desk

    def playback_secret(self, _channel: str) -> str | None:
        return None

    def desks(self) -> Sequence[Desk]:
        return [self.desk_here]

    def ingest(self, channel: str) -> Ingest | None:
        return Ingest(whip="/whip/demo", rtmp_port=1935, key=KEY, local=False) if channel == "demo" else None

    def rehearsal(self, channel: str) -> Rehearsal | None:
        if channel != "demo":
            return None
        return Rehearsal(on=self.rehearses, on_air=False, address="demo~unlisted" if self.rehearses else None)

    def finish(self, channel: str) -> bool:
        self.finished.append(channel)
        return True

    def rehearse(self, channel: str, on: bool) -> Rehearsal | None:
        self.rehearses = on
        return self.rehearsal(channel)
