"""`vitrine push` loses its server: it comes back by itself, and knows when to give up."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from aiohttp import web

from tests.ingest.rtmp.recorder import HOST, Channels, Recorder
from vitrine.ingest.file import returning
from vitrine.ingest.file.whip import DeclinedError
from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError, VitrineError
from vitrine.server.commands import push_whip
from vitrine.server.commands.push import push

PATIENCE = 20.0


class Told(Recorder):
    """Tells when the first picture of a publication has come."""

    began: asyncio.Event

    def push(self, unit: AccessUnit) -> None:
        super().push(unit)
        if unit.track_id == 1:
            self.began.set()


class Lost(Channels):
    """Servers on one port, one after the other; `began` when a publisher has sent something."""

    def __init__(self) -> None:
        super().__init__(self._told)
        self.began = asyncio.Event()
        self.port = self.asked = 0
        self.key = "key"

    def check(self, request: PublishRequest) -> None:
        self.asked += 1
        if self.key != "key":
            request = replace(request, key="wrong by now")
        super().check(request)

    def _told(self) -> Told:
        told = Told()
        told.began = self.began
        return told

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        self.began.clear()
        server = RtmpServer(self)
        self.port = await server.listen(HOST, self.port)
        try:
            yield
        finally:
            await server.close()

    async def begin(self, tasks: asyncio.TaskGroup, show: Path) -> asyncio.Task[None]:
        """A publisher that is on air."""
        task = tasks.create_task(push(show, f"rtmp://{HOST}:{self.port}/live", "key", loop=True, quiet=True))
        async with asyncio.timeout(PATIENCE):
            await self.began.wait()
        return task


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second, with one keyframe."""
    path = tmp_path_factory.mktemp("push") / "show.mp4"
    write_sample(path, SampleShow(192, 108, Fraction(25), Fraction(1)))
    return path


async def test_it_comes_back_and_begins_with_a_keyframe(show: Path) -> None:
    channels = Lost()
    async with asyncio.TaskGroup() as tasks:
        async with channels.serve():
            task = await channels.begin(tasks, show)
        async with channels.serve(), asyncio.timeout(PATIENCE):
            await channels.began.wait()
        task.cancel()
    first, second = channels.publications
    assert second.tracks == first.tracks
    begun = second.of(1)[0]
    assert (begun.pts, begun.keyframe, begun.data) == (0, True, first.of(1)[0].data)


async def ends(channels: Lost, show: Path, lose: Callable[[Lost], AbstractAsyncContextManager[None]]) -> VitrineError:
    """How a publisher ends that has lost its server."""
    caught: list[VitrineError] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            async with channels.serve():
                task = await channels.begin(tasks, show)
            async with lose(channels), asyncio.timeout(PATIENCE):
                await asyncio.wait([task])
    except* VitrineError as errors:
        caught += [each for each in errors.exceptions if isinstance(each, VitrineError)]
    (error,) = caught
    return error


async def test_a_key_that_is_wrong_by_now_is_not_tried_again(show: Path) -> None:
    @asynccontextmanager
    async def with_another_key(channels: Lost) -> AsyncIterator[None]:
        channels.key = "another"
        async with channels.serve():
            yield

    channels = Lost()
    error = await ends(channels, show, with_another_key)
    assert isinstance(error, RefusedError)
    assert "opens no channel" in str(error)
    assert channels.asked == 2


async def test_it_gives_up_in_words(show: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returning, "LONGEST_ABSENCE", 0.5)
    error = await ends(Lost(), show, lambda _channels: nullcontext())
    assert re.search("lost, and could not be reached again within .* cannot be reached", str(error))


async def test_who_took_over_is_left_on_air(show: Path) -> None:
    @asynccontextmanager
    async def taken_over(channels: Lost) -> AsyncIterator[None]:
        async with channels.serve(), asyncio.timeout(PATIENCE):
            await channels.began.wait()
            channels.requests[-1].close("Another publisher has taken over.")
            yield

    channels = Lost()
    error = await ends(channels, show, taken_over)
    assert "taken over" in str(error)
    assert channels.asked == 2


@pytest.mark.parametrize(
    ("status", "text", "final"),
    [
        (401, '{"detail": "This stream key opens no channel here, key"}', True),
        (404, "not ours", True),
        (409, '{"detail": "Another publisher is live"}', True),
        (502, "<html>Bad Gateway</html>", False),
        (503, '{"detail": "The server is being stopped"}', False),
    ],
)
async def test_what_whip_servers_say_is_final_or_passes(
    status: int, text: str, final: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def decline(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    application = web.Application()
    application.router.add_post("/whip/show", decline)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        url = f"http://{HOST}:{runner.addresses[0][1]}/whip/show"
        error = await push_whip._in_words(url, "key", DeclinedError("no"), ssl.create_default_context())
    finally:
        await runner.cleanup()
    assert isinstance(error, RefusedError) is final
    assert "key," not in str(error).replace("stream key", "")


def test_who_comes_back_by_whip_takes_over_from_nobody_else() -> None:
    tries = push_whip.addresses("https://h/whip/show?takeover=1&a=b")
    first, second, third = next(tries), next(tries), next(tries)
    name = first.split("&a=b")[0].split("publisher=")[1].split("&")[0]
    assert len(name) > 16
    assert first == f"https://h/whip/show?publisher={name}&takeover=1&a=b"
    assert second == third == f"https://h/whip/show?publisher={name}&a=b"
    assert next(push_whip.addresses("http://h/whip/show?publisher=me")) == "http://h/whip/show?publisher=me"
