"""Cues from a command to the wire: a real ffmpeg publishes, `vitrine cue` commands, real segments are fetched."""

import asyncio
import json
import re
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from aiohttp import ClientSession

from tests.interop.conftest import TOKEN, Publish, program, until_state, vitrine
from tests.interop.stamps import stamps_of
from vitrine.server.serve import Running

CREW = {"Authorization": f"Bearer {TOKEN}"}


async def text_of(http: ClientSession, path: str) -> str:
    async with http.get(f"/hls/show/{path}") as response:
        assert response.status == 200
        return await response.text()


async def segments_of(http: ClientSession, rendition: str) -> list[tuple[str, bytes]]:
    """Name and bytes of each whole segment that is listed."""
    listed = re.findall(r"^#EXTINF.*\n(.+)$", await text_of(http, f"{rendition}/index.m3u8"), re.MULTILINE)
    found = []
    for name in listed:
        async with http.get(f"/hls/show/{rendition}/{name}") as response:
            found.append((name, await response.read()))
    return found


async def command(server: Running, *arguments: str, token: str = TOKEN) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vitrine.server", "cue", "show", *arguments),
        *("--server", f"http://127.0.0.1:{server.http_port}", "--token", token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def test_a_cue_from_a_shell_is_on_its_frame_in_every_carrier(
    server: Running, publish: Publish, http: ClientSession
) -> None:
    async with publish():
        await until_state(http, "live")
        status, output, errors = await command(server, "show", "花瓶 🏺", "--programme", "2.5")
        assert (status, errors) == (0, "")
        assert "Entry 1 at frame 75" in output
        assert "On show: 1: 花瓶 🏺" in output
        await until_state(http, "ended")
    async with http.get("/api/channels/show/cues") as response:
        (cue,) = (await response.json())["cues"]
    assert (cue["start"], cue["product"]) == (2.5, "花瓶 🏺")
    stamps = {}
    for rendition in ("270p", "180p"):
        media = b"".join(data for _, data in await segments_of(http, rendition))
        stamps[rendition] = stamps_of(media)
        first = next(stamp for stamp in stamps[rendition] if stamp.products)
        assert first.time == Fraction(5, 2)
        assert first.products == ["花瓶 🏺"]
        (line,) = [
            line
            for line in (await text_of(http, f"{rendition}/index.m3u8")).splitlines()
            if line.startswith("#EXT-X-DATERANGE")
        ]
        assert f'START-DATE="{cue["start_date"]}"' in line
        assert 'X-PRODUCT="花瓶 🏺"' in line
    assert stamps["270p"] == stamps["180p"]
    assert b"emsg" not in b"".join(data for _, data in await segments_of(http, "audio"))
    text = b"".join(data for _, data in await segments_of(http, "products")).decode()
    assert "00:00:02.500 --> " in text
    assert "花瓶 🏺" in text


async def test_a_wrong_token_and_nothing_on_air_are_told_in_words(server: Running) -> None:
    status, _, errors = await command(server, "clear", token="wrong")
    assert status == 1
    assert errors.startswith("vitrine: That is not this server's API token")
    status, _, errors = await command(server, "undo", "1")
    assert (status, errors) == (1, "vitrine: Nothing is on air here\n")
    status, _, errors = await command(server, "clear")
    assert (status, errors) == (1, "vitrine: Nothing is on air here\n")


async def test_package_stamps_a_rundown(show: Path, tmp_path: Path) -> None:
    rundown = tmp_path / "rundown.json"
    rundown.write_text(json.dumps([{"product": "A", "at": 1.5}, {"product": "B", "at": "00:00:03", "until": 4}]))
    async with vitrine("package", show, "-o", tmp_path / "vod", "--rundown", rundown) as package:
        status, errors = await package.ended()
    assert status == 0, errors
    runs = json.loads((tmp_path / "vod" / "as-run.json").read_text())
    assert [(run["product"], run["start"], run["end"]) for run in runs] == [("A", 1.5, 3.0), ("B", 3.0, 4.0)]
    media = b"".join(path.read_bytes() for path in sorted((tmp_path / "vod" / "270p").glob("*.m4s")))
    shown = [(stamp.time, stamp.products) for stamp in stamps_of(media)]
    changes = [now for before, now in pairwise(shown) if before[1] != now[1]]
    assert changes == [(Fraction(3, 2), ["A"]), (Fraction(3), ["B"]), (Fraction(4), [])]
    assert (tmp_path / "vod" / "as-run.csv").read_text().startswith("cue,product,")
    async with program("ffprobe", "-v", "error", "-i", tmp_path / "vod" / "index.m3u8") as ffprobe:
        assert await ffprobe.ended() == (0, "")


async def test_a_rundown_without_times_or_with_strangers_is_refused(show: Path, tmp_path: Path) -> None:
    rundown, catalogue = tmp_path / "rundown.json", tmp_path / "catalogue.json"
    catalogue.write_text('{"products": []}')
    for text, words in (('["A"]', "has no item with a time"), ('[{"product": "A", "at": 1}]', "not in the catalogue")):
        rundown.write_text(text)
        arguments = ("-o", tmp_path / "vod", "--rundown", rundown, "--catalogue", catalogue)
        async with vitrine("package", show, *arguments) as package:
            status, errors = await package.ended()
        assert status == 1
        assert words in errors
        assert not (tmp_path / "vod").exists()
