import io
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from vitrine.ingest.file.reader import AUDIO_ID, PRIMING, VIDEO_ID, FileReader
from vitrine.media.aac import AudioSpecificConfig
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, MalformedError, UnsupportedError
from vitrine.media.h264 import AvcConfig, join_annexb, nal_type, split_lengths
from vitrine.media.track import AudioTrack, Codec, Colour, Track, VideoTrack

Copy = Callable[[Path, str], Path]
Encode = Callable[..., Path]

FRAMES = 75


def of(units: list[AccessUnit], track_id: int) -> list[AccessUnit]:
    return [unit for unit in units if unit.track_id == track_id]


def at(unit: AccessUnit, tracks: tuple[Track, ...]) -> Fraction:
    timescale = next(track.timescale for track in tracks if track.id == unit.track_id)
    return Fraction(unit.dts, timescale)


def video_of(reader: FileReader) -> VideoTrack:
    track = reader.tracks[0]
    assert isinstance(track, VideoTrack)
    return track


def audio_of(reader: FileReader) -> AudioTrack:
    track = reader.tracks[-1]
    assert isinstance(track, AudioTrack)
    return track


def decode(track: VideoTrack, units: list[AccessUnit]) -> int:
    """How many pictures libavcodec makes of a track's configuration and its access units."""
    decoder = av.CodecContext.create(track.codec.value, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    if track.config:
        decoder.extradata = track.config
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))]
    return len([*frames, *decoder.decode(None)])


def test_tracks_of_an_mp4(plain: Path) -> None:
    video, audio = FileReader(plain).tracks
    assert isinstance(video, VideoTrack)
    assert (video.id, video.codec, video.width, video.height) == (VIDEO_ID, Codec.H264, 192, 108)
    assert (video.rate, video.pixel_aspect, video.colour) == (Fraction(25), (1, 1), Colour(1, 1, 1, full_range=False))
    assert len(AvcConfig.decode(video.config).sps) == 1
    assert isinstance(audio, AudioTrack)
    assert (audio.id, audio.codec, audio.timescale, audio.sample_rate, audio.channels) == (
        2,
        Codec.AAC,
        48000,
        48000,
        2,
    )
    assert AudioSpecificConfig.decode(audio.config) == AudioSpecificConfig(2, 48000, 2)


def test_duration(plain: Path) -> None:
    assert abs(FileReader(plain).duration - 3) < Fraction(1, 20)


