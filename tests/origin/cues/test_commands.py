"""Commands by HTTP: answered when they are on disk."""

import asyncio
import errno
import json
from threading import Event, current_thread
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.origin.desk import (
    CREW,
    CUES,
    SHOWN,
    START,
    TOKEN,
    Studio,
    get,
    post,
)
from tests.overlay.ids import SCRIPTS
from vitrine.origin import as_run_lists
from vitrine.overlay.as_run import Run, runs_of
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import LedgerFile


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


async def test_a_server_that_stops_asks_for_the_command_again(client: ClientSession, studio: Studio) -> None:
    studio.desk.rest("b1")
    status, problem = await post(client, SHOWN, key="k")
    assert (status, "again in a moment" in str(problem["detail"])) == (503, True)


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


async def test_the_ledger_is_written_once_for_all_who_ask_and_by_another_thread(
    client: ClientSession, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def counted(*of: Any) -> list[Run]:
        threads.append(current_thread())
        return runs_of(*of)

    monkeypatch.setattr(as_run_lists, "runs_of", counted)
    await post(client, SHOWN)
    answers = await asyncio.gather(*(get(client, "cues") for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert len(threads) == 1
    assert threads[0] is not current_thread()
    async with client.get(CUES) as response:
        etag = response.headers["ETag"]
    for path, status in ((CUES, 304), (CUES + "?format=csv", 304)):
        async with client.get(path, headers={"If-None-Match": f"W/{etag}"}) as response:
            assert (response.status, response.headers["ETag"], len(threads)) == (status, etag, 1)
    await post(client, {"action": "clear"})
    async with client.get(CUES, headers={"If-None-Match": etag}) as response:
        assert [each["action"] for each in (await response.json())["entries"]] == ["show", "clear"]
    async with client.patch("/api/channels/show/catalogue/WM-4411", json={"stock": 1}, headers=CREW) as response:
        assert response.status == 200
    async with client.get(CUES) as response:
        assert response.headers["ETag"] != etag
    assert len(threads) == 3


async def test_no_command_waits_for_what_other_threads_do(client: ClientSession) -> None:
    awake, loop = Event(), asyncio.get_running_loop()
    others = [loop.run_in_executor(None, awake.wait, 10) for _ in range(40)]
    assert (await post(client, SHOWN))[0] == 200
    assert not any(other.done() for other in others)
    awake.set()
    await asyncio.gather(*others)
