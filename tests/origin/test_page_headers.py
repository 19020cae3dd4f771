"""How pages and scripts are sent: headers, compression, what is asked for beforehand."""

from aiohttp import ClientSession


async def test_pages_carry_their_security_headers_and_etag(client: ClientSession) -> None:
    for address in ("/", "/watch/show", "/static/watch.css"):
        async with client.get(address) as response:
            assert response.status == 200, address
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            etag = response.headers["ETag"]
        async with client.get(address, headers={"If-None-Match": etag}) as response:
            assert response.status == 304


async def test_pages_and_scripts_come_as_gzip_to_those_who_take_it_under_another_etag(client: ClientSession) -> None:
    for address in ("/watch/show", "/static/player.js"):
        etags = set()
        for coding in ("identity", "gzip"):
            async with client.get(address, headers={"Accept-Encoding": coding}) as response:
                assert response.headers.get("Content-Encoding", "identity") == coding
                assert response.headers["Vary"] == "Accept-Encoding"
                etags.add(response.headers["ETag"])
                body = await response.text()
                assert "Vitrine" in body or "hls.js" in body
            known = {"Accept-Encoding": coding, "If-None-Match": response.headers["ETag"]}
            async with client.get(address, headers=known) as response:
                assert response.status == 304
        assert len(etags) == 2


async def test_the_page_of_a_live_show_has_the_playlist_sent_for_before_its_scripts_are_read(
    client: ClientSession,
) -> None:
    async with client.get("/watch/show") as response:
        assert response.headers["Link"] == "</hls/show/index.m3u8>; rel=preload; as=fetch; crossorigin"
    async with client.get("/watch/other") as response:
        assert "Link" not in response.headers
