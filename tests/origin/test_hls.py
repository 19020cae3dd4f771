"""Addresses, waiting and status codes, through a real HTTP server, over a real packager."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from fractions import Fraction

import pytest
from aiohttp import ClientSession, web

from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.origin import hls
from vitrine.origin.app import Origin
from vitrine.origin.desk import Desk
from vitrine.origin.hls import LiveStream
from vitrine.origin.status import ChannelState
from vitrine.packager.packager import Packager

AVC_CONFIG = bytes.fromhex("0164001fffe1000467640020010004680000000000")
VIDEO = VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AVC_CONFIG, 1280, 720, rate=Fraction(30))
AUDIO = AudioTrack(2, Codec.AAC, AUDIO_RATE, b"\x11\x90", AUDIO_RATE, 2)
RENDITIONS = (Rendition("720p", VIDEO, 2_800_000, 3_080_000), Rendition("audio", AUDIO, 128_000, 128_000))
START_UTC_NS = 1_796_058_000_000_000_000


class Show:
    """A channel whose media are made frame by frame."""

    def __init__(self) -> None:
        self.grid = Grid(Fraction(30))
        self.stream_now: LiveStream | None = None
        self.stream_before: LiveStream | None = None
        self.picture = 0
        self.sound = 0

    def go_live(self, broadcast: str = "b1") -> None:
        self.stream_before = self.stream_now
        self.stream_now = LiveStream(Packager(broadcast, RENDITIONS, self.grid, START_UTC_NS, 60))
        self.picture = self.sound = 0

    def play(self, pictures: int) -> None:
        """Some more pictures, and the sound that goes with them."""
        assert self.stream_now is not None
        for _ in range(pictures):
            tick = self.grid.tick(self.picture)
            keyframe = self.grid.starts_segment(self.picture)
            self.stream_now.push(AccessUnit(1, tick, tick, keyframe, b"picture %d" % self.picture))
            self.picture += 1
            while self.sound * AAC_FRAME * self.grid.rate <= self.picture * AUDIO_RATE:
                at = self.sound * AAC_FRAME
                self.stream_now.push(AccessUnit(2, at, at, True, b"sound %d" % self.sound))
                self.sound += 1

    def states(self) -> Sequence[ChannelState]:
        return [ChannelState(channel="show", title="Show", state="live", playlist="/hls/show/index.m3u8")]

    def state(self, channel: str) -> ChannelState | None:
        return self.states()[0] if channel == "show" else None

    def streams(self, channel: str) -> Sequence[LiveStream]:
        newest_first = (self.stream_now, self.stream_before)
        return [each for each in newest_first if each is not None and channel == "show"]

    def desk(self, _channel: str) -> None:
        """Nobody commands cues here."""

    commanded = ingest = rehearsal = desk

    def rehearse(self, _channel: str, _on: bool) -> None:
        """Nor rehearses."""

    def desks(self) -> Sequence[Desk]:
        return ()


@pytest.fixture
def show() -> Show:
    return Show()


@pytest.fixture
async def client(show: Show) -> AsyncIterator[ClientSession]:
    runner = web.AppRunner(Origin(show, "token").application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session
    await runner.cleanup()


async def status_and_text(client: ClientSession, address: str) -> tuple[int, str]:
    async with client.get(address) as response:
        return response.status, (await response.read()).decode("latin-1")


MEDIA = "/hls/show/720p/"


async def test_nothing_on_air_is_404_that_is_not_cached_for_long(client: ClientSession) -> None:
    async with client.get("/hls/show/index.m3u8") as response:
        assert response.status == 404
        assert response.headers["Cache-Control"] == "public, max-age=1"
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_types_caching_and_cors_of_everything_that_plays(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(60)
    expected = {
        "/hls/show/index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=2"),
        MEDIA + "index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=1"),
        MEDIA + "index.m3u8?_HLS_msn=0&_HLS_part=1": ("application/vnd.apple.mpegurl", "public, max-age=12"),
        MEDIA + "b1.init.mp4": ("video/mp4", "public, max-age=3600, immutable"),
        MEDIA + "b1.0.m4s": ("video/iso.segment", "public, max-age=3600, immutable"),
        MEDIA + "b1.0.3.m4s": ("video/iso.segment", "public, max-age=3600, immutable"),
        "/hls/show/products/index.m3u8": ("application/vnd.apple.mpegurl", "public, max-age=1"),
        "/hls/show/products/b1.0.vtt": ("text/vtt", "public, max-age=3600, immutable"),
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
    for name in ("b1.0.m4s", *(f"b1.0.{part}.m4s" for part in range(6))):
        async with client.get(MEDIA + name) as response:
            bodies.append(await response.read())
    assert bodies[0] == b"".join(bodies[1:])
    assert b"picture 59" in bodies[0]


@pytest.mark.parametrize("name", ["index.m3u8?_HLS_msn=0&_HLS_part=2", "b1.0.2.m4s"])
async def test_a_request_for_the_next_part_is_held_until_it_is_there(
    client: ClientSession, show: Show, name: str
) -> None:
    show.go_live()
    show.play(20)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(status_and_text(client, MEDIA + name))
        await until_waiting(show)
        show.play(9)
        assert (await status_and_text(client, MEDIA + "index.m3u8"))[0] == 200
        assert not waiting.done()
        show.play(1)
        status, text = await waiting
    assert status == 200
    assert "b1.0.2.m4s" in text or "picture 29" in text


async def until_waiting(show: Show) -> None:
    """Return when a request waits on the stream."""
    assert show.stream_now is not None
    async with asyncio.timeout(10):
        while not show.stream_now.waiting:  # noqa: ASYNC110 - the request comes through a socket, without a word to us
            await asyncio.sleep(0.01)


async def test_a_first_viewer_waits_for_the_first_part(client: ClientSession, show: Show) -> None:
    show.go_live()
    async with asyncio.TaskGroup() as tasks:
        multivariant = tasks.create_task(status_and_text(client, "/hls/show/index.m3u8"))
        media = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8"))
        await until_waiting(show)
        show.play(12)
        assert "720p/index.m3u8" in (await multivariant)[1]
        assert "b1.0.0.m4s" in (await media)[1]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("_HLS_part=1", "_HLS_part came without"),
        ("_HLS_msn=9", "too far ahead"),
        ("_HLS_msn=0&_HLS_part=999999", "too far ahead"),
        ("_HLS_msn=-1", "whole number"),
        ("_HLS_msn=x", "whole number"),
        ("_HLS_msn=1&_HLS_part=%C2%B2", "whole number"),
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
        MEDIA + "b1.7.m4s",
        MEDIA + "b1.0.99.m4s",
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
    status, text = await status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=0&_HLS_part=2")
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
        playlist = tasks.create_task(status_and_text(client, MEDIA + "index.m3u8?_HLS_msn=1"))
        part = tasks.create_task(status_and_text(client, MEDIA + "b1.0.2.m4s"))
        await until_waiting(show)
        assert show.stream_now is not None
        show.stream_now.end()
        status, text = await playlist
        assert (status, "#EXT-X-ENDLIST" in text) == (200, True)
        assert (await part)[0] == 404


async def test_the_show_before_can_be_fetched_while_the_next_one_runs(client: ClientSession, show: Show) -> None:
    show.go_live("b1")
    show.play(60)
    show.go_live("b2")
    show.play(30)
    for name, status in (("b1.0.m4s", 200), ("b2.0.1.m4s", 200), ("b3.0.m4s", 404)):
        assert (await status_and_text(client, MEDIA + name))[0] == status, name
    assert "b2.0.0.m4s" in (await status_and_text(client, MEDIA + "index.m3u8"))[1]


async def test_an_end_before_anything_could_play_is_404_at_once(client: ClientSession, show: Show) -> None:
    show.go_live()
    assert show.stream_now is not None
    show.stream_now.end()
    for address in ("/hls/show/index.m3u8", MEDIA + "index.m3u8"):
        status, text = await status_and_text(client, address)
        assert (status, "before there was anything" in text) == (404, True)


async def test_head_and_preflight(client: ClientSession, show: Show) -> None:
    show.go_live()
    show.play(20)
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


async def test_pages_carry_their_security_headers_and_etag(client: ClientSession) -> None:
    for address in ("/", "/watch/show", "/static/watch.css"):
        async with client.get(address) as response:
            assert response.status == 200, address
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            etag = response.headers["ETag"]
        async with client.get(address, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
