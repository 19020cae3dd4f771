"""Two encoders publish one show: the primary is on air, and the backup while the primary is silent."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, PATIENCE, configuration, program, state_of, until_state
from tests.interop.recording import record
from tests.interop.stamps import stamps_of
from tests.interop.test_cues import CREW
from tests.interop.test_ffmpeg_to_hls import check_continuous
from vitrine.packager.run import FIRST_MSN
from vitrine.server.config import Channel
from vitrine.server.serve import Running, running

BACKUP_KEY = "b4ckup-key"

MOST_MISSING = 3
"""Frames of the sample show that may be unreadable where one picture of it turns into another."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    channels = {"show": Channel(stream_key=KEY, backup_key=BACKUP_KEY)}
    async with running(msgspec.structs.replace(configuration(tmp_path / "data"), channels=channels)) as server:
        yield server


async def until_on_air(http: ClientSession, role: str, standby: str | None) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            health = (await state_of(http))["health"]
            assert isinstance(health, dict)
            if (health.get("on_air"), health.get("standby")) == (role, standby):
                return
            await asyncio.sleep(0.05)


async def put_on_show(http: ClientSession, product: str) -> None:
    command = {"action": "show", "products": [product]}
    async with http.post("/api/channels/show/cues", json=command, headers=CREW) as told:
        assert told.status == 200, await told.text()


async def check_stamps(http: ClientSession, segments: bytes, products: list[str]) -> None:
    """The ledger has all, and each is in the media from its frame on."""
    async with http.get("/api/channels/show/cues") as response:
        cues = (await response.json())["cues"]
    assert [cue["product"] for cue in cues] == products
    stamps = stamps_of(segments)
    for cue in cues:
        first = next(stamp for stamp in stamps if cue["product"] in stamp.products)
        assert float(first.time) == pytest.approx(cue["start"], abs=1e-3)


async def test_the_show_goes_on_with_the_backup_and_back(server: Running, http: ClientSession, show: Path) -> None:
    def publisher(key: str) -> tuple[str, ...]:
        url = f"rtmp://127.0.0.1:{server.rtmp_port}/live/{key}"
        return ("ffmpeg", "-v", "error", "-re", "-stream_loop", "9", "-i", str(show), "-c", "copy", "-f", "flv", url)

    async with program(*publisher(KEY)) as primary:
        before = await until_state(http, "live")
        async with program(*publisher(BACKUP_KEY)) as backup:
            await until_on_air(http, "primary", "backup")
            await put_on_show(http, "vase")
            primary.process.send_signal(signal.SIGSTOP)
            await until_on_air(http, "backup", "primary")
            await put_on_show(http, "bowl")
            primary.process.send_signal(signal.SIGCONT)
            await until_on_air(http, "primary", "backup")
            await put_on_show(http, "cup")
            primary.process.kill()
            await until_on_air(http, "backup", None)
            async with http.get("/hls/show/270p/index.m3u8") as response:
                msn = (await response.text()).count("#EXTINF") + FIRST_MSN
            async with http.get(f"/hls/show/270p/index.m3u8?_HLS_msn={msn}") as response:
                assert response.status == 200
            backup.process.kill()
    after = await until_state(http, "ended", "failed")
    assert (after["state"], after["broadcast"]) == ("ended", before["broadcast"]), after["reason"]
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
        assert "#EXT-X-DISCONTINUITY\n" not in recording.playlist
    for name in ("270p", "180p"):
        media = b"".join(data for _, data in recordings[name].segments)
        await check_stamps(http, media, ["vase", "bowl", "cup"])
    numbers = recordings["270p"].numbers()
    assert sum(number is None for number in numbers) <= MOST_MISSING, "no slate"
    still = max(
        (
            end - begin
            for begin in range(len(numbers))
            for end in range(begin, len(numbers))
            if same(numbers, begin, end)
        ),
        default=0,
    )
    assert still < 60, "it never stood for two seconds"


def same(numbers: list[int | None], begin: int, end: int) -> bool:
    """Whether all of a stretch of at most three seconds is the same picture."""
    return end - begin <= 90 and len(set(numbers[begin : end + 1])) == 1
