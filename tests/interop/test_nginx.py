"""The shipped nginx configuration, run by a real nginx before a real origin."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, TCPConnector

from tests.interop.nginx import Nginx, free_port, nginx
from tests.origin.show import Show, listening
from vitrine.origin.signing import sign

PLAYLIST = "/hls/show/720p/index.m3u8"


@pytest.fixture
def show() -> Show:
    show = Show()
    show.go_live()
    show.play(80)
    return show


@pytest.fixture
async def front(show: Show, tmp_path: Path) -> AsyncIterator[Nginx]:
    async with listening(show) as (_, port), nginx(tmp_path / "nginx", port) as front:
        yield front


@pytest.fixture
async def client(front: Nginx) -> AsyncIterator[ClientSession]:
    async with viewer(front) as session:
        yield session


def viewer(front: Nginx) -> ClientSession:
    return ClientSession(front.url, connector=TCPConnector(ssl=front.context, limit=0))


async def fetched(client: ClientSession, address: str, **headers: str) -> tuple[ClientResponse, bytes]:
    async with client.get(address, headers=headers) as response:
        return response, await response.read()


async def cached(client: ClientSession, address: str) -> str:
    return (await fetched(client, address))[0].headers["X-Cache"]


async def test_media_are_fetched_once_and_kept(client: ClientSession) -> None:
    for name in ("b1.1.m4s", "b1.2.0.m4s", "b1.init.mp4"):
        first, body = await fetched(client, f"/hls/show/720p/{name}")
        assert (first.status, first.headers["X-Cache"]) == (200, "MISS")
        again, same = await fetched(client, f"/hls/show/720p/{name}?viewer=7")
        assert (again.headers["X-Cache"], same) == ("HIT", body)
        assert again.headers["Cache-Control"] == "public, max-age=3600, immutable"
    part, body = await fetched(client, "/hls/show/720p/b1.1.m4s", Range="bytes=2-5")
    assert (part.status, part.headers["X-Cache"], len(body)) == (206, "HIT", 4)
    known, body = await fetched(client, "/hls/show/720p/b1.1.m4s", **{"If-None-Match": part.headers["ETag"]})
    assert (known.status, body) == (304, b"")


async def test_hits_of_a_crowd(client: ClientSession, show: Show) -> None:
    """Viewers who follow four parts: each playlist and each part is fetched once, by the first of them."""
    found: list[str] = []
    for _ in range(4):
        show.play(10)
        assert show.stream_now is not None
        msn, part = show.stream_now.packager.windows["720p"].position or (0, 0)
        for address in (f"{PLAYLIST}?_HLS_msn={msn}&_HLS_part={part}", f"/hls/show/720p/b1.{msn}.{part}.m4s"):
            found.append(await cached(client, address))
            found += await asyncio.gather(*(cached(client, address) for _ in range(19)))
    assert {kind: found.count(kind) for kind in set(found)} == {"MISS": 8, "HIT": 152}


async def test_playlists_are_kept_by_what_vitrine_reads(client: ClientSession) -> None:
    query = "?_HLS_msn=2&_HLS_part=0"
    assert await cached(client, PLAYLIST + query) == "MISS"
    assert await cached(client, PLAYLIST + query + "&viewer=7") == "HIT"
    assert await cached(client, PLAYLIST + query + "&_HLS_skip=YES") == "MISS"
    plain, _ = await fetched(client, PLAYLIST + query, **{"Accept-Encoding": "identity"})
    assert (plain.headers["X-Cache"], plain.headers.get("Content-Encoding")) == ("MISS", None)
    # not a directive to Vitrine, so not to the cache: it must not answer those who ask for what it resembles
    assert await cached(client, PLAYLIST + "?_hls_msn=2&_hls_part=1") == "MISS"
    exact, text = await fetched(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=1")
    assert exact.headers["Cache-Control"] == "public, max-age=4"
    assert b"b1.2.1.m4s" in text


async def test_a_blocked_reload_comes_with_the_part_to_everyone(client: ClientSession, show: Show) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(fetched(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=2")) for _ in range(30)]
        await until_held(show)
        await asyncio.sleep(0.1)  # the lock's time is over
        assert not any(each.done() for each in waiting)
        show.play(10)
    for each in waiting:
        response, text = each.result()
        assert response.status == 200
        assert b'URI="b1.2.2.m4s"' in text
    assert await cached(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=2") == "HIT"


async def until_held(show: Show) -> None:
    async with asyncio.timeout(10):
        while show.stream_now is None or not show.stream_now.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_no_playlist_is_stale(client: ClientSession, show: Show) -> None:
    """A plain playlist lives for a second; the next part's address always has the next part."""
    before, _ = await fetched(client, PLAYLIST)
    assert before.headers["X-Cache"] == "MISS"
    show.play(60)
    _, text = await fetched(client, PLAYLIST + "?_HLS_msn=3&_HLS_part=0")
    assert b"b1.3.0.m4s" in text
    async with asyncio.timeout(5):
        while b"b1.3.0.m4s" not in (await fetched(client, PLAYLIST))[1]:  # noqa: ASYNC110 - as a player asks
            await asyncio.sleep(0.1)