@pytest.mark.parametrize("name", ["show.mp4", "show.flv", "show.mkv", "show.ts", "show.mov"])
def test_every_container_gives_the_same_pictures(plain: Path, copied: Copy, name: str) -> None:
    expected, reader = list(FileReader(plain)), FileReader(copied(plain, name))
    units = list(reader)
    video, timescale = of(units, VIDEO_ID), video_of(reader).timescale
    assert [unit.data for unit in video] == [unit.data for unit in of(expected, VIDEO_ID)]
    assert [unit.keyframe for unit in video] == [number % 50 == 0 for number in range(FRAMES)]
    assert all(abs(unit.pts - number * timescale // 25) <= 1 for number, unit in enumerate(video))
    assert AvcConfig.decode(video_of(reader).config) == AvcConfig.decode(video_of(FileReader(plain)).config)
    audio = of(units, AUDIO_ID)
    assert [unit.data for unit in audio] == [unit.data for unit in of(expected, AUDIO_ID)]
    assert audio_of(reader).config[:2] == audio_of(FileReader(plain)).config[:2]
    first = Fraction(audio[0].pts, audio_of(reader).timescale)
    assert abs(first - Fraction(-1024, 48000)) <= Fraction(1, 1000)


@pytest.mark.parametrize("name", ["show.mp4", "show.flv", "show.mkv", "show.ts", "show.h264"])
def test_reordered_pictures(reordered: Path, copied: Copy, name: str) -> None:
    reader = FileReader(copied(reordered, name))
    video, timescale = of(list(reader), VIDEO_ID), video_of(reader).timescale
    assert video[0].pts == 0
    shown = sorted(unit.pts for unit in video)
    assert all(abs(pts - number * timescale // 25) <= 1 for number, pts in enumerate(shown))
    assert all(one.dts < other.dts for one, other in pairwise(video))
    assert all(unit.dts <= unit.pts for unit in video)
    assert any(unit.dts < unit.pts for unit in video)
    assert decode(video_of(reader), video) == FRAMES


def test_raw_pictures_without_reordering(plain: Path, copied: Copy) -> None:
    reader = FileReader(copied(plain, "show.h264"))
    units = list(reader)
    assert [unit.pts == unit.dts for unit in units] == [True] * FRAMES
    assert {other.dts - one.dts for one, other in pairwise(units)} == {video_of(reader).timescale // 25}
    assert [unit.data for unit in units] == [unit.data for unit in of(list(FileReader(plain)), VIDEO_ID)]


@pytest.mark.parametrize("name", ["show.mp4", "show.ts", "show.flv"])
def test_tracks_are_interleaved_by_time(plain: Path, copied: Copy, name: str) -> None:
    reader = FileReader(copied(plain, name))
    times = [at(unit, reader.tracks) for unit in reader]
    assert times == sorted(times)
    assert times[0] >= -PRIMING


def test_transport_streams_lose_what_the_track_says_already(plain: Path, copied: Copy) -> None:
    reader = FileReader(copied(plain, "show.ts"))
    kinds = {nal_type(nal) for unit in reader if unit.track_id == VIDEO_ID for nal in split_lengths(unit.data)}
    assert kinds <= {1, 5, 6}
    assert video_of(reader).timescale == 90000


def test_iterating_again_gives_the_same(plain: Path) -> None:
    reader = FileReader(plain)
    assert list(reader) == list(reader)


def test_a_real_clip(clip: Path) -> None:
    reader = FileReader(clip)
    units = list(reader)
    video = of(units, VIDEO_ID)
    assert (video[0].pts, video[0].keyframe) == (0, True)
    assert decode(video_of(reader), video) == len(video) > 50
    assert of(units, AUDIO_ID)


@pytest.mark.parametrize("name", ["show.mp4", "show.ts", "show.mkv", "show.hevc"])
def test_hevc(encoded: Encode, copied: Copy, name: str) -> None:
    reader = FileReader(copied(encoded("source.mp4", "libx265"), name))
    video = video_of(reader)
    assert (video.codec, video.width, video.height, video.rate) == (Codec.HEVC, 192, 108, Fraction(25))
    assert video.config[0] == 1
    assert video.config[21] & 3 == 3
    units = list(reader)
    assert units[0].pts == 0
    assert decode(video, units) == 10


@pytest.mark.parametrize(
    ("name", "encoder", "codec"),
    [("v.webm", "libvpx", Codec.VP8), ("v.webm", "libvpx-vp9", Codec.VP9), ("v.mp4", "libsvtav1", Codec.AV1)],
)
def test_open_codecs(encoded: Encode, name: str, encoder: str, codec: Codec) -> None:
    reader = FileReader(encoded(name, encoder, "libopus"))
    video, audio = video_of(reader), audio_of(reader)
    assert (video.codec, video.width, video.height) == (codec, 192, 108)
    assert bool(video.config) == (codec is Codec.AV1)
    assert (audio.codec, audio.sample_rate, audio.channels) == (Codec.OPUS, 48000, 2)
    assert audio.config.startswith(b"OpusHead")
    assert len(of(list(reader), VIDEO_ID)) == 10


@pytest.mark.parametrize("name", ["a.mp4", "a.aac", "a.ts"])
def test_sound_alone(encoded: Encode, name: str) -> None:
    reader = FileReader(encoded(name, audio="aac"))
    (audio,) = reader.tracks
    assert isinstance(audio, AudioTrack)
    assert audio.config[:2] == bytes.fromhex("1190")
    units = list(reader)
    assert units[0].pts == 0
    assert len(units) >= 20
    assert all(unit.data[:2] != b"\xff\xf1" for unit in units)


def test_pictures_alone(encoded: Encode) -> None:
    assert [type(track) for track in FileReader(encoded("v.mp4", "libx264")).tracks] == [VideoTrack]


def test_a_capture_that_began_between_keyframes(plain: Path, tmp_path: Path) -> None:
    """Everything before the first keyframe is gone, and so is the sound that went with it."""
    path = tmp_path / "late.flv"
    with av.open(str(plain)) as given, av.open(str(path), "w") as output:
        written = {stream.index: output.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is not None and packet.dts * packet.time_base >= 1:
                packet.stream = written[packet.stream_index]
                output.mux(packet)
    reader = FileReader(path)
    units = list(reader)
    assert len(of(units, VIDEO_ID)) == 25
    assert of(units, VIDEO_ID)[0].keyframe
    audio = of(units, AUDIO_ID)
    assert -PRIMING <= Fraction(audio[0].pts, 1000) <= -PRIMING + Fraction(1, 40)


def test_pictures_without_any_keyframe(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.flv"
    with av.open(str(plain)) as given, av.open(str(path), "w") as output:
        written = output.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None and not packet.is_keyframe:
                packet.stream = written
                output.mux(packet)
    with pytest.raises(UnsupportedError, match="neither picture nor sound"):
        FileReader(path)


@pytest.mark.parametrize("name", ["show.flv", "show.mkv", "show.ts", "show.h264"])
def test_a_file_that_is_cut_ends_where_it_is_cut(plain: Path, copied: Copy, tmp_path: Path, name: str) -> None:
    whole = copied(plain, name)
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    video = of(list(FileReader(cut)), VIDEO_ID)
    expected = of(list(FileReader(whole)), VIDEO_ID)
    assert 20 < len(video) < FRAMES
    assert [unit.data for unit in video[:-1]] == [unit.data for unit in expected[: len(video) - 1]]


def test_an_mp4_with_its_index_in_front_may_be_cut(plain: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(plain.read_bytes()[: plain.stat().st_size // 2])
    reader = FileReader(cut)
    video = of(list(reader), VIDEO_ID)
    assert 10 < len(video) < FRAMES
    assert decode(video_of(reader), video) == len(video)


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("missing.mp4", None, ConfigError, "missing.mp4 is not a file. Name a recorded video"),
        ("empty.mp4", b"", MalformedError, "empty.mp4 is not a video file that can be read: "),
        ("letter.mp4", b"Dear customer,\n" * 50, MalformedError, "letter.mp4 is not a video file that can be read"),
        ("letter.txt", b"Dear customer,\n" * 50, MalformedError, "letter.txt is not a video file that can be read"),
        ("half.mp4", bytes.fromhex("000000206674797069736f6d"), MalformedError, "half.mp4 is not a video file"),
    ],
)
def test_what_is_not_a_video(
    tmp_path: Path, name: str, content: bytes | None, error: type[Exception], words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words):
        FileReader(tmp_path / name)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a file"):
        FileReader(tmp_path)


@pytest.mark.parametrize(
    ("name", "video", "audio", "words"),
    [
        ("old.mp4", "mpeg4", None, "its picture is coded as mpeg4, which is not taken. Convert it first, .*ffmpeg"),
        ("old.mkv", "libx264", "libmp3lame", "its sound is coded as mp3, which is not taken. Convert it first"),
    ],
)
def test_codecs_that_are_not_taken(encoded: Encode, name: str, video: str, audio: str | None, words: str) -> None:
    with pytest.raises(UnsupportedError, match=f"{name} cannot be played: {words}"):
        FileReader(encoded(name, video, audio))


def test_a_playlist_may_not_fetch_addresses(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises((MalformedError, UnsupportedError)):
        FileReader(path)


def test_a_name_may_look_like_an_address(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "http:show.mp4"
    path.write_bytes(plain.read_bytes())
    assert len(FileReader(path).tracks) == 2


def test_broken_parameter_sets_are_told_in_words(plain: Path, tmp_path: Path) -> None:
    data = plain.read_bytes()
    sps = AvcConfig.decode(video_of(FileReader(plain)).config).sps[0]
    path = tmp_path / "broken.mp4"
    path.write_bytes(data.replace(sps, sps[:4] + bytes(len(sps) - 4)))
    with pytest.raises(MalformedError, match=r"broken.mp4 cannot be played: H.264 SPS .*Convert it first"):
        FileReader(path)


@pytest.mark.parametrize("name", ["show.mp4", "show.flv", "show.ts"])
def test_repeated(plain: Path, copied: Copy, name: str) -> None:
    reader = FileReader(copied(plain, name))
    once, units = list(reader), list(reader.repeated(3))
    video, timescale = of(units, VIDEO_ID), video_of(reader).timescale
    assert [unit.pts for unit in video] == [number * timescale // 25 for number in range(3 * FRAMES)]
    assert [unit.data for unit in video] == [unit.data for unit in of(once, VIDEO_ID)] * 3
    audio, frame = of(units, AUDIO_ID), Fraction(1024 * audio_of(reader).timescale, 48000)
    assert all(abs(other.pts - one.pts - frame) <= 1 for one, other in pairwise(audio))
    times = [at(unit, reader.tracks) for unit in units]
    assert times == sorted(times)


def test_repeated_for_ever(plain: Path) -> None:
    pictures = (unit for unit in FileReader(plain).repeated() if unit.track_id == VIDEO_ID)
    assert [unit.keyframe for unit in islice(pictures, 5 * FRAMES)].count(True) == 10


def test_what_is_read_can_be_written_for_a_decoder(plain: Path) -> None:
    """Our access units, made into a stream of their own, are the pictures that were encoded."""
    reader = FileReader(plain)
    record = AvcConfig.decode(video_of(reader).config)
    raw = b"".join(
        join_annexb([*record.sps, *record.pps, *split_lengths(unit.data)]) for unit in of(list(reader), VIDEO_ID)
    )
    with av.open(io.BytesIO(raw), "r", format="h264") as container:
        assert len(list(container.decode(video=0))) == FRAMES
