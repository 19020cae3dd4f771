"""`vitrine check` on our own live stream, on that stream broken on its way, and on what ffmpeg packages."""

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.interop.conftest import KEY, PATIENCE, TOKEN, Program, program, until_state
from vitrine.check.peer import check_stream
from vitrine.check.watch import Watch
from vitrine.server.serve import Running

WATCHED = 12
"""Seconds. A segment takes two, and every form of blocking reload is asked within eight."""


OF_TIME = {"segments-come-in-time", "parts-come-in-time", "nothing-is-held-too-long", "playlist-can-be-had"}
"""What a right server breaks where it gets no processor for seconds, as beside other tests; speed is for `bench/`."""


@asynccontextmanager
async def looping(server: Running, show: Path, *options: str) -> AsyncIterator[Program]:
    """A real ffmpeg publishes the show again and again."""
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live/{KEY}"
    source = ("ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", show)
    async with program(*source, *(options or ("-c", "copy")), "-f", "flv", url) as ffmpeg:
        yield ffmpeg


async def vitrine_check(url: str, *options: str) -> tuple[int, str, str]:
    """Exit status and what was written, by the command as a user runs it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vitrine.server", "check", url, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WATCHED + PATIENCE):
        output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def show_products(http: ClientSession) -> None:
    """Products come and go, one after another, until this is cancelled."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for number in range(1000):
        for command in ({"action": "show", "products": [f"P-{number}"]}, {"action": "clear"}):
            async with http.post("/api/channels/show/cues", json=command, headers=headers) as response:
                assert response.status == 200
            await asyncio.sleep(1.3)  # a crew's pace, not a wait for anything


async def two_segments(http: ClientSession) -> None:
    """Wait for the second segment, so that there is something of every kind to be seen."""
    async with http.get("/hls/show/products/index.m3u8", params={"_HLS_msn": "2"}) as response:
        assert response.status == 200


async def test_our_own_stream_has_no_finding(server: Running, show: Path, http: ClientSession) -> None:
    async with looping(server, show), asyncio.TaskGroup() as tasks:
        await until_state(http, "live")
        await two_segments(http)
        crew = tasks.create_task(show_products(http))
        url = f"http://127.0.0.1:{server.http_port}/hls/show/index.m3u8"
        status, output, errors = await vitrine_check(url, "--seconds", str(WATCHED), "--json", "--quiet")
        crew.cancel()
    report = json.loads(output)
    late = [finding for finding in report["findings"] if finding["rule"] in OF_TIME]
    assert report["findings"] == late
    assert (status == 0, errors, report["unchecked"]) == (not late, "", [])
    names = ["270p/index.m3u8", "180p/index.m3u8", "audio/index.m3u8", "products/index.m3u8"]
    assert sorted(report["renditions"]) == sorted(names)
    # Three renditions have three parts a second and a segment each two seconds; a third of it on a busy machine.
    assert report["media"] > 3 * 3.5 * WATCHED / 3
    assert report["playlists"] > 3 * 3 * WATCHED / 3


async def test_a_broadcast_that_ends_while_it_is_watched(server: Running, show: Path, http: ClientSession) -> None:
    async with looping(server, show) as ffmpeg:
        await until_state(http, "live")
        await two_segments(http)
        async with asyncio.TaskGroup() as tasks:
            url = f"http://127.0.0.1:{server.http_port}/hls/show/index.m3u8"
            checking = tasks.create_task(check_stream(url, PATIENCE, lambda _gone, _watch: None))
            crew = tasks.create_task(show_products(http))
            await asyncio.sleep(4)  # of watching
            crew.cancel()
            ffmpeg.process.terminate()
    watch = checking.result()
    assert {finding.name for finding in watch.findings.all} <= OF_TIME
    assert all(each.playlist and each.playlist.ended for each in watch.stream.renditions)
    assert all(each.ranges for each in watch.stream.renditions)
    for pictures in watch.stream.renditions[:2]:
        events = {event for seen in pictures.segments.values() if seen.media for event in seen.media.events}
        assert len({event.digest for event in events}) > 2


