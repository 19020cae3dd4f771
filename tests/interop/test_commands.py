"""The command line, as a user runs it."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, program, until_state, vitrine
from tests.interop.recording import check_unbroken, record
from vitrine import __version__
from vitrine.server.serve import Running


async def test_push_publishes_a_file_whole(server: Running, http: ClientSession, show: Path) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, VITRINE_KEY=KEY) as push:
        await until_state(http, "live")
        status, errors = await push.ended()
    assert status == 0, errors
    await until_state(http, "ended")
    numbers = (await record(http))["270p"].numbers()
    check_unbroken(numbers)
    assert len(numbers) >= 175


async def test_push_in_a_loop_is_one_unbroken_show(server: Running, http: ClientSession, show: Path) -> None:
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live"
    async with vitrine("push", show, url, "--key", KEY, "--loop", "--quiet"):
        await until_state(http, "live")
        async with http.get("/hls/show/270p/index.m3u8?_HLS_msn=3") as response:
            assert response.status in (200, 503)
        async with http.get("/hls/show/270p/index.m3u8?_HLS_msn=5") as response:
            assert response.status in (200, 503)
    await until_state(http, "ended")
    numbers = (await record(http))["270p"].numbers()
    check_unbroken(numbers, length=180)
    assert len(numbers) > 180


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("push", "{show}", "rtmp://127.0.0.1:{port}/live", "--key", "wrong"), "opens no channel"),
        (("push", "{show}", "rtmp://127.0.0.1:9/live", "--key", "x"), "127.0.0.1"),
        (("push", "{show}", "http://127.0.0.1:{http}/whip/show", "--key", "wrong"), "opens no channel"),
        (("push", "{show}", "http://127.0.0.1:{http}/whip/none", "--key", "wrong"), "no channel of that name"),
        (("push", "{show}", "http://127.0.0.1:{http}/whip/show"), "--key"),
        (("push", "{show}", "http://127.0.0.1:9/whip/show", "--key", "x"), "127.0.0.1:9"),
        (("push", "{show}", "ftp://127.0.0.1/live"), "rtmp://HOST/live"),
        (("push", "{none}", "rtmp://127.0.0.1:{port}/live"), "is not a file"),
        (("package", "{text}", "-o", "{folder}/out"), "is not a video"),
        (("package", "{show}", "-o", "{folder}"), "is not empty"),
        (("sample", "-o", "{folder}/show.xyz"), "show.xyz"),
        (("sample", "-o", "{folder}/none/show.mp4"), "does not exist"),
        (("serve", "--config", "{text}"), "not-a-video.toml"),
        (("serve", "--config", "{none}"), "cannot be read"),
    ],
)
async def test_a_mistake_ends_in_one_clear_line(
    server: Running, show: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    text = tmp_path / "not-a-video.toml"
    text.write_text("This is not a video, nor a configuration.")
    none = tmp_path / "none.mp4"
    ports = {"port": server.rtmp_port, "http": server.http_port}
    places = {**ports, "show": show, "text": text, "folder": tmp_path, "none": none}
    async with vitrine(*(each.format(**places) for each in arguments)) as command:
        status, errors = await command.ended()
    lines = [line for line in errors.splitlines() if line.startswith("vitrine: ")]
    assert status == 1, errors
    assert len(lines) == 1, errors
    assert words in lines[0]
    assert "Traceback" not in errors
    assert "wrong" not in errors


async def test_package_makes_a_folder_that_plays(show: Path, tmp_path: Path) -> None:
    folder = tmp_path / "vod"
    async with vitrine("package", show, "-o", folder) as package:
        status, errors = await package.ended()
    assert status == 0, errors
    async with program("ffprobe", "-v", "error", "-i", folder / "index.m3u8") as ffprobe:
        assert await ffprobe.ended() == (0, "")
    assert (folder / "270p" / "index.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")
    text = (folder / "products" / "index.m3u8").read_text()
    listed = [line for line in text.splitlines() if not line.startswith("#")]
    assert listed
    assert all((folder / "products" / name).read_text().startswith("WEBVTT\n") for name in listed)
    async with program("ffmpeg", "-v", "error", "-i", folder / "270p" / "index.m3u8", "-f", "null", "-") as ffmpeg:
        assert await ffmpeg.ended() == (0, "")


async def test_sample_writes_a_show(tmp_path: Path) -> None:
    async with vitrine(
        "sample", "-o", tmp_path / "s.mp4", "--seconds", "1", "--size", "320x180", "--rate", "25"
    ) as made:
        status, errors = await made.ended()
    assert status == 0, errors
    assert (tmp_path / "s.mp4").stat().st_size > 1000


async def test_version() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vitrine.server", "--version", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert __version__ in output.decode()


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = tmp_path / "vitrine.toml"
        port = taken.getsockname()[1]
        config.write_text(f'[server]\nhttp = "127.0.0.1:{port}"\ndata = "{tmp_path}"\n[channels.show]\n')
        async with vitrine("serve", "--config", config) as serve:
            status, errors = await serve.ended()
    assert status == 1
    assert "Cannot listen on 127.0.0.1" in errors
    assert "Traceback" not in errors
