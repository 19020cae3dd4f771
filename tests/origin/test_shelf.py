import asyncio
import os
import socket
import ssl
from collections.abc import Iterator

import pytest
import uvloop

from tests.ingest.rtmp.recorder import tls_contexts
from tests.origin.show import Show, listening
from tests.origin.test_listener import Client, connected
from vitrine.origin.hls import Hls
from vitrine.origin.reply import Reply
from vitrine.origin.request import LONGEST_HEAD_KEPT, Request
from vitrine.origin.shelf import OFTEN, Sheet, Shelf, after, send_file

LARGE = 700_000


LASTING = {"Cache-Control": "public, max-age=3600, immutable"}


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(clock: Clock) -> Iterator[Shelf]:
    shelf = Shelf(Hls(lambda _channel: ()), clock)
    yield shelf
    shelf.clear()


def asked(**fields: str) -> Request:
    return Request("GET", "/hls/show/index.m3u8", fields, head=repr(fields).encode())


def sheet_of(shelf: Shelf, body: bytes = b"abc") -> Sheet:
    return shelf.sheet(asked(), Reply(200, LASTING, (body[:2], body[2:])))


def test_a_body_gets_a_file_when_it_is_sent_often(shelf: Shelf) -> None:
    sheet = sheet_of(shelf)
    assert [shelf.file_of(sheet) for _ in range(OFTEN - 1)] == [None] * (OFTEN - 1)
    file = shelf.file_of(sheet)
    assert file is not None
    assert os.pread(file, 999, 0) == sheet.head + b"abc"
    assert sheet.size == len(sheet.head) + 3
    assert shelf.file_of(sheet) == file
    shelf.clear()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)


def test_all_who_ask_for_the_same_have_one_sheet(shelf: Shelf, clock: Clock) -> None:
    reply, first, second = Reply(200, LASTING, (b"a",)), asked(), asked(cookie="b")
    sheet = shelf.sheet(first, reply)
    assert shelf.answer(first) is sheet
    assert shelf.answer(second) is not sheet
    assert shelf.sheet(second, reply) is sheet
    assert shelf.answer(second) is sheet
    clock.time += 1
    assert shelf.answer(first) is not sheet
    assert shelf.sheet(second, reply) is not sheet


def test_who_wants_the_connection_closed_has_a_head_of_its_own(shelf: Shelf) -> None:
    reply = Reply(200, LASTING, (b"a",))
    leaving = Request("GET", "/", {}, keep_alive=False)
    assert b"Connection: close" in shelf.sheet(leaving, reply).head
    assert b"Connection: close" not in shelf.sheet(asked(), reply).head


@pytest.mark.parametrize(
    "request_",
    [
        Request("HEAD", "/", {}, head=b"HEAD"),
        Request("GET", "/", {}, keep_alive=False, head=b"GET once"),
        Request("GET", "/", {}, head=b"x" * (LONGEST_HEAD_KEPT + 1)),
        Request("GET", "/", {}),
    ],
)
def test_what_is_not_sent_to_others_in_the_same_words(shelf: Shelf, request_: Request) -> None:
    shelf.sheet(request_, Reply(200, LASTING, (b"a",)))
    assert shelf.find(request_.head) is None


def test_requests_that_are_kept_are_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitrine.origin.shelf.HEADS_KEPT", 1)
    reply, requests = Reply(200, LASTING, (b"a",)), (asked(), asked(cookie="b"))
    sheets = [shelf.sheet(each, reply) for each in requests]
    assert [shelf.answer(each) is sheets[0] for each in requests] == [True, False]


