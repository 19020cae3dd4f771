"""The listener by the byte: what it refuses, what it holds, and that nobody costs anybody else anything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import uvloop

from tests.origin.show import Show, listening
from vitrine.origin import hls, listener, stream
from vitrine.origin.hls import Blocked
from vitrine.origin.listener import Listener
from vitrine.origin.reply import Reply
from vitrine.origin.request import Request

PLAYLIST = "/hls/show/720p/index.m3u8"
SEGMENT = "/hls/show/720p/b1.1.m4s"


class Client:
    """A socket, and what comes out of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def get(self, target: str, *fields: str, method: str = "GET") -> None:
        self.send("\r\n".join((f"{method} {target} HTTP/1.1", "Host: vitrine", *fields, "", "")).encode())

    async def answer(self, *, body: bool = True) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            length = int(headers.get("content-length", 0)) if body else 0
            return int(status.split()[1]), headers, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """All that comes until the other side closes."""
        async with asyncio.timeout(10):
            return await self.reader.read()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
def show() -> Show:
    show = Show()
    return show


@pytest.fixture
async def origin(show: Show) -> AsyncIterator[tuple[Listener, int]]:
    show.go_live()
    show.play(80)
    async with listening(show) as origin:
        yield origin


@pytest.fixture
async def client(origin: tuple[Listener, int]) -> AsyncIterator[Client]:
    async with connected(origin[1]) as client:
        yield client


async def test_requests_one_after_another_and_all_at_once(client: Client) -> None:
    for _ in range(3):
        client.get(PLAYLIST)
        status, headers, body = await client.answer()
        assert (status, body[:7]) == (200, b"#EXTM3U")
        assert headers["date"].endswith("gmt")
    for target in (PLAYLIST, SEGMENT, "/hls/none/index.m3u8"):
        client.get(target)
    assert [(await client.answer())[0] for _ in range(3)] == [200, 200, 404]


async def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    for byte in b"HEAD " + SEGMENT.encode() + b" HTTP/1.1\r\nHost: v\r\n\r\n":
        client.send(bytes([byte]))
        await client.writer.drain()
    status, headers, _ = await client.answer(body=False)
    assert (status, headers["content-type"]) == (200, "video/iso.segment")


@pytest.mark.parametrize("fields", [("Connection: close",), ("connection: Keep-Alive, Close",)])
async def test_a_client_that_says_so_is_let_go(client: Client, fields: tuple[str, ...]) -> None:
    client.get(PLAYLIST, *fields)
    status, headers, _ = await client.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert await client.rest() == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /hls/" + b"x" * 64 * 1024, 414),
        (b"GET /hls/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: v\r\n\r\n", 414),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\r\n" + b"A: b\r\n" * 8000, 431),
        (b"GET /hls/x HTTP/1.1\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\r\nHost: w\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost : v\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\r\n folded\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\nHost: v\n\r\n\r\n", 400),
        (b"GET /hls/x HTTP/2.0\r\nHost: v\r\n\r\n", 400),
        (b"GET /hls/x y HTTP/1.1\r\nHost: v\r\n\r\n", 400),
        (b"GET /hls/\xff HTTP/1.1\r\nHost: v\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\0\r\n\r\n", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"GET /hls/x HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
async def test_what_is_not_well_formed_ends_the_connection_in_words(client: Client, data: bytes, status: int) -> None:
    client.send(data)
    answered, headers, body = await client.answer()
    assert (answered, headers["connection"]) == (status, "close")
    assert body.endswith(b"\n")
    assert await client.rest() == b""


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%252f..%252fetc%252fpasswd",
        "..%5c..%5cetc%5cpasswd",
        "....//....//etc/passwd",
        "%00",
        "b1.1.m4s%00.m4s",
        "..;/index.m3u8",
        "b1.1.m4s/../../../README.md",
        "%c0%ae%c0%ae/etc/passwd",
    ],
)
async def test_no_spelling_leads_outside(client: Client, path: str) -> None:
    for start in ("/hls/", "/hls/show/", "/hls/show/720p/"):
        client.get(start + path)
        status, _, body = await client.answer()
        assert status == 404
        assert b"root:" not in body


