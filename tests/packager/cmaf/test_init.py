from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from vitrine.media.errors import MisuseError, UnsupportedError
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.packager.cmaf.box import CHILDREN_AT, Box, read_boxes
from vitrine.packager.cmaf.init import display_size, init_segment


def dump(boxes: Iterable[Box], indent: int = 0) -> str:
    """Boxes as a tree, with the bytes of every field in hexadecimal."""
    text = ""
    for found in boxes:
        fields = found.body[: CHILDREN_AT.get(found.kind, len(found.body))]
        text += f"{'  ' * indent}{found.kind.decode()} {fields.hex(' ', -4)}".rstrip() + "\n"
        text += dump(found.children, indent + 1)
    return text


@pytest.fixture
def video(renditions: list[Rendition]) -> VideoTrack:
    track = renditions[0].track
    assert isinstance(track, VideoTrack)
    return track


@pytest.fixture
def audio(renditions: list[Rendition]) -> AudioTrack:
    track = renditions[2].track
    assert isinstance(track, AudioTrack)
    return track


def test_video_init(video: VideoTrack, golden: Callable[[str, str], None]) -> None:
    golden("init_video.txt", dump(read_boxes(init_segment(video))))


def test_audio_init(audio: AudioTrack, golden: Callable[[str, str], None]) -> None:
    golden("init_audio.txt", dump(read_boxes(init_segment(audio))))


def entry(track: VideoTrack) -> Box:
    moov = list(read_boxes(init_segment(track)))[1]
    return moov.find(b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def test_no_colour_is_written_where_none_is_known(video: VideoTrack) -> None:
    kinds = [child.kind for child in entry(replace(video, colour=None)).children]
    assert kinds == [b"avcC", b"pasp"]


def test_pixels_that_are_not_square(video: VideoTrack) -> None:
    wide = replace(video, width=720, height=576, pixel_aspect=(16, 11))
    assert entry(wide).find(b"pasp").body.hex() == "000000100000000b"
    assert display_size(wide) == (1047, 576)


def test_the_picture_size_must_be_known(video: VideoTrack) -> None:
    with pytest.raises(MisuseError, match="picture size"):
        init_segment(replace(video, width=0))


def test_only_h264_and_aac_are_packaged(video: VideoTrack, audio: AudioTrack) -> None:
    with pytest.raises(UnsupportedError, match="vp8 must be transcoded"):
        init_segment(replace(video, codec=Codec.VP8))
    with pytest.raises(UnsupportedError, match="opus must be transcoded"):
        init_segment(replace(audio, codec=Codec.OPUS))


def test_an_absurd_configuration_is_refused(audio: AudioTrack) -> None:
    with pytest.raises(UnsupportedError, match="128 bytes"):
        init_segment(replace(audio, config=bytes(128)))
