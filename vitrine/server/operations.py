"""For whoever runs the server: /metrics and /readyz. /healthz, that the process answers, is the origin's."""

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web

from vitrine.media.address import is_loopback
from vitrine.origin.access import Access
from vitrine.server.metrics import Exposition

PROBE = ".writable"
"""A file in the data folder that is written to see whether files can be."""

KEPT_SECONDS = 1.0
"""For which one look at the disk answers all who ask: anybody may ask, and load balancers do so every few seconds."""

FORWARDED = ("X-Forwarded-For", "Forwarded", "Via")


class Operations:
    """`not_ready` gives what keeps the server from working, in words; None if nothing does."""

    def __init__(self, exposition: Exposition, access: Access, not_ready: Callable[[], str | None], data: Path) -> None:
        self._exposition = exposition
        self._access = access
        self._not_ready = not_ready
        self._data = data
        self._looking = asyncio.Lock()
        self._looked = -math.inf
        self._disk: str | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self._metrics), web.get("/readyz", self._ready)]

    async def _metrics(self, request: web.Request) -> web.Response:
        """For programs on this machine, and for who has the API token."""
        here = is_loopback(request.remote or "") and not any(name in request.headers for name in FORWARDED)
        if not here and (refusal := self._access.refusal(request)):
            return refusal
        return web.Response(
            body=self._exposition.text(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
        )

    async def _ready(self, _request: web.Request) -> web.Response:
        """200 where a publisher would be taken and its show kept; else 503 and why. For load balancers."""
        reason = self._not_ready() or await self._disk_trouble()
        body = {"status": "ready"} if reason is None else {"status": "not ready", "reason": reason}
        return web.Response(
            status=200 if reason is None else 503,
            body=msgspec.json.encode(body),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _disk_trouble(self) -> str | None:
        async with self._looking:
            if time.monotonic() - self._looked >= KEPT_SECONDS:
                self._disk = await asyncio.to_thread(disk_trouble, self._data)
                self._looked = time.monotonic()
        return self._disk


def disk_trouble(data: Path) -> str | None:
    """Why nothing can be written to the data folder, in words. It blocks."""
    path = data / PROBE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # the first show would make it
        path.write_bytes(b"")
        path.unlink(missing_ok=True)
    except OSError as error:
        return f"nothing can be written to the data folder: {error.strerror}"
    return None
