"""Addresses, waiting, lifetimes and status codes, through a real HTTP server, over a real packager."""

import asyncio

import pytest
from aiohttp import ClientSession

from tests.origin.show import Show
from vitrine.origin import hls


async def status_and_text(client: ClientSession, address: str) -> tuple[int, str]:
    async with client.get(address) as response:
        return response.status, (await response.read()).decode("latin-1")


MEDIA = "/hls/show/720p/"


async def test_nothing_on_air_is_404_that_is_not_cached_for_long(client: ClientSession) -> None:
    async with client.get("/hls/show/index.m3u8") as response:
        assert response.status == 404
        assert response.headers["Cache-Control"] == "public, max-age=2"
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_types_caching_and_cors_of_everything_that_plays(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(380)
    expected = {
        "/hls/show/index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=2"),
        MEDIA + "index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=1"),
        MEDIA + "index.m3u8?_HLS_msn=1&_HLS_part=1": ("application/vnd.apple.mpegurl", "public, max-age=4"),
        MEDIA + "index.m3u8?_HLS_msn=7&_HLS_part=0": ("application/vnd.apple.mpegurl", "public, max-age=12"),
        MEDIA + "b1.init.mp4": ("video/mp4", "public, max-age=3600, immutable"),
        MEDIA + "b1.1.m4s": ("video/iso.segment", "public, max-age=3600, immutable"),
        MEDIA + "b1.1.3.m4s": ("video/iso.segment", "public, max-age=3600, immutable"),
        "/hls/show/products/index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=1"),
        "/hls/show/products/b1.1.vtt": ("text/vtt", "public, max-age=3600, immutable"),
    }
    for address, (kind, caching) in expected.items():
        async with client.get(address) as response:
            assert (response.status, response.content_type) == (200, kind), address
            assert response.headers["Cache-Control"] == caching, address
            assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("address", ["/hls/show/index.m3u8", MEDIA + "index.m3u8", MEDIA + "index.m3u8?_HLS_skip=v2"])
async def test_a_playlist_comes_as_gzip_to_those_who_take_it(client: ClientSession, show: Show, address: str) -> None:
    show.go_live()
    for _ in range(2):
        show.play(60)
        async with client.get(address, headers={"Accept-Encoding": "identity"}) as plain:
            assert (plain.status, plain.headers.get("Content-Encoding")) == (200, None)
            assert plain.headers["Vary"] == "Accept-Encoding"
            text = await plain.text()
        async with client.get(address, headers={"Accept-Encoding": "gzip"}) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert packed.headers["Vary"] == "Accept-Encoding"
            assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
            assert await packed.text() == text


