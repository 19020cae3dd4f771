"""The origin before a real desk, its files and its ledger: one channel on air, and what a crew asks of it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aiohttp import ClientSession

from tests.overlay.catalogue.rows import ROW
from vitrine.media.grid import Grid
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import read_ledger
from vitrine.server.desk import Desk

TOKEN = "of-the-crew"
START = 1_796_058_000_000_000_000
GRID = Grid(Fraction(25))
CREW = {"Authorization": f"Bearer {TOKEN}"}
CUES = "/api/channels/show/cues"
SHOWN = {"action": "show", "products": ["WM-4411"]}
IMAGE = b"\xff\xd8\xff\xe0 not much of a photograph"


@dataclass
class Studio:
    """A channel on air whose newest frame is what the test says."""

    desk: Desk
    folder: Path
    tasks: asyncio.TaskGroup
    newest: int = 100

    def go_on_air(self, broadcast: str = "b1") -> None:
        self.desk.open(broadcast, GRID, START, lambda: self.newest)

    @property
    def entries(self) -> list[Entry]:
        """The ledger as it is on disk."""
        path = self.folder / "data" / "show" / "b1" / "ledger.jsonl"
        return read_ledger(path.read_bytes(), "ledger")[1]

    def states(self) -> Sequence[ChannelState]:
        return [ChannelState(channel="show", title="Show", state="live", playlist="/hls/show/index.m3u8")]

    def state(self, channel: str) -> ChannelState | None:
        return self.states()[0] if channel == "show" else None

    def streams(self, _channel: str) -> Sequence[LiveStream]:
        return []

    def desk_of(self, channel: str) -> Desk | None:
        return self.desk if channel == "show" else None


class StudioChannels:
    """A studio as the origin sees it."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.states, self.state, self.streams = studio.states, studio.state, studio.streams
        self.desk = self.commanded = studio.desk_of

    def playback_secret(self, _channel: str) -> str | None:
        return None

    def desks(self) -> Sequence[Desk]:
        return [self._studio.desk]

    def ingest(self, channel: str) -> None: ...

    def rehearsal(self, channel: str) -> None: ...

    def rehearse(self, channel: str, on: bool) -> None: ...

    def finish(self, channel: str) -> bool:
        return False


def write_catalogue(folder: Path, *products: str) -> Path:
    path = folder / "catalogue.json"
    rows = [{**ROW, "id": product, "title": f"Title of {product}"} for product in products]
    rows[0]["image"] = "wave.jpg"
    path.write_text(json.dumps({"products": rows}), encoding="utf-8")
    return path


async def post(client: ClientSession, body: object, key: str | None = None) -> tuple[int, dict[str, object]]:
    headers = CREW if key is None else {**CREW, "Idempotency-Key": key}
    async with client.post(CUES, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def get(client: ClientSession, path: str) -> tuple[int, dict[str, object]]:
    async with client.get(f"/api/channels/show/{path}") as response:
        return response.status, await response.json(content_type=None)


class Listener:
    """Reads server-sent events."""

    def __init__(self, response: "asyncio.StreamReader") -> None:
        self._lines = response

    async def next(self) -> tuple[str, dict[str, object]]:
        name = ""
        async with asyncio.timeout(10):
            while line := (await self._lines.readline()).decode():
                if line.startswith("event: "):
                    name = line[7:].strip()
                elif line.startswith("data: "):
                    return name, json.loads(line[6:])
        raise EOFError
