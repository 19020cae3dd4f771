"""Bodies that come slowly, or not at all."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from vitrine.origin import bodies

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
PATIENCE = 10.0

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def _refuse(_request: web.Request) -> web.Response:
    return web.Response(status=401)


@pytest.fixture
async def streams() -> AsyncIterator[Streams]:
    application = web.Application(middlewares=[bodies.bodies_in_time])
    application.add_routes([web.post("/", _echo), web.post("/refused", _refuse)])
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        await runner.cleanup()


async def test_a_body_in_time(streams: Streams) -> None:
    reader, writer = streams
    for _ in range(2):
        writer.write(HEAD + b"ab")
        await asyncio.sleep(0)
        writer.write(b"cd")
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")


async def test_a_slow_body_is_answered_in_words(
    streams: Streams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bodies, "BODY_TIME", 0.1)
    reader, writer = streams
    writer.write(HEAD + b"ab")
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()  # to the end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not come within" in answer
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_who_goes_within_a_body_is_no_error_of_ours(streams: Streams, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = streams
    writer.write(HEAD + b"ab")
    await writer.drain()
    await asyncio.sleep(0.1)  # for the request to be taken up
    writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_body_that_nobody_reads_keeps_no_answer_waiting(streams: Streams) -> None:
    reader, writer = streams
    writer.write(HEAD.replace(b"/ ", b"/refused ") + b"ab")
    async with asyncio.timeout(PATIENCE):
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 401")
