"""Real programs publish to the server, and our publisher to a real program."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from tests.ingest.rtmp.recorder import HOST, Channels, Recorder, run
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.media.errors import VitrineError
from vitrine.media.h264 import nal_type, split_lengths
from vitrine.media.track import Codec, VideoTrack

pytestmark = pytest.mark.interop

OLD_FFMPEG = "ffmpeg"
"""The system's: 5.1 on Debian 12, older than Enhanced RTMP."""

NEW_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PYAV_PUBLISHER = Path(__file__).with_name("pyav_publisher.py")
PICTURES = 50
SECONDS = 2
SOURCE = (
    f"-hide_banner -loglevel error -f lavfi -i testsrc=size=160x120:rate=25,format=yuv420p"
    f" -f lavfi -i sine=sample_rate=48000 -t {SECONDS} -g 25"
)
H264 = "-c:v libx264 -preset ultrafast -bf 2"


@asynccontextmanager
async def serving(channels: Channels) -> AsyncIterator[str]:
    server = RtmpServer(channels)
    port = await server.listen(HOST, 0)
    try:
        yield f"rtmp://{HOST}:{port}"
    finally:
        await server.close()


async def publish(program: str, options: str, path: str = "live/key") -> Recorder:
    channels = Channels()
    async with serving(channels) as url:
        code, text = await run(program, *SOURCE.split(), *options.split(), "-f", "flv", f"{url}/{path}")
        assert code == 0, text
        publication = channels.publications[0]
        assert await publication.ended == "the publisher stopped"
    return publication


def check_media(publication: Recorder, video: Codec, audio: Codec) -> None:
    """All pictures came at their times, and sound that lasts as long."""
    tracks = {track.id: track for track in publication.tracks}
    assert {tracks[1].codec, tracks[2].codec} == {video, audio}
    pictures, sounds = publication.of(1), publication.of(2)
    assert len(pictures) == PICTURES
    shown = sorted(unit.pts - min(each.pts for each in pictures) for unit in pictures)
    assert shown == [40 * index for index in range(PICTURES)]
    assert pictures[0].keyframe
    assert sounds[-1].dts - sounds[0].dts == pytest.approx(1000 * SECONDS, abs=80)
    for units in (pictures, sounds):
        assert all(one.dts <= other.dts for one, other in pairwise(units))


@pytest.mark.parametrize("program", [OLD_FFMPEG, NEW_FFMPEG])
async def test_ffmpeg_publishes_h264_and_aac(program: str) -> None:
    publication = await publish(program, f"{H264} -c:a aac")
    check_media(publication, Codec.H264, Codec.AAC)
    video = publication.tracks[0]
    assert isinstance(video, VideoTrack)
    assert (video.width, video.height, video.rate) == (160, 120, Fraction(25))
    assert any(unit.pts > unit.dts for unit in publication.of(1))
    for unit in publication.of(1):
        assert (5 in map(nal_type, split_lengths(unit.data))) is unit.keyframe


@pytest.mark.parametrize(
    ("options", "video", "audio"),
    [
        ("-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a aac", Codec.HEVC, Codec.AAC),
        ("-c:v libsvtav1 -preset 12 -svtav1-params lookahead=0 -c:a aac", Codec.AV1, Codec.AAC),
        ("-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 200k -c:a aac", Codec.VP9, Codec.AAC),
        (f"{H264} -c:a libopus -b:a 64k", Codec.H264, Codec.OPUS),
    ],
)
async def test_ffmpeg_publishes_enhanced(options: str, video: Codec, audio: Codec) -> None:
    publication = await publish(NEW_FFMPEG, options)
    check_media(publication, video, audio)
    assert all(track.config for track in publication.tracks)


async def test_ffmpeg_multitrack_audio() -> None:
    """The first of two audio tracks is taken."""
    options = f"{H264} -c:a aac -map 0:v -map 1:a -map 1:a"
    check_media(await publish(NEW_FFMPEG, options), Codec.H264, Codec.AAC)


@pytest.mark.parametrize("options", [f"{H264} -an", "-vn -c:a aac"])
async def test_ffmpeg_publishes_one_track(options: str) -> None:
    publication = await publish(OLD_FFMPEG, options)
    assert len(publication.tracks) == 1
    assert publication.units


