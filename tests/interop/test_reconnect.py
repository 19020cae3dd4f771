"""A publisher goes and comes back: viewers get one unbroken show, with a slate in between."""

import asyncio
import sys
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, PATIENCE, TOKEN, Publish, configuration, program, until_state
from tests.interop.recording import record
from tests.interop.test_ffmpeg_to_hls import check_continuous, check_in_step
from vitrine.packager.run import FIRST_MSN
from vitrine.server.config import Channel, Reconnect
from vitrine.server.serve import Running, running

WINDOW = 20
"""Seconds: longer than any program here takes to start."""

IN_STEP = Fraction(40, 1000)
"""Seconds that sound may be off the picture after a return."""

SLATE = 45
"""Frames, of the one and a half second and more for which nobody publishes, that show the slate for certain."""

OTHERWISE = {
    "same": ("-c", "copy"),
    "resized": ("-vf", "scale=640:360,fps=25", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy"),
    "reordered": (
        *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-c:a", "aac", "-ac", "1", "-ar", "44100"),
    ),
}


@pytest.fixture
async def server(tmp_path: Path, nobody_watches_the_end: None) -> AsyncIterator[Running]:
    """With a channel for each way to come back as well, so that all are tried at once."""
    config = configuration(tmp_path / "data")
    channels = {**config.channels, **{name: Channel() for name in OTHERWISE}}
    settings = Reconnect(window=WINDOW, after_stop=1)
    async with running(msgspec.structs.replace(config, channels=channels, reconnect=settings)) as server:
        yield server


async def until_segment(http: ClientSession, channel: str, msn: int) -> None:
    """Wait until a segment is listed, as a player waits."""
    async with asyncio.timeout(PATIENCE):
        async with http.get(f"/hls/{channel}/270p/index.m3u8?_HLS_msn={msn}") as response:
            assert response.status == 200


async def newest(http: ClientSession, channel: str) -> int:
    async with http.get(f"/hls/{channel}/270p/index.m3u8") as response:
        return (await response.text()).count("#EXTINF") + FIRST_MSN - 1


async def test_who_was_lost_comes_back_into_the_same_show(publish: Publish, http: ClientSession, show: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        for channel, options in OTHERWISE.items():
            tasks.create_task(lose_and_come_back(publish, http, show, channel, options), name=channel)


async def lose_and_come_back(
    publish: Publish, http: ClientSession, show: Path, channel: str, options: tuple[str, ...]
) -> None:
    async with publish(show, channel) as first:
        before = await until_state(http, "live", channel=channel)
        await until_segment(http, channel, FIRST_MSN)
        first.process.kill()
        await first.process.wait()
    last = await newest(http, channel)
    await until_segment(http, channel, last + 2)
    away = await until_state(http, "live", "ended", channel=channel)
    assert away["state"] == "live"
    assert away["awaited_until"]
    async with publish(show, channel, *options) as second:
        assert (await second.ended())[0] == 0
    after = await until_state(http, "ended", "failed", channel=channel)
    assert after["state"] == "ended", after["reason"]
    assert after["broadcast"] == before["broadcast"]
    recordings = await record(http, channel)
    for recording in recordings.values():
        check_continuous(recording)
        assert "#EXT-X-DISCONTINUITY\n" not in recording.playlist
    top, low, audio = recordings["270p"], recordings["180p"], recordings["audio"]
    assert top.starts == low.starts
    numbers = top.numbers()
    slate_at = next(index for index in range(len(numbers)) if numbers[index : index + SLATE] == [None] * SLATE)
    back_at = next(index for index in range(slate_at, len(numbers)) if numbers[index] is not None)
    shown = [number for number in numbers[back_at:] if number is not None]
    assert shown == sorted(shown)
    assert len(set(shown)) >= 130
    check_in_step(top, audio, IN_STEP, Fraction(back_at, 30))


async def test_by_another_protocol(publish: Publish, http: ClientSession, server: Running, show: Path) -> None:
    async with publish() as first:
        before = await until_state(http, "live")
        first.process.kill()
        await first.process.wait()
    address = f"http://127.0.0.1:{server.http_port}/whip/show"
    push = (sys.executable, "-m", "vitrine.server", "push", str(show), address, "--key", KEY, "--quiet")
    async with program(*push) as second:
        assert (await second.ended())[0] == 0
    after = await until_state(http, "ended", "failed")
    assert (after["state"], after["broadcast"]) == ("ended", before["broadcast"])
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
    numbers = recordings["270p"].numbers()
    back_at = len(numbers) - 1 - next(i for i, n in enumerate(reversed(numbers)) if n == 0)
    shown = [number for number in numbers[back_at:] if number is not None]
    assert shown == sorted(shown)
    assert len(set(shown)) >= 150
    check_in_step(recordings["270p"], recordings["audio"], IN_STEP, Fraction(back_at, 30))


async def test_who_stops_and_stays_away_ends_the_show(publish: Publish, http: ClientSession) -> None:
    async with publish() as ffmpeg:
        await until_state(http, "live")
        assert (await ffmpeg.ended())[0] == 0
    state = await until_state(http, "ended")
    assert state["reason"] == "the publisher stopped; nobody came back within 1 s"


async def test_the_crew_ends_the_show_at_once(publish: Publish, http: ClientSession) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with publish() as ffmpeg:
        await until_state(http, "live")
        async with http.delete("/api/channels/show/broadcast", headers=headers) as response:
            assert response.status == 204
        assert (await until_state(http, "ended"))["reason"] == "The crew ended the show."
        status, errors = await ffmpeg.ended()
        assert status != 0
        assert "The crew ended the show" in errors
    async with http.delete("/api/channels/show/broadcast", headers=headers) as response:
        assert response.status == 409
