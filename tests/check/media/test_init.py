from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.check.media.init import read_init
from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import box, full_box


def test_what_ffmpeg_wrote(head_and_media: tuple[bytes, bytes]) -> None:
    init = read_init(head_and_media[0])
    video, audio = init.tracks
    assert (video.handler, video.size) == ("vide", (160, 90))
    assert video.codec.startswith("avc1.")
    assert len(video.codec) == len("avc1.64001f")
    assert (audio.handler, audio.codec, audio.timescale, audio.size) == ("soun", "mp4a.40.2", 48_000, None)
    assert init.track(video.id) is video
    assert init.track(9) is None
    assert "iso5" in init.brands or "iso6" in init.brands


def entry(kind: bytes, *boxes: bytes, handler: bytes = b"vide") -> bytes:
    """An initialisation section of one track with a sample entry of a kind, 100 pixels by 50 if it is of pictures."""
    head = bytes(24) + (100).to_bytes(2, "big") + (50).to_bytes(2, "big") + bytes(50)
    stsd = full_box(b"stsd", 0, 0, b"\0\0\0\1", box(kind, head if handler == b"vide" else bytes(28), *boxes))
    mdia = box(
        b"mdia",
        full_box(b"mdhd", 1, 0, bytes(16), (1000).to_bytes(4, "big"), bytes(12)),
        full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12)),
        box(b"minf", box(b"stbl", stsd)),
    )
    tkhd = full_box(b"tkhd", 1, 0, bytes(16), (7).to_bytes(4, "big"), bytes(60))
    return box(b"moov", box(b"trak", tkhd, mdia))


def esds(kind: int, specific: bytes) -> bytes:
    decoder = bytes([4, 13 + len(specific) + 2, kind]) + bytes(12) + bytes([5, len(specific)]) + specific
    return full_box(b"esds", 0, 0, bytes([3, 0x80, 3 + len(decoder)]) + bytes(3) + decoder)


@pytest.mark.parametrize(
    ("data", "codec", "size"),
    [
        (entry(b"hvc1"), "hvc1", (100, 50)),
        (entry(b"avc3", box(b"avcC", b"\x01\x64\x00\x1f")), "avc3.64001f", (100, 50)),
        (entry(b"av01", box(b"pasp", bytes.fromhex("0000000200000001"))), "av01", (200, 50)),
        (entry(b"encv", box(b"sinf", box(b"frma", b"avc1"))), "avc1", (100, 50)),
        (entry(b"mp4a", esds(0x40, b"\x11\x90"), handler=b"soun"), "mp4a.40.2", None),
        (entry(b"mp4a", esds(0x40, b""), handler=b"soun"), "mp4a.40", None),
        (entry(b"mp4a", esds(0x69, b""), handler=b"soun"), "mp4a.69", None),
        (entry(b"ac-3", handler=b"soun"), "ac-3", None),
        (entry(b"enca", box(b"sinf", box(b"frma", b"Opus")), handler=b"soun"), "Opus", None),
        (entry(b"wvtt", handler=b"text"), "wvtt", None),
    ],
)
def test_codecs(data: bytes, codec: str, size: tuple[int, int] | None) -> None:
    (track,) = read_init(data).tracks
    assert (track.id, track.timescale, track.codec, track.size) == (7, 1000, codec, size)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no moov"),
        (box(b"moov", box(b"trak")), "without tkhd"),
        (entry(b"avc1").replace((1000).to_bytes(4, "big"), bytes(4)), "timescale of 0"),
        (entry(b"avc1")[:-20], "cut short"),
        (entry(b"mp4a", full_box(b"esds", 0, 0, b"\x05\x00"), handler=b"soun"), "another order"),
    ],
)
def test_what_is_no_initialisation(data: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        read_init(data)


@given(st.data())
def test_broken_bytes_are_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(entry(b"mp4a", esds(0x40, b"\x11\x90"), handler=b"soun"))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedError):
        read_init(bytes(whole))