async def test_a_segment_is_the_sum_of_its_parts(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    bodies = []
    for name in ("b1.1.m4s", *(f"b1.1.{part}.m4s" for part in range(6))):
        async with client.get(MEDIA + name) as response:
            bodies.append(await response.read())
    assert bodies[0] == b"".join(bodies[1:])
    assert b"picture 59" in bodies[0]


@pytest.mark.parametrize("name", ["index.m3u8?_HLS_msn=1&_HLS_part=2", "b1.1.2.m4s"])
async def test_a_request_for_the_next_part_is_held_until_it_is_there(
    client: ClientSession, show: Show, name: str
) -> None:
    show.go_live()
    show.play(20)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(status_and_text(client, MEDIA + name))
        await until_waiting(show)
        show.play(9)
        assert (await status_and_text(client, "/hls/show/index.m3u8"))[0] == 200
        assert not waiting.done()
        show.play(1)
        status, text = await waiting
    assert status == 200
    assert "b1.1.2.m4s" in text or "picture 29" in text


async def until_waiting(show: Show) -> None:
    """Return when a request waits on the stream."""
    assert show.stream_now is not None
    async with asyncio.timeout(10):
        while not show.stream_now.waiting:  # noqa: ASYNC110 - the request comes through a socket, without a word to us
            await asyncio.sleep(0.01)


async def test_a_first_viewer_waits_for_the_first_part_and_its_player_for_the_first_segment(
    client: ClientSession, show: Show
) -> None:
    show.go_live()
    async with asyncio.TaskGroup() as tasks:
        multivariant = tasks.create_task(status_and_text(client, "/hls/show/index.m3u8"))
        media = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8"))
        await until_waiting(show)
        show.play(12)
        assert "720p/index.m3u8" in (await multivariant)[1]
        show.play(47)
        assert (await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1&_HLS_part=4"))[0] == 200
        assert not media.done()
        show.play(1)
        status, text = await media
        assert (status, "b1.1.m4s" in text) == (200, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("_HLS_part=1", "_HLS_part came without"),
        ("_HLS_msn=10", "too far ahead"),
        ("_HLS_msn=1&_HLS_part=999999", "too far ahead"),
        ("_HLS_msn=-1", "whole number"),
        ("_HLS_msn=x", "whole number"),
        ("_HLS_msn=2&_HLS_part=%C2%B2", "whole number"),
        ("_HLS_msn=9999999999999999", "whole number"),
        ("_HLS_skip=maybe", "YES or v2"),
    ],
)
async def test_wrong_directives_are_refused_in_words(client: ClientSession, show: Show, query: str, words: str) -> None:
    show.go_live()
    show.play(20)
    status, text = await status_and_text(client, MEDIA + "index.m3u8?" + query)
    assert status == 400
    assert words in text


@pytest.mark.parametrize(
    "address",
    [
        "/hls/none/index.m3u8",
        "/hls/show/4k/index.m3u8",
        MEDIA + "b1.8.m4s",
        MEDIA + "b1.1.99.m4s",
        MEDIA + "..%2f..%2fREADME.md",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/api/channels/none",
        "/nothing",
    ],
)
async def test_what_is_not_there_is_404(client: ClientSession, show: Show, address: str) -> None:
    show.go_live()
    show.play(20)
    assert (await status_and_text(client, address))[0] == 404


async def test_what_is_held_too_long_is_503(client: ClientSession, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hls, "LONGEST_WAIT", 0.05)
    show.go_live()
    show.play(20)
    status, text = await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1&_HLS_part=2")
    assert status == 503
    assert "ask again" in text


async def test_a_delta_update_is_shorter(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60 * 12)
    whole = (await status_and_text(client, MEDIA + "index.m3u8"))[1]
    for skip in ("YES", "v2"):
        delta = (await status_and_text(client, MEDIA + f"index.m3u8?_HLS_skip={skip}"))[1]
        assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=" in delta
        assert len(delta) < len(whole)


async def test_the_end_releases_whoever_waits(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(20)
    async with asyncio.TaskGroup() as tasks:
        playlist = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=2"))
        part = tasks.create_task(status_and_text(client, MEDIA + "b1.1.2.m4s"))
        await until_waiting(show)
        assert show.stream_now is not None
        show.stream_now.end()
        status, text = await playlist
        assert (status, "#EXT-X-ENDLIST" in text) == (200, True)
        assert (await part)[0] == 404


async def test_a_server_that_is_stopped_answers_whoever_waits_and_ends_nothing(
    client: ClientSession, show: Show
) -> None:
    """What was open is closed, and whole; what comes next the next server has: ask again."""
    show.go_live()
    show.play(75)
    assert show.stream_now is not None
    asked = ("index.m3u8?_HLS_msn=2", "b1.2.1.m4s", "index.m3u8?_HLS_msn=3&_HLS_part=0")
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(status_and_text(client, MEDIA + each)) for each in asked]
        while show.stream_now.waiting < len(asked):  # noqa: ASYNC110 - the requests have to have arrived
            await asyncio.sleep(0.01)
        show.stream_now.rest()
    assert [each.result()[0] for each in waiting] == [200, 200, 503]
    text = waiting[0].result()[1]
    assert "b1.2.m4s" in text
    assert not any(tag in text for tag in ("#EXT-X-ENDLIST", "#EXT-X-PRELOAD-HINT"))
    assert (await status_and_text(client, MEDIA + asked[2]))[0] == 503
    assert (await status_and_text(client, MEDIA + "index.m3u8")) == (200, text)


async def test_the_last_part_is_listed_a_moment_before_the_end(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(13)
    assert show.stream_now is not None
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1&_HLS_part=1"))
        await until_waiting(show)
        show.stream_now.finish()
        status, text = await first
        assert (status, "b1.1.1.m4s" in text, "b1.1.m4s" in text, "#EXT-X-ENDLIST" in text) == (200, True, False, False)
    status, text = await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=2&_HLS_part=0")
    assert (status, text.endswith("b1.1.m4s\n#EXT-X-ENDLIST\n")) == (200, True)


async def test_the_show_before_can_be_fetched_while_the_next_one_runs(client: ClientSession, show: Show) -> None:
    show.go_live("b1")
    show.play(60)
    show.go_live("b2")
    show.play(60)
    for name, status in (("b1.1.m4s", 200), ("b2.1.1.m4s", 200), ("b3.1.m4s", 404)):
        assert (await status_and_text(client, MEDIA + name))[0] == status, name
    assert "b2.1.0.m4s" in (await status_and_text(client, MEDIA + "index.m3u8"))[1]


async def test_a_player_learns_of_the_end_though_another_show_has_begun(client: ClientSession, show: Show) -> None:
    """It waits for the next part; the crew ends the show, and begins another within the second of the farewell."""
    show.go_live()
    show.play(60 * 5)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=6&_HLS_part=0"))
        await until_waiting(show)
        former = show.stream_now
        assert former is not None
        show.go_live("b2")
        show.play(60)
        former.end()
    status, text = waiting.result()
    assert status == 200
    assert "b1.5.m4s" in text
    assert text.endswith("#EXT-X-ENDLIST\n")
    async with client.get(MEDIA + "index.m3u8?_HLS_msn=6&_HLS_part=0") as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "public, max-age=1")
    status, text = await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1")
    assert "b2.1.m4s" in text


async def test_an_end_before_anything_could_play_is_404_at_once(client: ClientSession, show: Show) -> None:
    show.go_live()
    assert show.stream_now is not None
    show.stream_now.end()
    for address in ("/hls/show/index.m3u8", MEDIA + "index.m3u8"):
        status, text = await status_and_text(client, address)
        assert (status, "before there was anything" in text) == (404, True)


async def test_head_and_preflight(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    async with client.head(MEDIA + "index.m3u8") as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 100
    async with client.options(MEDIA + "index.m3u8") as response:
        assert response.status == 204
        assert "GET" in response.headers["Access-Control-Allow-Methods"]


async def test_state_and_health(client: ClientSession) -> None:
    async with client.get("/api/channels/show") as response:
        assert (await response.json())["state"] == "live"
        assert response.headers["Cache-Control"] == "no-store"
    async with client.get("/api/channels") as response:
        assert [each["channel"] for each in (await response.json())["channels"]] == ["show"]
    async with client.get("/healthz") as response:
        assert await response.json() == {"status": "ok"}


LIFETIMES = [
    ("/hls/none/index.m3u8", 404, "public, max-age=2"),
    ("/hls/show/4k/index.m3u8", 404, "public, max-age=2"),
    ("/hls/show/4k/index.m3u8?_HLS_msn=2", 404, "public, max-age=8"),
    (MEDIA + "index.m3u8?_HLS_part=1", 400, "public, max-age=8"),
    (MEDIA + "index.m3u8?_HLS_msn=-1", 400, "public, max-age=8"),
    (MEDIA + "index.m3u8?_HLS_msn=10", 400, "public, max-age=1"),
    (MEDIA + "b1.2.0.m4s", 404, "no-store"),
    (MEDIA + "other.1.0.m4s", 404, "public, max-age=2"),
]


@pytest.mark.parametrize(("address", "status", "caching"), LIFETIMES)
async def test_errors_are_kept_as_long_as_they_stay_true(
    client: ClientSession, show: Show, address: str, status: int, caching: str
) -> None:
    show.go_live()
    show.play(20)
    async with client.get(address) as response:
        assert (response.status, response.headers["Cache-Control"]) == (status, caching)
        assert response.headers["Access-Control-Allow-Origin"] == "*"


ALL_KINDS = ["/hls/show/index.m3u8", MEDIA + "index.m3u8", MEDIA + "index.m3u8?_HLS_skip=YES", MEDIA + "b1.1.1.m4s"]


@pytest.mark.parametrize("address", ALL_KINDS)
async def test_what_a_client_has_is_304_until_it_changes(client: ClientSession, show: Show, address: str) -> None:
    show.go_live()
    show.play(60)
    async with client.get(address) as response:
        etag, body = response.headers["ETag"], await response.read()
        assert "Set-Cookie" not in response.headers
        assert etag.startswith('"')
    for known in (etag, "W/" + etag, f'"other", {etag}', "*"):
        async with client.get(address, headers={"If-None-Match": known}) as response:
            assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", etag)
            assert "max-age" in response.headers["Cache-Control"]
    async with client.get(address, headers={"If-None-Match": '"other"'}) as response:
        assert (response.status, await response.read()) == (200, body)
    show.play(10)
    async with client.get(address, headers={"If-None-Match": etag}) as response:
        assert response.status == (200 if "720p/index" in address else 304)


async def test_each_coding_of_a_playlist_has_an_etag_of_its_own(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    etags = set()
    for coding in ("gzip", "identity"):
        async with client.get(MEDIA + "index.m3u8", headers={"Accept-Encoding": coding}) as response:
            etags.add(response.headers["ETag"])
    assert len(etags) == 2


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=10-", 206, 10, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=0-999999", 206, 0, None),
        ("bytes=-999999", 206, 0, None),
        ("bytes=999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,4-5", 200, 0, None),
        ("bytes=5-2", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("lines=0-1", 200, 0, None),
        ("bytes=99999999999999999999-", 200, 0, None),
    ],
)
async def test_ranges_of_media(
    client: ClientSession, show: Show, wanted: str, status: int, start: int, end: int | None
) -> None:
    show.go_live()
    show.play(60)
    async with client.get(MEDIA + "b1.1.m4s") as response:
        whole, etag = await response.read(), response.headers["ETag"]
        assert response.headers["Accept-Ranges"] == "bytes"
    async with client.get(MEDIA + "b1.1.m4s", headers={"Range": wanted}) as response:
        assert response.status == status
        if status == 416:
            assert response.headers["Content-Range"] == f"bytes */{len(whole)}"
            return
        assert await response.read() == whole[start:end]
        if status == 206:
            first = start % len(whole)
            assert response.headers["Content-Range"] == f"bytes {first}-{len(whole[:end]) - 1}/{len(whole)}"
    for known, expected in ((etag, status), ('"other"', 200)):
        async with client.get(MEDIA + "b1.1.m4s", headers={"Range": wanted, "If-Range": known}) as response:
            assert response.status == expected


async def test_head_says_what_get_would(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    for address in (*ALL_KINDS, "/hls/none/index.m3u8", MEDIA + "b1.1.m4s"):
        async with client.get(address) as response:
            expected = response.status, {**response.headers, "Date": ""}
        async with client.head(address) as response:
            assert (response.status, {**response.headers, "Date": ""}) == expected
            assert await response.read() == b""


async def test_other_parameters_change_nothing(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    plain = await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1")
    assert await status_and_text(client, MEDIA + "index.m3u8?viewer=7&_HLS_msn=1&_HLS_msn=x&a=%ff&=&&_HLS_x=1") == plain
    assert (await status_and_text(client, MEDIA + "b1.1.m4s?viewer=7"))[0] == 200
