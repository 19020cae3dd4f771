"""Bodies that come slowly, or never: the right status, and the connection is let go."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from vitrine.origin import slow_bodies

HEAD = b"POST / HTTP/1.1\r\nHost: v\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Of a server that answers a body with itself, some time after it has it."""
    monkeypatch.setattr(slow_bodies, "BODY_SECONDS", 0.3)

    async def echo(request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(0.5)
        return web.Response(body=body)

    application = web.Application(middlewares=[slow_bodies.hurried])
    application.router.add_post("/", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"a", b"b", b"c"]])
async def test_a_body_that_does_not_come_is_not_waited_for(port: int, pieces: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HEAD)
        for piece in pieces:  # each byte does not begin the time again
            writer.write(piece)
            await asyncio.sleep(0.15)
        async with asyncio.timeout(10):
            answer = await reader.read()  # to its end: the connection is closed
    finally:
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not come within" in answer


async def test_what_a_handler_does_after_the_body_is_its_own_affair(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HEAD + b"body")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
    finally:
        writer.close()