def test_there_are_no_more_files_than_places(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitrine.origin.shelf.PLACES", 1)
    sheets = sheet_of(shelf, b"first"), sheet_of(shelf, b"second")
    assert [[shelf.file_of(each) is None for _ in range(OFTEN)][-1] for each in sheets] == [False, True]
    shelf.clear()
    sheet = sheet_of(shelf, b"third")
    assert [shelf.file_of(sheet) is None for _ in range(OFTEN)][-1] is False


def test_without_room_there_is_none(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_name: str) -> int:
        raise OSError("no room")

    monkeypatch.setattr(os, "memfd_create", full)
    sheet = sheet_of(shelf)
    assert [shelf.file_of(sheet) for _ in range(2 * OFTEN)] == [None] * 2 * OFTEN


@pytest.mark.parametrize(
    ("sent", "left"), [(0, [b"ab", b"cde"]), (1, [b"b", b"cde"]), (2, [b"cde"]), (4, [b"e"]), (5, []), (6, [])]
)
def test_what_is_left(sent: int, left: list[bytes]) -> None:
    assert list(map(bytes, after(sent, (b"ab", b"", b"cde")))) == [each for each in left if each]


@pytest.fixture
def file() -> Iterator[int]:
    descriptor = os.memfd_create("test")
    os.write(descriptor, bytes(range(256)) * 4000)
    yield descriptor
    os.close(descriptor)


def test_a_client_that_reads_nothing_gets_what_there_is_room_for(file: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sent = send_file(ours.fileno(), file, 1_024_000)
        assert 0 < sent < 1_024_000
        assert send_file(ours.fileno(), file, 1_024_000) == 0
        ours.close()
        assert b"".join(iter(lambda: theirs.recv(1 << 20), b"")) == (bytes(range(256)) * 4000)[:sent]


def test_a_client_that_has_gone_gets_nothing(file: int) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert send_file(ours.fileno(), file, 1_024_000) == 0


async def everybody_gets_all(*, secure: bool = False) -> int:
    """Many ask for one part, some without reading what comes. How often it was sent from a file."""
    theirs, ours = tls_contexts() if secure else (None, None)
    show = Show()
    show.go_live()
    show.play(80)
    direct = 0

    def counted(*arguments: object) -> int:
        nonlocal direct
        direct += 1
        return send_file(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vitrine.origin.listener.send_file", counted)
        async with listening(show) as (listener, _):
            port = await listener.listen("127.0.0.1", 0, theirs)
            address = show.play_large(LARGE)
            bodies = set()
            for _ in range(2):
                async with asyncio.TaskGroup() as tasks:
                    asked = [tasks.create_task(ask(port, address, ours)) for _ in range(OFTEN)]
                bodies |= {body for each in asked for body in each.result()}
            assert {len(body) > LARGE for body in bodies} == {True}
            assert len(bodies) == 1
    return direct


async def ask(port: int, address: str, tls: ssl.SSLContext | None) -> list[bytes]:
    """Three times, without waiting for an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    client = Client(reader, writer)
    for _ in range(3):
        client.get(address)
    answers = [await client.answer() for _ in range(3)]
    writer.transport.abort()
    return [body for _, _, body in answers]


def test_everybody_gets_all_of_it() -> None:
    assert uvloop.run(everybody_gets_all()) > OFTEN


def test_nothing_goes_past_tls() -> None:
    assert uvloop.run(everybody_gets_all(secure=True)) == 0


async def test_a_range_is_cut_from_it() -> None:
    show = Show()
    show.go_live()
    show.play(80)
    address = show.play_large(LARGE)
    async with listening(show) as (_, port), connected(port) as client:
        for _ in range(OFTEN + 1):
            client.get(address)
            whole = (await client.answer())[2]
        client.get(address, "Range: bytes=5-99999")
        status, _, body = await client.answer()
        assert (status, body) == (206, whole[5:100000])


@pytest.mark.parametrize(
    ("status", "caching", "lasts"),
    [
        (200, LASTING["Cache-Control"], True),
        (206, LASTING["Cache-Control"], False),  # every range that anybody thinks of would be kept
        (200, "public, max-age=1", False),
        (404, "public, max-age=2", False),
    ],
)
def test_what_is_put_on_the_shelf(status: int, caching: str, lasts: bool) -> None:
    assert Reply(status, {"Cache-Control": caching}, (b"a",)).lasts is lasts


async def test_what_is_gone_is_told_within_a_second_or_so() -> None:
    show = Show()
    show.go_live()
    show.play(80)
    address = show.play_large(LARGE)
    async with listening(show) as (_, port), connected(port) as client:
        client.get(address)
        assert (await client.answer())[0] == 200
        show.stream_now = None
        async with asyncio.timeout(5):
            status = 200
            while status == 200:
                client.get(address)
                status = (await client.answer())[0]
        assert status == 404