async def test_what_is_not_ours_goes_to_aiohttp_with_the_connection(client: Client) -> None:
    client.get(PLAYLIST)
    client.get("/healthz")
    client.get(PLAYLIST)
    assert [(await client.answer())[0] for _ in range(3)] == [200, 200, 200]
    client.get("/hls/show/index.m3u8", method="OPTIONS")
    assert (await client.answer())[0] == 204


async def test_a_held_request_that_is_called_off_is_forgotten(
    origin: tuple[Listener, int], client: Client, show: Show
) -> None:
    assert show.stream_now is not None
    client.get(PLAYLIST + "?_HLS_msn=2&_HLS_part=2")
    await until(lambda: show.stream_now is not None and show.stream_now.waiting == 1)
    client.writer.transport.abort()
    await until(lambda: show.stream_now is not None and show.stream_now.waiting == 0)
    assert not origin[0].connections


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what a socket has brought comes without a word to us
            await asyncio.sleep(0.01)


async def test_what_follows_a_held_request_waits_for_it(client: Client, show: Show) -> None:
    client.get(PLAYLIST + "?_HLS_msn=2&_HLS_part=2")
    client.get("/hls/none/index.m3u8")
    await until(lambda: show.stream_now is not None and show.stream_now.waiting == 1)
    show.play(10)
    assert [(await client.answer())[0] for _ in range(2)] == [200, 404]


async def test_what_is_held_too_long_is_503_and_the_connection_goes_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "LONGEST_WAIT", 0.01)
    client.get(PLAYLIST + "?_HLS_msn=2&_HLS_part=2")
    status, headers, _ = await client.answer()
    assert (status, headers["cache-control"]) == (503, "public, max-age=1")
    client.get(PLAYLIST)
    assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"", b""), (b"GET /hls/show", b"HTTP/1.1 408"), (b"POST /whip/show HTTP/1.1\r\n", b"HTTP/1.1 408")],
)
async def test_who_sends_nothing_or_a_byte_now_and_then_is_let_go(
    show: Show, monkeypatch: pytest.MonkeyPatch, sent: bytes, answer: bytes
) -> None:
    monkeypatch.setattr(listener, "HEAD_TIME", 0.01)
    async with listening(show) as (origin, port), connected(port) as client:
        client.send(sent)
        assert (await client.rest()).startswith(answer)
        assert not origin.connections


async def test_who_reads_nothing_holds_one_answer_for_a_while(
    origin: tuple[Listener, int], show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "DELIVERY_TIME", 0.01)
    large = show.play_large(4_000_000)
    async with connected(origin[1]) as slow, connected(origin[1]) as other:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(20):
            slow.get(large)
        await until(lambda: len(origin[0].connections) == 1)
        other.get(PLAYLIST)
        assert (await other.answer())[0] == 200


async def test_viewers_leave_descriptors_to_publishers_and_transcoders(
    origin: tuple[Listener, int], client: Client, show: Show
) -> None:
    client.get(PLAYLIST)
    assert (await client.answer())[0] == 200
    usual, origin[0].most_files = origin[0].most_files, 0
    async with connected(origin[1]) as one_too_many:
        one_too_many.get(PLAYLIST)
        with contextlib.suppress(ConnectionResetError):
            assert await one_too_many.rest() == b""
    assert origin[0].refused == 1
    client.get(PLAYLIST)
    assert (await client.answer())[0] == 200
    origin[0].most_files = usual
    async with connected(origin[1]) as another:
        another.get(PLAYLIST)
        assert (await another.answer())[0] == 200


async def test_a_flood_of_requests_behind_a_held_one_is_not_read(
    origin: tuple[Listener, int], client: Client, show: Show
) -> None:
    client.get(PLAYLIST + "?_HLS_msn=2&_HLS_part=2")
    client.send(b"GET /hls/none/index.m3u8 HTTP/1.1\r\nHost: v\r\n\r\n" * 5_000)
    await until(lambda: any(each._full for each in origin[0].connections))
    assert all(each._reader.waiting < 300_000 for each in origin[0].connections)
    show.play(10)
    assert (await client.answer())[0] == 200
    for _ in range(5_000):
        assert (await client.answer())[0] == 404