@pytest.mark.parametrize("path", ["key", "live/key?a=b", "live/extra/key"])
async def test_ffmpeg_splits_addresses_its_own_way(path: str) -> None:
    assert (await publish(OLD_FFMPEG, "-vn -c:a aac", path)).units


async def test_ffmpeg_without_audio_that_is_taken() -> None:
    publication = await publish(OLD_FFMPEG, f"{H264} -c:a libmp3lame -ar 44100")
    assert [track.codec for track in publication.tracks] == [Codec.H264]
    assert len(publication.of(1)) == PICTURES


@pytest.mark.parametrize(
    ("options", "path", "words"),
    [
        (f"{H264} -c:a aac", "live/wrong", "This stream key opens no channel here"),
        (f"{H264} -c:a aac", "live", "stream key is missing"),
        (f"{H264} -c:a aac", "vod/key", "takes no streams"),
        ("-c:v flv -an", "live/key", "Sorenson H.263, which is not taken"),
    ],
)
@pytest.mark.parametrize("program", [OLD_FFMPEG, NEW_FFMPEG])
async def test_ffmpeg_is_refused_in_words(program: str, options: str, path: str, words: str) -> None:
    async with serving(Channels()) as url:
        source = SOURCE.replace("-f lavfi", "-re -f lavfi")  # slow enough to hear the answer
        code, text = await run(program, *source.split(), *options.split(), "-f", "flv", f"{url}/{path}")
    assert code != 0
    assert words in text


async def test_ffmpeg_cannot_play() -> None:
    async with serving(Channels()) as url:
        code, text = await run(OLD_FFMPEG, "-loglevel", "error", "-i", f"{url}/live/key", "-f", "null", "-")
    assert code != 0
    assert "Nothing is played over RTMP here" in text


@pytest.mark.parametrize(
    ("video", "audio", "codecs"),
    [
        ("libx264", "aac", (Codec.H264, Codec.AAC)),
        ("libx265", "libopus", (Codec.HEVC, Codec.OPUS)),
        ("libvpx-vp9", "aac", (Codec.VP9, Codec.AAC)),
    ],
)
async def test_pyav_publishes(video: str, audio: str, codecs: tuple[Codec, Codec]) -> None:
    channels = Channels()
    async with serving(channels) as url:
        # in a process of its own, because PyAV keeps the interpreter's lock while it connects
        code, text = await run(sys.executable, str(PYAV_PUBLISHER), f"{url}/live/key", video, audio)
        assert code == 0, text
        await channels.publications[0].ended
    check_media(channels.publications[0], *codecs)


async def connect_when_ready(url: str) -> RtmpPeer:
    """FFmpeg takes one connection only, so that looking whether it listens would use it up."""
    for _ in range(100):
        try:
            return await RtmpPeer.connect(url)
        except VitrineError:
            await asyncio.sleep(0.1)
    raise AssertionError("ffmpeg does not listen")


@pytest.mark.parametrize("options", [f"{H264} -c:a aac", "-c:v libx265 -preset ultrafast -c:a libopus"])
async def test_our_publisher_reaches_ffmpeg(options: str, tmp_path: Path, unused_tcp_port: int) -> None:
    """What a program published to us, published on to a program, and read from its file."""
    recorded = await publish(NEW_FFMPEG, options)
    url, out = f"rtmp://{HOST}:{unused_tcp_port}/live/key", tmp_path / "out.mkv"
    async with asyncio.TaskGroup() as group:
        command = f"-hide_banner -loglevel error -listen 1 -timeout 30 -i {url} -c copy {out}"
        listening = group.create_task(run(NEW_FFMPEG, *command.split()))
        async with await connect_when_ready(url) as publisher:
            for track in recorded.tracks:
                publisher.add_track(track)
            for unit in recorded.units:
                await publisher.push(unit)
    code, text = listening.result()
    assert code == 0, text
    with av.open(str(out)) as written:
        counts = {stream.index: 0 for stream in written.streams}
        for packet in written.demux():
            counts[packet.stream.index] += packet.size > 0
    assert sorted(counts.values()) == sorted([len(recorded.of(1)), len(recorded.of(2))])