async def test_an_interrupt_ends_the_watch_and_not_the_report() -> None:
    watching = asyncio.Event()
    asked = 0

    async def handle(_request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked > 2:
            watching.set()
        return web.Response(text="#EXTM3U\n#EXT-X-TARGETDURATION:1\n", content_type="audio/mpegurl")

    async with serving(handle) as address:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vitrine.server", "check", f"{address}/live.m3u8", "--seconds", "600"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(PATIENCE):
            await watching.wait()
            process.send_signal(signal.SIGINT)
            output, _ = await process.communicate()
    assert process.returncode == 3
    assert "browsers-may-read-it" in output.decode()
    assert output.decode().splitlines()[-1].startswith(f"{address}/live.m3u8: ")


class Breaker:
    """Stands between our server and the checker, and breaks what goes through."""

    def __init__(self, upstream: ClientSession) -> None:
        self._upstream = upstream
        self._requests = 0

    async def handle(self, request: web.Request) -> web.Response:
        self._requests += 1
        async with self._upstream.get(request.path_qs) as response:
            body, status = await response.read(), response.status
            headers = {"Content-Type": response.headers["Content-Type"]}
        if request.path.endswith(".m3u8"):
            status, body = self._playlist(request, status, body)
            headers["Cache-Control"] = "max-age=60"
        elif re.search(r"\.\d+\.\d+\.m4s$", request.path) is None and request.path.endswith(".m4s"):
            body = body[:-1] + bytes([body[-1] ^ 1])  # the last byte of every whole segment
        return web.Response(status=status, body=body, headers=headers)

    def _playlist(self, request: web.Request, status: int, body: bytes) -> tuple[int, bytes]:
        if request.query.keys() & {"_HLS_part"} and "_HLS_msn" not in request.query:
            return 200, b"#EXTM3U\n"
        text = body.decode()
        text = text.replace("RESOLUTION=480x270", "RESOLUTION=640x360").replace(
            "FRAME-RATE=30.000", "FRAME-RATE=25.000"
        )
        text = re.sub("BANDWIDTH=[0-9]+", "BANDWIDTH=1000", text)
        if self._requests > 30:
            text = text.replace("#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3")
            text = text.replace("PART-TARGET=0.334", "PART-TARGET=0.4").replace("HOLD-BACK=1.002", "HOLD-BACK=1.2")
        if "180p/index" in request.path:
            text = re.sub(r"(PROGRAM-DATE-TIME:.*)\.(\d)", lambda match: f"{match[1]}.{9 - int(match[2])}", text)
            text = text.replace("EXT-X-RENDITION-REPORT", "EXT-X-NO-REPORT")
            text = text.replace('HINT:TYPE=PART,URI="', 'HINT:TYPE=PART,URI="x')
        return status, text.encode()


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    async with TestServer(application, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


async def findings_at(url: str, seconds: float) -> dict[str, set[str]]:
    """The names of the rules that are broken, by the playlist."""
    watch: Watch = await check_stream(url, seconds, lambda _gone, _watch: None)
    found: dict[str, set[str]] = {}
    for finding in watch.findings.all:
        found.setdefault(finding.where, set()).add(finding.name)
    return found


async def test_what_is_broken_on_its_way_is_found(server: Running, show: Path, http: ClientSession) -> None:
    async with looping(server, show), serving(Breaker(http).handle) as address:
        await until_state(http, "live")
        await two_segments(http)
        found = await findings_at(f"{address}/hls/show/index.m3u8", 8.0)
    delivery = {"browsers-may-read-it", "playlists-are-compressed", "live-playlists-do-not-go-stale", "caches-are-told"}
    for name in ("270p/index.m3u8", "180p/index.m3u8", "audio/index.m3u8"):
        assert delivery <= found[name], name
        assert {"target-duration-stays", "part-target-stays", "server-control-stays", "segment-is-its-parts"} <= found[
            name
        ]
    assert "part-without-segment-is-refused" in found["270p/index.m3u8"]
    assert "hinted-part-comes" in found["180p/index.m3u8"]
    assert {
        "resolution-is-the-pictures",
        "frame-rate-is-the-pictures",
        "bandwidth-covers-the-peak",
        "every-other-rendition-is-reported",
        "dates-agree",
    } <= found["show/index.m3u8"]
    # And nothing is said of what is as it was.
    innocent = {"segments-are-aligned", "events-agree", "codecs-are-declared", "date-ranges-agree"}
    assert not innocent & {name for names in found.values() for name in names}


async def test_what_ffmpeg_packages(tmp_path: Path, show: Path) -> None:
    """Plain HLS from a plain server, as TS and as fragmented MP4: nothing but how it is delivered."""
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", show]
    folders = {kind: tmp_path / kind for kind in ("mpegts", "fmp4")}
    for kind, folder in folders.items():
        folder.mkdir()
        command += ["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_segment_type", kind]
        command += ["-hls_flags", "delete_segments+program_date_time+temp_file", folder / "index.m3u8"]

    async def handle(request: web.Request) -> web.StreamResponse:
        path = tmp_path / request.match_info["path"]
        return web.FileResponse(path) if path.is_file() else web.Response(status=404)

    async with program(*command), serving(handle) as address, asyncio.TaskGroup() as tasks:
        async with asyncio.timeout(PATIENCE):
            while not all(map(segments_in, folders.values())):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.1)
        running = {
            kind: tasks.create_task(check_stream(f"{address}/{kind}/index.m3u8", 7.0, lambda _gone, _watch: None))
            for kind in folders
        }
        await asyncio.wait(running.values())
    for kind, task in running.items():
        watch = task.result()
        names = {finding.name for finding in watch.findings.all}
        assert {"browsers-may-read-it", "caches-are-told"} <= names
        assert names <= {"browsers-may-read-it", "caches-are-told", "media-have-their-type", "playlist-has-its-type"}
        assert bool(watch.unchecked) is (kind == "mpegts")
        assert watch.counts.media >= 3


def segments_in(folder: Path) -> int:
    playlist = folder / "index.m3u8"
    return playlist.read_text().count("#EXTINF") if playlist.exists() else 0


async def test_a_recorded_show_in_one_file(tmp_path: Path, show: Path) -> None:
    """Byte ranges; and a VOD ends the watch when there is nothing more of it to fetch."""
    playlist = tmp_path / "index.m3u8"
    command = ("ffmpeg", "-v", "error", "-i", show, "-c", "copy", "-f", "hls", "-hls_time", "2")
    kind = ("-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-hls_flags", "single_file")
    async with program(*command, *kind, playlist) as ffmpeg:
        assert await ffmpeg.ended() == (0, "")
    whole = False

    async def handle(request: web.Request) -> web.StreamResponse:
        path = tmp_path / request.match_info["path"]
        return web.Response(body=path.read_bytes()) if whole else web.FileResponse(path)

    async with serving(handle) as address, asyncio.timeout(PATIENCE):
        watch = await check_stream(f"{address}/index.m3u8", 2 * PATIENCE, lambda _gone, _watch: None)
        whole = True
        deaf = await check_stream(f"{address}/index.m3u8", 2 * PATIENCE, lambda _gone, _watch: None)
    assert [each.severity.name for each in watch.findings.all if each.severity.name == "ERROR"] == []
    assert [float(measured.duration) for _, measured in watch.stream.renditions[0].timeline()] == [2.0, 2.0, 2.0]
    refused = next(each for each in deaf.findings.all if each.name == "listed-media-can-be-had")
    assert "the whole resource in answer to a request for a range" in refused.seen[0]


async def test_a_server_that_is_down_gets_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/live/index.m3u8"
        status, output, errors = await vitrine_check(url, "--seconds", "5", "--quiet")
    assert (status, output) == (1, "")
    assert errors.startswith(f"vitrine: {url} cannot be watched: 127.0.0.1, port ")
    assert errors.count("\n") == 1


async def test_a_page_that_is_no_stream(tmp_path: Path) -> None:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<!doctype html>")

    async with serving(handle) as address:
        status, _, errors = await vitrine_check(f"{address}/", "--seconds", "5", "--quiet")
    assert status == 1
    assert "This is no HLS playlist" in errors


async def test_limits_hold() -> None:
    """A playlist without an end, and redirects in a ring."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/ring.m3u8":
            raise web.HTTPFound("/ring.m3u8")
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(1000):
                await response.write(b"#EXTM3U\n" + b"#" * 65536)
        except ConnectionError:
            pass
        return response

    results: dict[str, Any] = {}
    async with serving(handle) as address:
        for name in ("endless", "ring"):
            status, _, errors = await vitrine_check(f"{address}/{name}.m3u8", "--seconds", "5", "--quiet")
            results[name] = (status, errors)
    assert results["endless"][0] == results["ring"][0] == 1
    assert "more than 8388608 bytes" in results["endless"][1]
    assert "more than 5 redirects" in results["ring"][1]
