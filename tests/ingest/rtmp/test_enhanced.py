import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp import enhanced
from vitrine.ingest.rtmp.flv import Body, Kind
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.track import Codec

AVC1, HVC1, AV01, VP09, VP08 = (name.encode().hex() for name in ("avc1", "hvc1", "av01", "vp09", "vp08"))
MP4A, OPUS = (name.encode().hex() for name in ("mp4a", "Opus"))

VIDEO = {
    "HEVC configuration": (Body(Codec.HEVC, Kind.CONFIG, b"c"), f"90 {HVC1} 63"),
    "HEVC with composition": (Body(Codec.HEVC, Kind.FRAME, b"x", True, 80), f"91 {HVC1} 000050 78"),
    "HEVC shown before its time": (Body(Codec.HEVC, Kind.FRAME, b"x", False, -1), f"a1 {HVC1} ffffff 78"),
    "HEVC without": (Body(Codec.HEVC, Kind.FRAME, b"x", False), f"a3 {HVC1} 78"),
    "AVC": (Body(Codec.H264, Kind.FRAME, b"x", False, 2), f"a1 {AVC1} 000002 78"),
    "AV1": (Body(Codec.AV1, Kind.FRAME, b"x", True), f"93 {AV01} 78"),
    "VP9 configuration": (Body(Codec.VP9, Kind.CONFIG, b"v"), f"90 {VP09} 76"),
    "VP8 end": (Body(Codec.VP8, Kind.END, b""), f"92 {VP08}"),
}
READ_VIDEO: dict[str, tuple[tuple[Body, ...], str]] = {
    "AV1 in coded frames has no composition": ((Body(Codec.AV1, Kind.FRAME, b"x"),), f"91 {AV01} 78"),
    "seek command": ((), "d1 00"),
    "metadata": ((), f"d4 {HVC1} 02 0000"),
    "unknown packet": ((), f"9f {HVC1}"),
    "one track": ((Body(Codec.AV1, Kind.FRAME, b"x", track=3),), f"96 03 {AV01} 03 78"),
    "many tracks": (
        (
            Body(Codec.HEVC, Kind.FRAME, b"ab", False, 1, 0),
            Body(Codec.HEVC, Kind.FRAME, b"", False, -1, 7),
        ),
        f"a6 11 {HVC1} 00 000005 000001 6162 07 000003 ffffff",
    ),
    "many tracks, many codecs": (
        (Body(Codec.HEVC, Kind.CONFIG, b"h"), Body(Codec.AV1, Kind.CONFIG, b"a", track=1)),
        f"96 20 {HVC1} 00 000001 68 {AV01} 01 000001 61",
    ),
    "nanoseconds": ((Body(Codec.AV1, Kind.FRAME, b"x"),), f"97 02 0f423f 03 {AV01} 78"),
    "two modifiers, one long": (
        (Body(Codec.AV1, Kind.FRAME, b"x"),),
        f"97 00 00 f7 ff 0100 {'00' * 257} 03 {AV01} 78",
    ),
    "modifier before multitrack": ((Body(Codec.AV1, Kind.FRAME, b"x"),), f"97 00 00 06 03 {AV01} 00 78"),
}
AUDIO = {
    "AAC configuration": (Body(Codec.AAC, Kind.CONFIG, b"\x11\x88"), f"90 {MP4A} 1188"),
    "Opus": (Body(Codec.OPUS, Kind.FRAME, b"x"), f"91 {OPUS} 78"),
    "end": (Body(Codec.OPUS, Kind.END, b""), f"92 {OPUS}"),
}
READ_AUDIO: dict[str, tuple[tuple[Body, ...], str]] = {
    "channel layout": ((), f"94 {OPUS} 00 02 00000003"),
    "one track": ((Body(Codec.AAC, Kind.FRAME, b"x", track=1),), f"95 01 {MP4A} 01 78"),
    "many tracks": (
        (Body(Codec.AAC, Kind.FRAME, b"x"), Body(Codec.AAC, Kind.FRAME, b"y", track=1)),
        f"95 11 {MP4A} 00 000001 78 01 000001 79",
    ),
    "nanoseconds": ((Body(Codec.AAC, Kind.FRAME, b"x"),), f"97 02 000001 01 {MP4A} 78"),
}


@pytest.mark.parametrize("name", VIDEO)
def test_video(name: str) -> None:
    body, data = VIDEO[name]
    assert enhanced.decode_video(bytes.fromhex(data)) == (body,)
    assert enhanced.encode_video(body) == bytes.fromhex(data)


@pytest.mark.parametrize("name", READ_VIDEO)
def test_decode_video(name: str) -> None:
    bodies, data = READ_VIDEO[name]
    assert enhanced.decode_video(bytes.fromhex(data)) == bodies


@pytest.mark.parametrize("name", AUDIO)
def test_audio(name: str) -> None:
    body, data = AUDIO[name]
    assert enhanced.decode_audio(bytes.fromhex(data)) == (body,)
    assert enhanced.encode_audio(body) == bytes.fromhex(data)


@pytest.mark.parametrize("name", READ_AUDIO)
def test_decode_audio(name: str) -> None:
    bodies, data = READ_AUDIO[name]
    assert enhanced.decode_audio(bytes.fromhex(data)) == bodies


@pytest.mark.parametrize(
    "data",
    [
        "",
        "91",
        f"91 {HVC1} 0000",
        "97",
        "97 02 0000",
        f"96 31 {HVC1}",  # a fourth form of multitrack
        f"96 06 {HVC1}",  # multitrack within multitrack
        f"96 11 {HVC1} 00 0000ff 00",
        f"96 11 {HVC1}" + "00 000000" * (enhanced.MAX_TRACKS + 1),
    ],
)
def test_malformed(data: str) -> None:
    with pytest.raises(MalformedError):
        enhanced.decode_video(bytes.fromhex(data))


def test_other_codecs_are_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match=r"'vvc1'.*Send H.264"):
        enhanced.decode_video(b"\x90vvc1x")
    with pytest.raises(UnsupportedError, match="MPEG-2 TS"):
        enhanced.decode_video(b"\x95av01x")
    for fourcc in (b"ac-3", b"ec-3", b".mp3", b"fLaC"):
        with pytest.raises(UnsupportedError, match=rf"'{fourcc.decode()}'.*Send AAC"):
            enhanced.decode_audio(b"\x90" + fourcc)
    with pytest.raises(UnsupportedError, match=r"'\\x1b\[31'"):
        enhanced.decode_audio(b"\x90\x1b[31")


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes(data: bytes, with_fourcc: bool) -> None:
    if with_fourcc:
        data = data[:1] + (b"hvc1" if len(data) % 2 else b"Opus") + data[1:]
    for decode, encode in (
        (enhanced.decode_video, enhanced.encode_video),
        (enhanced.decode_audio, enhanced.encode_audio),
    ):
        try:
            bodies = decode(data)
        except (MalformedError, UnsupportedError):
            continue
        for body in bodies:
            if body.track == 0 and not (body.kind is not Kind.FRAME and body.composition):
                assert decode(encode(body)) == (body,)
