"""The API of cues and products through a real HTTP server, over a real desk, its files and its ledger."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.overlay.catalogue.rows import ROW
from tests.overlay.ids import SCRIPTS
from vitrine.media.grid import Grid
from vitrine.origin.app import Origin
from vitrine.origin.status import ChannelState
from vitrine.origin.stream import LiveStream
from vitrine.overlay.commands import Command
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import LedgerFile, read_ledger
from vitrine.server import desk as desk_module
from vitrine.server import shop as shop_module
from vitrine.server.desk import Desk
from vitrine.server.shop import Shop

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


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    catalogue = write_catalogue(tmp_path, "WM-4411", "LT-2070", *SCRIPTS[1:])
    (tmp_path / "wave.jpg").write_bytes(IMAGE)
    rundown = tmp_path / "rundown.json"
    rundown.write_text('["WM-4411", {"products": ["LT-2070"], "slot": 2, "note": "from the left"}]')
    async with asyncio.TaskGroup() as tasks:
        shop = Shop("show", catalogue, rundown)
        yield Studio(Desk("show", shop, tmp_path / "data", tasks, in_band=True), tmp_path, tasks)


@pytest.fixture
async def client(studio: Studio) -> AsyncIterator[ClientSession]:
    studio.go_on_air()
    runner = web.AppRunner(Origin(StudioChannels(studio), TOKEN).application(), shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        yield session
    await runner.cleanup()
    studio.desk.close("b1")


async def post(client: ClientSession, body: object, key: str | None = None) -> tuple[int, dict[str, object]]:
    headers = CREW if key is None else {**CREW, "Idempotency-Key": key}
    async with client.post(CUES, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def get(client: ClientSession, path: str) -> tuple[int, dict[str, object]]:
    async with client.get(f"/api/channels/show/{path}") as response:
        return response.status, await response.json(content_type=None)


async def test_a_command_is_on_disk_and_answered_with_its_frame(client: ClientSession, studio: Studio) -> None:
    snapshot = {"v": 1, "seq": 1, "on": [{"s": 1, "p": "WM-4411", "c": "c1", "t0": START // 1_000_000 + 4000}]}
    status, answer = await post(client, SHOWN)
    assert status == 200
    assert answer == {
        "entry": 1,
        "cues": ["c1"],
        "frame": 100,
        "programme": 4.0,
        "date": "2026-11-30T17:00:04.000Z",
        "late": False,
        "snapshot": snapshot,
    }
    (entry,) = studio.entries
    assert (entry.n, entry.frame, entry.products, entry.source) == (1, 100, ("WM-4411",), "api")
    assert await get(client, "snapshot") == (200, {"date": answer["date"], "snapshot": snapshot})
    before = {"date": "2026-11-30T17:00:03.960Z", "snapshot": {"v": 1, "seq": 0, "on": []}}
    assert await get(client, "snapshot?at=2026-11-30T17:00:03.960Z") == (200, before)


@pytest.mark.parametrize("product", SCRIPTS[1:])
async def test_ids_of_every_script_come_back_as_they_went(client: ClientSession, studio: Studio, product: str) -> None:
    status, answer = await post(client, {"action": "show", "products": [product]})
    assert status == 200
    assert answer["snapshot"]["on"][0]["p"] == product  # type: ignore[index]
    assert studio.entries[0].products == (product,)
    async with client.get(CUES + "?format=csv") as response:
        assert f"Title of {product}".replace('"', '""') in await response.text()


@pytest.mark.parametrize(
    ("milliseconds", "frame", "late"), [(0, 100, False), (320, 92, True), (3000, 25, True)], ids=str
)
async def test_as_seen_on_a_monitor_that_is_behind(
    client: ClientSession, studio: Studio, milliseconds: int, frame: int, late: bool
) -> None:
    seen = f"2026-11-30T17:00:0{(4000 - milliseconds) // 1000}.{(4000 - milliseconds) % 1000:03}Z"
    status, answer = await post(client, {**SHOWN, "at": {"as_seen": seen}})
    assert (status, answer["frame"], answer["late"]) == (200, frame, late)
    assert studio.entries[0].frame == frame


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({**SHOWN, "products": ["unknown"]}, 422, "products"),
        ({**SHOWN, "products": ["x" * 2048]}, 422, "products"),
        ({**SHOWN, "slot": 0}, 422, "slot"),
        ({**SHOWN, "slot": 4}, 422, "slot"),
        ({**SHOWN, "at": {"programme": -1}}, 422, "at.programme"),
        ({**SHOWN, "at": {"programme": 3600}}, 422, "at.programme"),
        ({**SHOWN, "at": {"as_seen": "2026-11-30T16:59:00Z"}}, 422, "at.as_seen"),
        ({**SHOWN, "at": {"as_seen": "2026-11-30T18:00:00Z"}}, 422, "at.as_seen"),
        ({"action": "dance"}, 422, "action"),
        ({**SHOWN, "wehn": 1}, 422, "wehn"),
        ([], 422, None),
    ],
)
async def test_what_is_refused_names_its_field_and_stamps_nothing(
    client: ClientSession, studio: Studio, body: object, status: int, field: str | None
) -> None:
    found, problem = await post(client, body)
    assert (found, problem["status"], problem.get("field")) == (status, status, field)
    assert problem["detail"]
    assert studio.entries == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"action": "show"', b"\xff\xfe", b"[" * 5000])
async def test_malformed_json_is_400(client: ClientSession, studio: Studio, body: bytes) -> None:
    async with client.post(CUES, data=body, headers=CREW) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"
    assert studio.entries == []


async def test_a_body_that_is_too_large_is_413(client: ClientSession) -> None:
    async with client.post(CUES, data=b" " * 100_000, headers=CREW) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \u00fc"],
)
async def test_without_the_token_nothing_is_even_looked_at(
    client: ClientSession, studio: Studio, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("POST", CUES), ("PATCH", "/api/channels/show/catalogue/WM-4411")):
        async with client.request(method, path, data=b"{", headers=headers) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            assert TOKEN not in await response.text()
    assert studio.entries == []


async def test_no_such_channel(client: ClientSession) -> None:
    for path in ("cues", "snapshot", "rundown", "catalogue", "events", "images/wave.jpg"):
        async with client.get(f"/api/channels/other/{path}") as response:
            assert response.status == 404
    async with client.post("/api/channels/other/cues", json=SHOWN, headers=CREW) as response:
        assert response.status == 404


async def test_a_retried_request_stamps_once(client: ClientSession, studio: Studio) -> None:
    first = await post(client, SHOWN, key="k1")
    studio.newest = 200
    answers = await asyncio.gather(*(post(client, SHOWN, key="k1") for _ in range(20)))
    assert all(answer == first for answer in answers)
    assert len(studio.entries) == 1
    status, problem = await post(client, {"action": "clear"}, key="k1")
    assert (status, problem["field"]) == (422, "Idempotency-Key")


async def test_the_sixth_in_a_second_waits(client: ClientSession, studio: Studio) -> None:
    bodies = [{**SHOWN, "slot": 1 + count % 2, "at": {"programme": count}} for count in range(6)]
    statuses = [(await post(client, body))[0] for body in bodies[:5]]
    async with client.post(CUES, json=bodies[5], headers=CREW) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "1"
    assert statuses == [200] * 5


async def test_nothing_on_air_is_409(client: ClientSession, studio: Studio) -> None:
    await post(client, SHOWN)
    studio.desk.close("b1")
    status, problem = await post(client, {"action": "clear"})
    assert (status, problem["detail"]) == (409, "Nothing is on air here")
    assert (await get(client, "snapshot"))[0] == 200  # what was shown can still be read
    studio.desk.forget("b1")
    assert (await get(client, "snapshot"))[0] == 409
    assert await get(client, "cues") == (200, {"broadcast": None, "entries": [], "cues": []})


async def test_a_full_disk_is_507_and_the_show_goes_on(
    client: ClientSession, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: LedgerFile, _entry: Entry) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(LedgerFile, "append", full)
        status, problem = await post(client, SHOWN, key="k")
    assert status == 507
    assert "No space left on device" in str(problem["detail"])
    assert (await get(client, "snapshot"))[1]["snapshot"] == {"v": 1, "seq": 0, "on": []}
    assert (await post(client, SHOWN, key="k"))[1]["entry"] == 1
    assert len(studio.entries) == 1


async def test_a_data_folder_that_cannot_be_written_stops_cues_not_the_show(
    client: ClientSession, studio: Studio
) -> None:
    (studio.folder / "data" / "show" / "b2").write_text("in the way")
    studio.go_on_air("b2")
    status, problem = await post(client, SHOWN)
    assert (status, studio.desk.broadcast) == (507, "b2")
    assert "see the server's log" in str(problem["detail"])


async def test_next_walks_the_rundown(client: ClientSession, studio: Studio) -> None:
    items = [
        {"products": ["WM-4411"], "slot": 1, "at": None, "note": ""},
        {"products": ["LT-2070"], "slot": 2, "at": None, "note": "from the left"},
    ]
    assert await get(client, "rundown") == (200, {"items": items, "next": 0})
    for count in (1, 2):
        studio.newest += 10
        assert (await post(client, {"action": "next"}))[0] == 200
        assert (await get(client, "rundown"))[1]["next"] == (count if count < 2 else None)
    assert [(entry.products, entry.source, entry.item) for entry in studio.entries] == [
        (("WM-4411",), "rundown", 0),
        (("LT-2070",), "rundown", 1),
    ]
    assert (await post(client, {"action": "next"}))[0] == 409


async def test_the_ledger_and_its_as_run_list(client: ClientSession, studio: Studio) -> None:
    await post(client, SHOWN, key="secret of the sender")
    studio.newest = 150
    await post(client, {"action": "clear"})
    status, ledger = await get(client, "cues")
    assert status == 200
    assert ledger["broadcast"] == "b1"
    assert [(each["action"], each["frame"]) for each in ledger["entries"]] == [("show", 100), ("clear", 150)]  # type: ignore[attr-defined]
    assert [(run["product"], run["title"], run["start"], run["seconds"]) for run in ledger["cues"]] == [  # type: ignore[attr-defined]
        ("WM-4411", "Title of WM-4411", 4.0, 2.0)
    ]
    assert "secret" not in json.dumps(ledger)
    async with client.get(CUES + "?format=csv") as response:
        assert (response.content_type, response.charset) == ("text/csv", "utf-8")
        assert (await response.text()).split("\r\n")[1].startswith("c1,WM-4411,Title of WM-4411,1,4.0,")
    assert (await get(client, "cues?format=xml"))[1]["field"] == "format"


async def test_the_catalogue_has_an_etag_and_takes_live_changes(client: ClientSession) -> None:
    async with client.get("/api/channels/show/catalogue") as response:
        etag, body = response.headers["ETag"], await response.json()
    assert body["products"][0]["image"] == "/api/channels/show/images/wave.jpg"
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        async with client.get("/api/channels/show/catalogue", headers={"If-None-Match": known}) as response:
            assert (response.status, response.headers["ETag"]) == (304, etag)
    sold_out = {"availability": "out_of_stock", "stock": 0}
    async with client.patch("/api/channels/show/catalogue/WM-4411", json=sold_out, headers=CREW) as response:
        assert response.status == 200
        assert (await response.json())["availability"] == "out_of_stock"
    async with client.get("/api/channels/show/catalogue", headers={"If-None-Match": etag}) as response:
        assert response.status == 200
        assert response.headers["ETag"] != etag
    for product, change, status in (("none", sold_out, 404), ("WM-4411", {"title": "x"}, 422), ("WM-4411", [], 422)):
        async with client.patch(f"/api/channels/show/catalogue/{product}", json=change, headers=CREW) as response:
            assert response.status == status


async def test_images_beside_the_catalogue_and_nothing_else(client: ClientSession) -> None:
    async with client.get("/api/channels/show/images/wave.jpg") as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/jpeg", IMAGE)
    for name in ("other.jpg", "catalogue.json", "..%2Fcatalogue.json", "%2Fetc%2Fpasswd"):
        async with client.get(f"/api/channels/show/images/{name}") as response:
            assert response.status == 404


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


async def test_listeners_are_told_of_cues_and_stock(client: ClientSession) -> None:
    async with client.get("/api/channels/show/events") as response:
        assert response.content_type == "text/event-stream"
        listener = Listener(response.content)  # type: ignore[arg-type]
        assert (await listener.next())[0] == "catalogue"
        assert (await listener.next())[1]["snapshot"] == {"v": 1, "seq": 0, "on": []}
        _, answer = await post(client, SHOWN)
        assert await listener.next() == ("cue", {key: answer[key] for key in ("entry", "date", "snapshot")})
        async with client.patch("/api/channels/show/catalogue/WM-4411", json={"stock": 2}, headers=CREW):
            name, product = await listener.next()
        assert (name, product["id"], product["stock"]) == ("product", "WM-4411", 2)


async def test_a_catalogue_that_changes_on_disk_is_read_anew(
    client: ClientSession, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_module, "LOOK_AGAIN", 0.01)
    await post(client, SHOWN)
    watching = studio.tasks.create_task(studio.desk.watch())
    async with client.get("/api/channels/show/events") as response:
        listener = Listener(response.content)  # type: ignore[arg-type]
        _, first = await listener.next()
        _, cue = await listener.next()
        write_catalogue(studio.folder, "NEW")
        name, told = await listener.next()
    assert (name, told["rev"] != first["rev"]) == ("catalogue", True)
    assert (await get(client, "snapshot"))[1]["snapshot"] == cue["snapshot"], "what is on show stays"
    assert (await post(client, {"action": "show", "products": ["NEW"]}))[0] == 200
    assert (await post(client, {"action": "show", "products": ["LT-2070"]}))[0] == 422
    watching.cancel()


async def test_a_catalogue_that_breaks_on_disk_leaves_what_was_read(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shop_module, "LOOK_AGAIN", 0.01)
    before = studio.desk.catalogue()
    watching = studio.tasks.create_task(studio.desk.watch())
    (studio.folder / "catalogue.json").write_text("{")
    async with asyncio.timeout(10):
        while "what was read before stays" not in caplog.text:  # noqa: ASYNC110 - the log is what a crew sees
            await asyncio.sleep(0.01)
    assert studio.desk.catalogue() == before
    watching.cancel()


async def test_a_listener_that_does_not_read_is_let_go(studio: Studio) -> None:
    with studio.desk.events.listening() as messages:
        for count in range(200):
            studio.desk.events.tell("product", {"count": count})
        assert len(studio.desk.events) == 0
        assert len([message async for message in messages]) < 200


async def test_too_many_listeners_are_asked_to_come_again(
    client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitrine.origin.events.MOST_LISTENERS", 0)
    async with client.get("/api/channels/show/events") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "30"


async def test_the_encoder_commands_for_its_own_frame(client: ClientSession, studio: Studio) -> None:
    with studio.desk.events.listening() as messages:
        studio.desk.receive_data("onTextData", [{"text": "product:LT-2070"}], Fraction(2))
        studio.desk.receive_data("onTextData", [{"text": "a caption"}], Fraction(2))
        async with asyncio.timeout(10):
            assert b"LT-2070" in await anext(messages)
    (entry,) = studio.entries
    assert (entry.frame, entry.source, entry.products) == (50, "encoder", ("LT-2070",))


async def test_an_encoders_mistakes_are_told_in_the_log_a_few_times(
    client: ClientSession, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(desk_module.COMPLAINTS + 5):
        studio.desk.receive_data("onTextData", [{"product": "x" * 2048}], Fraction(2))
    assert studio.desk.in_band_refused == desk_module.COMPLAINTS + 5
    assert caplog.text.count("a command of the encoder was refused") == desk_module.COMPLAINTS
    assert studio.entries == []


async def test_an_encoder_that_is_not_allowed_is_not_heard(studio: Studio, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk("other", Shop("other", None, None), tmp_path, tasks)
        desk.open("b9", GRID, START, lambda: 100)
        desk.receive_data("onTextData", [{"text": "product:A"}], Fraction(2))
        assert await desk.command(Command("show", ("B",)), None)
        desk.close("b9")
    assert desk.show is not None
    assert [entry.source for entry in desk.show.ledger.entries] == ["api"]