async def test_thousands_wait_for_one_part_and_each_gets_it(origin: tuple[Listener, int], show: Show) -> None:
    clients = [await asyncio.open_connection("127.0.0.1", origin[1]) for _ in range(400)]
    for _, writer in clients:
        writer.write(f"GET {PLAYLIST}?_HLS_msn=2&_HLS_part=2 HTTP/1.1\r\nHost: v\r\n\r\n".encode())
    await until(lambda: show.stream_now is not None and show.stream_now.waiting == 400)
    show.play(10)
    for reader, writer in clients:
        assert (await Client(reader, writer).answer())[0] == 200
        writer.transport.abort()


class Mistaken:
    """Answers that raise once, for one of a crowd that is served one at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: hls.Hls, good: int) -> None:
        """`good` come before."""
        self._answer, self._good = answers.answer, good
        monkeypatch.setattr(answers, "answer", self)
        for module in (stream, listener):
            monkeypatch.setattr(module, "AT_ONCE", 1)

    def __call__(self, request: Request) -> Reply | Blocked:
        self._good -= 1
        if self._good == -1:
            raise LookupError("a mistake")
        return self._answer(request)


@pytest.mark.parametrize("held", [True, False])
async def test_a_mistake_over_one_of_a_crowd_costs_that_one_only(
    origin: tuple[Listener, int],
    show: Show,
    held: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connected(origin[1])) for _ in range(4)]
        await until(lambda: len(origin[0].connections) == 4)
        if held:
            for each in crowd:
                each.get(PLAYLIST + "?_HLS_msn=2&_HLS_part=2")
            await until(lambda: show.stream_now is not None and show.stream_now.waiting == 4)
            Mistaken(monkeypatch, origin[0].hls, 0)
            show.play(10)
        else:
            Mistaken(monkeypatch, origin[0].hls, 1)
            for each in crowd:
                each.get(PLAYLIST)
        answers = await asyncio.gather(*(each.answer() for each in crowd), return_exceptions=True)
        statuses = [answer[0] for answer in answers if not isinstance(answer, BaseException)]
        assert statuses == [200] * 3
        assert "A viewer's connection is dropped" in caplog.text


async def test_a_mistake_over_one_whose_time_is_over_leaves_the_others_theirs(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken() -> None:
        raise LookupError("a mistake")

    monkeypatch.setattr(listener, "HEAD_TIME", 0.01)
    async with listening(show) as (origin, port), connected(port) as first, connected(port) as second:
        await until(lambda: len(origin.connections) == 2)
        monkeypatch.setattr(next(iter(origin.connections)), "_close", mistaken)
        assert [await first.rest(), await second.rest()] == [b"", b""]


async def test_a_server_that_stops_answers_who_waits(origin: tuple[Listener, int], show: Show) -> None:
    """Who is told 503 asks again, and the next server answers; a cache keeps that for a second only."""
    assert show.stream_now is not None
    newest = show.stream_now.packager.windows["720p"].position
    assert newest is not None
    async with connected(origin[1]) as waiting, connected(origin[1]) as idle:
        idle.get(PLAYLIST)
        await idle.answer()
        waiting.get(f"{PLAYLIST}?_HLS_msn={newest[0] + 1}&_HLS_part=0")
        async with asyncio.timeout(10):
            while not show.stream_now.waiting:  # noqa: ASYNC110 - the request has to have arrived
                await asyncio.sleep(0)
            await origin[0].close()
        status, headers, _ = await waiting.answer()
        assert (status, headers["connection"], headers["cache-control"]) == (503, "close", "public, max-age=1")
        assert (await waiting.rest(), await idle.rest()) == (b"", b"")


def test_it_runs_on_uvloop_as_the_server_does() -> None:
    async def ask() -> None:
        show = Show()
        show.go_live()
        show.play(80)
        async with listening(show) as (_, port), connected(port) as client:
            for target in (PLAYLIST, SEGMENT, "/healthz", PLAYLIST):
                client.get(target)
                assert (await client.answer())[0] == 200

    uvloop.run(ask())
