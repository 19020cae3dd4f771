"""Wrong keys, second publishers, garbage and crashes: a clear end for one, nothing for the others."""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

import psutil
import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, PATIENCE, Publish, program, state_of, until_state
from tests.interop.recording import check_unbroken, record
from tests.interop.test_ffmpeg_to_hls import check_continuous, check_in_step
from vitrine.server.serve import Running
from vitrine.server.transcoder import MOST_DEATHS


@pytest.mark.parametrize("key", ["wrong-key", "show", "unknown"])
async def test_a_wrong_key_is_refused_once_and_never_logged(
    publish: Publish, http: ClientSession, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    with caplog.at_level(logging.INFO, "vitrine"):
        async with publish(key=key) as ffmpeg:
            status, errors = await ffmpeg.ended()
    assert status != 0
    assert "opens no channel" in errors
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("vitrine")]
    assert len([line for line in lines if "opens no channel" in line]) == 1
    assert key not in " ".join(lines)
    assert (await state_of(http))["state"] == "idle"


async def test_a_channel_without_a_key_takes_its_name(publish: Publish, http: ClientSession) -> None:
    async with publish(key="other"):
        await until_state(http, "live", channel="other")


async def test_a_second_publisher_takes_over_in_the_same_playlist(publish: Publish, http: ClientSession) -> None:
    async with publish() as first:
        before = await until_state(http, "live")
        async with publish() as second:
            status, _ = await first.ended()
            assert status != 0
            assert (await second.ended())[0] == 0
    after = await until_state(http, "ended")
    assert after["broadcast"] == before["broadcast"]
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
    numbers = [number for number in recordings["270p"].numbers() if number is not None]
    assert numbers.count(0) >= 2, "the second publisher's show begins within the first's broadcast"
    assert numbers[-1] >= 175


def workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if "vitrine.transcode.worker" in child.cmdline():
                found.append(child)
    return found


async def test_a_killed_worker_is_replaced_and_nothing_of_the_show_is_lost(
    publish: Publish, http: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with publish() as ffmpeg:
        first = await until_state(http, "live")
        async with http.get("/hls/show/270p/index.m3u8?_HLS_msn=1") as response:
            assert response.status == 200
        (worker,) = workers()
        worker.send_signal(signal.SIGKILL)
        assert (await ffmpeg.ended())[0] == 0
    state = await until_state(http, "ended", "failed")
    assert (state["state"], state["broadcast"]) == ("ended", first["broadcast"]), state["reason"]
    assert any("SIGKILL" in record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
        assert "#EXT-X-DISCONTINUITY\n" not in recording.playlist
    for name in ("270p", "180p"):
        numbers = recordings[name].numbers()
        check_unbroken(numbers)
        assert len(numbers) >= 175
    check_in_step(recordings["270p"], recordings["audio"])


async def test_a_worker_that_dies_again_and_again_is_given_up(publish: Publish, http: ClientSession) -> None:
    async with publish() as ffmpeg:
        first = await until_state(http, "live")
        killed: set[int] = set()
        async with asyncio.timeout(PATIENCE):
            while (state := await state_of(http))["state"] == "live":
                for worker in workers():
                    if worker.pid not in killed:
                        killed.add(worker.pid)
                        worker.kill()
                await asyncio.sleep(0.02)
        assert len(killed) == MOST_DEATHS + 1
        assert state["state"] == "failed"
        assert "SIGKILL; 5 others did the same within 60 s" in str(state["reason"])
        assert (await ffmpeg.ended())[0] != 0
    await record(http)  # the playlists have ended
    async with publish():
        state = await until_state(http, "live")
        assert state["broadcast"] != first["broadcast"]


async def test_two_channels_at_once_and_garbage_beside_them(
    publish: Publish, http: ClientSession, server: Running
) -> None:
    async with publish() as first, publish(key="other") as second:
        await until_state(http, "live")
        await until_state(http, "live", channel="other")
        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            os.urandom(5000),
            b"\x03" + bytes(1536) + os.urandom(20000),
            b"\x06",
        ):
            await send_and_be_closed(garbage, server.rtmp_port)
        assert (await first.ended())[0] == 0
        assert (await second.ended())[0] == 0
    for channel in ("show", "other"):
        await until_state(http, "ended", channel=channel)
        numbers = (await record(http, channel))["270p"].numbers()
        check_unbroken(numbers)
        assert len(numbers) >= 175


async def send_and_be_closed(garbage: bytes, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(garbage)
    writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_leaving_before_there_is_anything_to_show(publish: Publish, http: ClientSession) -> None:
    async with publish(key=KEY) as ffmpeg:
        await until_state(http, "starting", "live")
        ffmpeg.process.kill()
    await until_state(http, "ended")


async def test_a_publisher_faster_than_time_is_no_hung_worker(server: Running, http: ClientSession, show: Path) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live/{KEY}"
    command = ("ffmpeg", "-v", "error", "-stream_loop", "2", "-i", show, "-c", "copy", "-f", "flv", url)
    async with program(*command) as ffmpeg:
        assert (await ffmpeg.ended())[0] == 0
    state = await until_state(http, "ended", "failed")
    assert state["state"] == "ended", state["reason"]


async def test_a_publisher_that_stands_still_and_goes_on(publish: Publish, http: ClientSession) -> None:
    async with publish() as ffmpeg:
        await until_state(http, "live")
        ffmpeg.process.send_signal(signal.SIGSTOP)
        async with http.get("/hls/show/270p/index.m3u8?_HLS_msn=3") as response:
            assert response.status == 200, "what is missing is filled in, and viewers see one unbroken show"
        ffmpeg.process.send_signal(signal.SIGCONT)
        assert (await ffmpeg.ended())[0] == 0
    await until_state(http, "ended")
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
    every = recordings["270p"].numbers()
    assert len(every) >= 180, "the time is all there, filled in or come late"
    numbers = [number for number in every if number is not None]  # the slate comes at last, if the machine is busy
    assert numbers == sorted(numbers)
    stopped = max(numbers, key=numbers.count)
    assert numbers.count(stopped) > 60, "two seconds of the picture at which it stood still"
    check_unbroken(numbers[: numbers.index(stopped)])


async def test_stamps_that_jump_by_hours_are_repaired(publish: Publish, http: ClientSession, show: Path) -> None:
    """From half way on every stamp is three hours later, as of an encoder that was restarted."""
    late = "setts=ts=if(gt(TS\\,3/TB)\\,TS+10800/TB\\,TS)"
    async with publish(show, KEY, "-c", "copy", "-bsf:v", late, "-bsf:a", late) as ffmpeg:
        await until_state(http, "live")
        await ffmpeg.ended()
    state = await until_state(http, "ended", "failed")
    assert state["state"] == "ended", state["reason"]
    recordings = await record(http)
    for recording in recordings.values():
        check_continuous(recording)
    numbers = recordings["270p"].numbers()
    assert numbers[-1] == 179
    assert len(numbers) < 220, "three hours were not filled with repeated pictures"
