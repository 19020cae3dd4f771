import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp import flv
from vitrine.ingest.rtmp.flv import Body, Kind
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.track import Codec

VIDEO = {
    "configuration": (Body(Codec.H264, Kind.CONFIG, b"avcC"), "17 00 000000 61766343"),
    "keyframe": (Body(Codec.H264, Kind.FRAME, b"x", True, 80), "17 01 000050 78"),
    "inter frame, shown before its time": (Body(Codec.H264, Kind.FRAME, b"x", False, -40), "27 01 ffffd8 78"),
    "latest composition": (Body(Codec.H264, Kind.FRAME, b"x", False, 0x7FFFFF), "27 01 7fffff 78"),
    "end": (Body(Codec.H264, Kind.END, b"", True), "17 02 000000"),
}
READ_VIDEO = {
    "legacy HEVC": (Body(Codec.HEVC, Kind.FRAME, b"x", True, 1), "1c 01 000001 78"),
    "configuration marked as inter frame": (Body(Codec.H264, Kind.CONFIG, b"c", False), "27 00 000000 63"),
    "generated keyframe": (Body(Codec.H264, Kind.FRAME, b"x"), "47 01 000000 78"),
    "disposable frame": (Body(Codec.H264, Kind.FRAME, b"x", False), "37 01 000000 78"),
    "command": (None, "57 00"),
    "unknown packet": (None, "17 03 000000"),
}
AUDIO = {
    "configuration": (Body(Codec.AAC, Kind.CONFIG, b"\x11\x88"), "af 00 1188"),
    "frame": (Body(Codec.AAC, Kind.FRAME, b"x"), "af 01 78"),
}


@pytest.mark.parametrize("name", [*VIDEO, *READ_VIDEO])
def test_decode_video(name: str) -> None:
    body, data = (VIDEO | READ_VIDEO)[name]
    assert flv.decode_video(bytes.fromhex(data)) == body


@pytest.mark.parametrize("name", VIDEO)
def test_encode_video(name: str) -> None:
    body, data = VIDEO[name]
    assert flv.encode_video(body) == bytes.fromhex(data)


@pytest.mark.parametrize("name", AUDIO)
def test_audio(name: str) -> None:
    body, data = AUDIO[name]
    assert flv.decode_audio(bytes.fromhex(data)) == body
    assert flv.encode_audio(body) == bytes.fromhex(data)


def test_audio_header_says_nothing_but_aac() -> None:
    assert flv.decode_audio(bytes.fromhex("a0 01 78")) == Body(Codec.AAC, Kind.FRAME, b"x")
    assert flv.decode_audio(bytes.fromhex("af 05")) is None


@pytest.mark.parametrize("data", ["", "17", "17 01 0000", "1c 00"])
def test_short_video(data: str) -> None:
    with pytest.raises(MalformedError):
        flv.decode_video(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["", "af"])
def test_short_audio(data: str) -> None:
    with pytest.raises(MalformedError):
        flv.decode_audio(bytes.fromhex(data))


@pytest.mark.parametrize(("data", "word"), [("12 00", "Sorenson H.263"), ("14 00", "VP6"), ("1f 00", "codec 15")])
def test_old_video_is_refused_in_words(data: str, word: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"{word}.*Send H.264"):
        flv.decode_video(bytes.fromhex(data))


@pytest.mark.parametrize(("data", "word"), [("2f 00", "MP3"), ("bf 00", "Speex"), ("cf 00", "format 12")])
def test_old_audio_is_refused_in_words(data: str, word: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"{word}.*Send AAC"):
        flv.decode_audio(bytes.fromhex(data))


@given(st.binary(max_size=20))
def test_any_bytes(data: bytes) -> None:
    for parse in (flv.decode_video, flv.decode_audio):
        try:
            body = parse(data)
        except (MalformedError, UnsupportedError):
            continue
        if body and body.codec is Codec.H264:
            assert flv.decode_video(flv.encode_video(body)) == body
        elif body and body.codec is Codec.AAC:
            assert flv.decode_audio(flv.encode_audio(body)) == body
