"""A show on air, and a client of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession

from tests.origin.show import Show, by_aiohttp, listening


@pytest.fixture
def show() -> Show:
    return Show()


@pytest.fixture(params=["listener", "aiohttp"])
async def client(show: Show, request: pytest.FixtureRequest) -> AsyncIterator[ClientSession]:
    """Both ways to the same answers: straight from the socket, and through aiohttp as after a page."""
    async with AsyncExitStack() as stack:
        if request.param == "listener":
            _, port = await stack.enter_async_context(listening(show))
        else:
            port = await stack.enter_async_context(by_aiohttp(show))
        yield await stack.enter_async_context(ClientSession(f"http://127.0.0.1:{port}"))
