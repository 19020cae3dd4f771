"""What strangers send, and do not read: the right status, bounded memory, and nobody else is the worse for it."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest
import uvloop

from tests.origin.show import Show, listening
from tests.origin.test_listener import Client, connected, until
from vitrine.origin import lent, listener
from vitrine.origin.hls import Blocked
from vitrine.origin.listener import Listener
from vitrine.origin.reply import Reply
from vitrine.origin.request import Request

PLAYLIST = "/hls/show/720p/index.m3u8"
SLOW_READERS = 2000
LARGE = 2_000_000


@pytest.fixture
def show() -> Show:
    show = Show()
    show.go_live()
    show.play(80)
    return show


@pytest.fixture
async def origin(show: Show) -> AsyncIterator[tuple[Listener, int]]:
    async with listening(show) as origin:
        yield origin


@pytest.fixture(params=["the listener's", "aiohttp's"])
async def client(origin: tuple[Listener, int], request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A connection, and one that asked for something else before: both have the same addresses."""
    async with connected(origin[1]) as client:
        if request.param == "aiohttp's":
            client.get("/healthz")
            assert (await client.answer())[0] == 200
        yield client


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (PLAYLIST + "?_HLS_part=1", 400),
        (PLAYLIST + "?_HLS_msn=5", 400),
        (PLAYLIST + "?_HLS_msn=123456789012", 400),
        (PLAYLIST + "?_HLS_msn=-1", 400),
        (PLAYLIST + "?_HLS_msn=one", 400),
        (PLAYLIST + "?_HLS_msn=", 400),
        (PLAYLIST + "?_HLS_msn=1e3", 400),
        (PLAYLIST + "?_HLS_msn=%D9%A1", 400),
        (PLAYLIST + "?_HLS_msn=" + "9" * 5000, 400),
        (PLAYLIST + "?_HLS_msn=2&_HLS_part=1000000", 400),
        (PLAYLIST + "?_HLS_msn=1&_HLS_part=1000000", 200),  # past the end of its segment: the next one's first
        (PLAYLIST + "?_HLS_skip=maybe", 400),
        ("/hls/show/4k/index.m3u8?_HLS_msn=2", 404),
        ("/hls/show/720p/b1.2.1000000.m4s", 404),
        ("/hls/show/720p/b1.-1.m4s", 404),
        ("/hls/show/720p/b1.1.m4s?" + "a" * 8000, 200),
    ],
)
async def test_each_has_its_status_and_the_connection_goes_on(client: Client, target: str, status: int) -> None:
    client.get(target)
    assert (await client.answer())[0] == status
    client.get(PLAYLIST)
    assert (await client.answer())[0] == 200


SPELLINGS = (
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%252f..%252fetc%252fpasswd", "..%5c..%5cetc%5cpasswd", "..\\..\\etc\\passwd", "....//....//etc/passwd",
    "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "%00", "b1.1.m4s%00", "b1.1.m4s/..", "./b1.1.m4s/../../x",
    "..;/index.m3u8", "%c0%ae%c0%ae/etc/passwd", "%uff0e%uff0e/etc/passwd", "~root", "b1.1.m4s.part",
)  # fmt: skip


@pytest.mark.parametrize("path", SPELLINGS)
async def test_no_spelling_of_a_path_leads_outside(client: Client, path: str) -> None:
    for start in ("/hls/", "/hls/show/", "/hls/show/720p/", "/hls/show/~1.a/720p/"):
        client.get(start + path)
        status, _, body = await client.answer()
        assert (status, b"root:" in body) == (404, False), start + path


@pytest.mark.parametrize("start", ["/static/", "/watch/", "/api/channels/"])
async def test_nor_that_of_a_page(client: Client, start: str) -> None:
    for path in SPELLINGS:
        client.get(start + path)
        status, _, body = await client.answer()
        assert (status in (200, 403, 404, 405), b"root:" in body) == (True, False), path


@pytest.mark.parametrize("start", ["/hls/show/", "/watch/", "/api/channels/"])
async def test_an_address_of_64_kilobytes_is_refused(origin: tuple[Listener, int], client: Client, start: str) -> None:
    client.get(start + "x" * 64 * 1024)
    assert (await client.answer())[0] in (400, 414)
    async with connected(origin[1]) as other:
        other.get(PLAYLIST)
        assert (await other.answer())[0] == 200


async def test_a_body_on_get_is_refused(client: Client) -> None:
    client.send(f"GET {PLAYLIST} HTTP/1.1\r\nHost: v\r\nContent-Length: 40\r\n\r\n".encode())
    client.send(b"GET /hls/show/4k/index.m3u8 HTTP/1.1\r\n\r\n")
    assert (await client.answer())[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 60",
        b"Content-Length: 5, 60",
        b"Content-Length: +5",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding:\x0bchunked",
        b"Content-Length : 5",
    ],
)
async def test_a_length_that_two_servers_could_read_in_two_ways_is_refused(client: Client, fields: bytes) -> None:
    """Also where aiohttp reads it, and what one of them would take for another request is not answered."""
    client.send(b"POST /api/channels/show/cues HTTP/1.1\r\nHost: v\r\n" + fields + b"\r\n\r\n0\r\n\r\n")
    client.send(f"GET {PLAYLIST} HTTP/1.1\r\nHost: v\r\n\r\n".encode())
    assert (await client.answer())[0] == 400
    assert await client.rest() == b""


