"""The shipped nginx configuration with what is for thousands of viewers: one of them asks for all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.interop.nginx import Nginx, nginx
from tests.origin.show import Show, listening
from vitrine.origin.hls import Blocked, Hls
from vitrine.origin.reply import Reply
from vitrine.origin.request import Request

PLAYLIST = "/hls/show/720p/index.m3u8"
VIEWERS = 100


class Crowded:
    """A show behind nginx, and what nginx asked of it: by target, how many requests were answered."""

    def __init__(self, show: Show, front: Nginx, client: ClientSession) -> None:
        self.show = show
        self.front = front
        self.client = client
        self.answered: Counter[str] = Counter()

    def count(self, hls: Hls) -> None:
        """From now on."""
        answer = hls.answer

        def counting(request: Request) -> Reply | Blocked:
            reply = answer(request)
            if not isinstance(reply, Blocked):
                self.answered[request.target] += 1
            return reply

        hls.answer = counting  # type: ignore[method-assign]

    @property
    def held(self) -> int:
        return 0 if self.show.stream_now is None else self.show.stream_now.waiting

    async def until_held(self) -> None:
        async with asyncio.timeout(20):
            while not self.held:  # noqa: ASYNC110 - what nginx asks comes without a word to us
                await asyncio.sleep(0.01)

    async def get(self, address: str) -> tuple[int, str, bytes]:
        async with self.client.get(address) as response:
            return response.status, response.headers.get("X-Cache", ""), await response.read()


@pytest.fixture
async def crowded(tmp_path: Path) -> AsyncIterator[Crowded]:
    show = Show()
    show.go_live()
    show.play(80)
    async with listening(show) as (listener, port), nginx(tmp_path / "nginx", port, crowd=True) as front:
        connector = TCPConnector(ssl=front.context, limit=0)
        async with ClientSession(front.url, connector=connector) as client:
            crowded = Crowded(show, front, client)
            crowded.count(listener.hls)
            yield crowded


async def test_what_a_crowd_waits_for_is_asked_once_of_vitrine_part_after_part(crowded: Crowded) -> None:
    for part in (2, 3, 4):
        address = f"{PLAYLIST}?_HLS_msn=2&_HLS_part={part}"
        async with asyncio.TaskGroup() as tasks:
            waiting = [tasks.create_task(crowded.get(address)) for _ in range(VIEWERS)]
            await crowded.until_held()
            await asyncio.sleep(0.6)  # longer than nginx waits for anything by itself
            assert crowded.held == 1
            assert not any(each.done() for each in waiting)
            crowded.show.play(10)
        assert all(each.result()[0] == 200 for each in waiting)
        assert all(f'URI="b1.2.{part}.m4s"'.encode() in each.result()[2] for each in waiting)
        assert Counter(each.result()[1] for each in waiting) == {"MISS": 1, "HIT": VIEWERS - 1}
        assert crowded.answered.total() == 1
        crowded.answered.clear()


async def test_an_asker_who_goes_away_leaves_nobody_behind(crowded: Crowded) -> None:
    address = f"{PLAYLIST}?_HLS_msn=2&_HLS_part=2"
    async with asyncio.TaskGroup() as tasks:
        asker = tasks.create_task(crowded.get(address))
        await crowded.until_held()
        waiting = [tasks.create_task(crowded.get(address)) for _ in range(20)]
        await asyncio.sleep(0.2)
        asker.cancel()
        await asyncio.sleep(0.2)
        crowded.show.play(10)
    assert {each.result()[0] for each in waiting} == {200}
    assert all(b'URI="b1.2.2.m4s"' in each.result()[2] for each in waiting)


async def test_an_answer_of_503_is_everybodys_own(crowded: Crowded, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held too long fails for the asker; the others then ask themselves, and get what there is by then."""
    monkeypatch.setattr("vitrine.origin.hls.LONGEST_WAIT", 0.5)
    address = f"{PLAYLIST}?_HLS_msn=2&_HLS_part=2"
    found = await asyncio.gather(*(crowded.get(address) for _ in range(5)))
    assert {status for status, _, _ in found} == {503}


async def test_plain_playlists_and_media_are_as_without_it(crowded: Crowded) -> None:
    for address in (PLAYLIST, "/hls/show/720p/b1.1.m4s", "/hls/show/index.m3u8"):
        assert (await crowded.get(address))[:2] == (200, "MISS")
        assert (await crowded.get(address))[:2] == (200, "HIT")