async def test_what_is_not_there_yet_is_not_kept(client: ClientSession, show: Show) -> None:
    early, _ = await fetched(client, "/hls/show/720p/b1.2.4.m4s")
    assert early.status == 404
    show.play(40)
    assert (await fetched(client, "/hls/show/720p/b1.2.4.m4s"))[0].status == 200


async def test_an_origin_that_restarts_is_followed(show: Show, tmp_path: Path) -> None:
    port = free_port()
    async with nginx(tmp_path / "nginx", port) as front, viewer(front) as client:
        async with listening(show, port):
            assert b"b1.2.0.m4s" in (await fetched(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=0"))[1]
            assert (await fetched(client, "/hls/show/720p/b1.1.m4s"))[0].status == 200
        assert (await fetched(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=1"))[0].status == 502
        assert await cached(client, "/hls/show/720p/b1.1.m4s") == "HIT"
        show.go_live("b2")
        show.play(80)
        async with listening(show, port):
            response, text = await fetched(client, PLAYLIST + "?_HLS_msn=2&_HLS_part=1")
            assert (response.status, b"b2.2.1.m4s" in text, b"b1" in text) == (200, True, False)


async def test_a_protected_channel_is_kept_once_for_all_tokens_and_for_nobody_without(
    client: ClientSession, show: Show
) -> None:
    show.secret = "a secret of the shop"
    now = int(time.time())
    good, other, expired = (sign(show.secret, "show", now + left) for left in (7200, 9000, -1))
    for name in ("720p/index.m3u8", "720p/b1.1.m4s"):
        first, body = await fetched(client, f"/hls/show/{good}/{name}")
        assert (first.status, first.headers["X-Cache"]) == (200, "MISS")
        again, same = await fetched(client, f"/hls/show/{other}/{name}")
        assert (again.status, again.headers["X-Cache"], same) == (200, "HIT", body)
        for bad in (f"{expired}/", good[:-1] + "g/", good[:-1] + "0/" if good[-1] != "0" else good[:-1] + "1/", ""):
            refused, _ = await fetched(client, f"/hls/show/{bad}{name}")
            assert refused.status == 403, bad


@pytest.mark.parametrize("address", [PLAYLIST, "/hls/show/720p/b1.1.m4s", "/healthz"])
async def test_http_2(front: Nginx, address: str) -> None:
    arguments = ("--silent", "--cacert", str(front.authority), "--http2", "--output", "/dev/null")
    curl = await asyncio.create_subprocess_exec(
        "curl", *arguments, "--write-out", "%{http_version} %{http_code}", front.url + address, stdout=-1
    )
    async with asyncio.timeout(20):
        said, _ = await curl.communicate()
    assert said == b"2 200"


@pytest.mark.parametrize(
    "path", ["/hls/../etc/passwd", "/hls/%2e%2e/etc/passwd", "/hls/show/a%0d%0ab.m3u8", "/hls/show/a%20b.m3u8"]
)
async def test_odd_paths_are_not_passed_on(front: Nginx, path: str) -> None:
    arguments = ("--silent", "--cacert", str(front.authority), "--path-as-is", "--output", "/dev/null")
    curl = await asyncio.create_subprocess_exec(
        "curl", *arguments, "--write-out", "%{http_code}", front.url + path, stdout=-1
    )
    async with asyncio.timeout(20):
        said, _ = await curl.communicate()
    assert said == b"404"