def seen_by(origin: Listener) -> list[str]:
    """The targets that are answered from now on, in turn."""
    targets: list[str] = []
    answer = origin.hls.answer

    def noting(request: Request) -> Reply | Blocked:
        targets.append(request.target)
        return answer(request)

    origin.hls.answer = noting  # type: ignore[method-assign]
    return targets


async def test_thousands_of_requests_on_one_connection_take_turns_with_others(
    origin: tuple[Listener, int], show: Show
) -> None:
    held = f"{PLAYLIST}?_HLS_msn=2&_HLS_part=2"
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(origin[1])) for _ in range(11)]
        for client in clients:
            client.get(held)
        await until(lambda: show.stream_now is not None and show.stream_now.waiting == len(clients))
        flood, *others = clients
        flood.send(b"GET /hls/none/index.m3u8 HTTP/1.1\r\nHost: v\r\n\r\n" * 4000)
        for other in others:
            other.get("/hls/show/audio/index.m3u8")
        await until(lambda: all(each._reader.waiting for each in origin[0].connections))
        await until(lambda: any(each._full for each in origin[0].connections))
        targets = seen_by(origin[0])
        show.play(10)
        for client in clients:
            assert (await client.answer())[0] == 200
        for other in others:
            assert (await other.answer())[0] == 200
        last = max(place for place, target in enumerate(targets) if "audio" in target)
        assert targets[:last].count("/hls/none/index.m3u8") < 600


@pytest.fixture
def many_sockets() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_sockets")
def test_thousands_who_read_nothing_hold_one_copy_of_what_they_asked_for(show: Show) -> None:
    """With the server's own loop: asyncio's would copy. They are let go when their time is over."""

    async def crowd() -> None:
        large = show.play_large(LARGE)
        async with listening(show) as (origin, port), connected(port) as other:
            before = psutil.Process().memory_info().rss
            with idle_sockets(port, f"GET {large} HTTP/1.1\r\nHost: v\r\n\r\n".encode() * 10):
                await until(lambda: sum(each._sending for each in origin.connections) == SLOW_READERS)
                grown = psutil.Process().memory_info().rss - before
                assert grown < 50_000_000, f"{grown} bytes for {SLOW_READERS} readers of {LARGE}"
                other.get(PLAYLIST)
                assert (await other.answer())[0] == 200
                other.get(f"{PLAYLIST}?_HLS_msn=2&_HLS_part=4")
                await until(lambda: show.stream_now is not None and show.stream_now.waiting == 1)
                show.play(20)
                assert (await other.answer())[0] == 200
                for each in origin.connections:
                    if each._sending:
                        each.deadline = 0.0  # a minute later
                await until(lambda: len(origin.connections) == 1)

    uvloop.run(crowd())


@contextlib.contextmanager
def idle_sockets(port: int, data: bytes) -> Iterator[None]:
    """Many clients that send and never read, with the smallest buffers that there are."""
    with contextlib.ExitStack() as stack:
        for _ in range(SLOW_READERS):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(data)
        yield


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_who_reads_nothing_is_let_go_by_aiohttp_too(
    origin: tuple[Listener, int],
    show: Show,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    connection: str,
) -> None:
    """It waits for a client without end. Of what it sends, one piece is in memory, and not all of a segment."""
    monkeypatch.setattr(lent, "DELIVERY_TIME", 1.2)
    show.play(40)
    parts = [show.play_large(LARGE) for _ in range(6)]
    show.play(1)
    segment = parts[0].rsplit(".", 2)[0] + ".m4s"
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", origin[1]))
        first = "GET /healthz HTTP/1.1\r\nHost: v\r\n\r\n"
        second = f"GET {segment} HTTP/1.1\r\nHost: v\r\nConnection: {connection}\r\n\r\n"
        await loop.sock_sendall(client, (first + second).encode())
        await until(lambda: any(each.get_write_buffer_size() for each in origin[0].lent.wires))
        [wire] = origin[0].lent.wires
        assert wire.get_write_buffer_size() < 2 * LARGE
        await until(lambda: not origin[0].lent.wires)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_who_reads_a_byte_now_and_then_is_let_go(
    origin: tuple[Listener, int], show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte that is taken does not begin the time again."""
    monkeypatch.setattr(listener, "DELIVERY_TIME", 0.3)
    large = show.play_large(8_000_000)
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", origin[1]))
        await loop.sock_sendall(client, f"GET {large} HTTP/1.1\r\nHost: v\r\n\r\n".encode())
        await until(lambda: any(each._sending for each in origin[0].connections))
        async with asyncio.timeout(20):
            while origin[0].connections:
                with contextlib.suppress(ConnectionResetError):
                    await loop.sock_recv(client, 1)
                await asyncio.sleep(0.01)
