from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.media.h264 import (
    AvcConfig,
    Sps,
    codec_string,
    join_annexb,
    join_lengths,
    nal_type,
    split_annexb,
    split_lengths,
)
from vitrine.media.track import Colour

MAIN_SPS = bytes.fromhex("674d401fda014016ec0440000003004000000c83c60ca8")
"""1280x720, 25 frames a second, no colour stated; made by x264."""

PPS = bytes.fromhex("68ef3c80")
MAIN_RECORD = bytes.fromhex("014d401fffe10017") + MAIN_SPS + bytes.fromhex("010004") + PPS

nal_units = st.binary(min_size=1, max_size=30).filter(
    lambda nal: b"\x00\x00\x00" not in nal and b"\x00\x00\x01" not in nal and nal[-1] != 0
)


class BitWriter:
    """An SPS, field by field in the specification's order."""

    def __init__(self) -> None:
        self._text = ""

    def bits(self, value: int, count: int) -> "BitWriter":
        self._text += f"{value:0{count}b}"
        return self

    def ue(self, *values: int) -> "BitWriter":
        for value in values:
            length = (value + 1).bit_length()
            self.bits(value + 1, 2 * length - 1)
        return self

    def nal(self) -> bytes:
        text = self._text + "1"
        size = -(-len(text) // 8)
        payload = int(text.ljust(8 * size, "0"), 2).to_bytes(size, "big")
        escaped, zeros = bytearray(b"\x67"), 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = 0 if byte else zeros + 1
        return bytes(escaped)


def baseline(width: int = 16, height: int = 16) -> BitWriter:
    """A baseline SPS up to frame_cropping_flag, exclusively; sides in macroblocks."""
    return (
        BitWriter().bits(66, 8).bits(0, 8).bits(30, 8).ue(0, 0, 0, 0, 1).bits(0, 1).ue(width - 1, height - 1).bits(3, 2)
    )


SPS_TABLE: list[tuple[BitWriter, Sps]] = [
    (baseline(20, 15).bits(0, 2), Sps(66, 30, 320, 240)),
    (baseline(40, 23).bits(1, 1).ue(0, 0, 0, 4).bits(0, 1), Sps(66, 30, 640, 360)),
    (baseline(45, 30).bits(1, 2).bits(1, 1).bits(3, 8).bits(0, 4), Sps(66, 30, 720, 480, pixel_aspect=(10, 11))),
    (
        baseline(45, 36).bits(1, 2).bits(1, 1).bits(255, 8).bits(64, 16).bits(45, 16).bits(0, 4),
        Sps(66, 30, 720, 576, pixel_aspect=(64, 45)),
    ),
    (
        baseline(80, 45).bits(1, 2).bits(0, 2).bits(1, 1).bits(5, 3).bits(3, 2).bits(0x010D09, 24).bits(0, 2),
        Sps(66, 30, 1280, 720, colour=Colour(1, 13, 9, full_range=True)),
    ),
    (
        baseline(80, 45).bits(1, 2).bits(0, 3).bits(1, 1).ue(0, 0).bits(1, 1).bits(1001, 32).bits(60000, 32).bits(1, 1),
        Sps(66, 30, 1280, 720, rate=Fraction(30000, 1001)),
    ),
    (
        BitWriter().bits(66, 8).bits(0, 8).bits(30, 8).ue(0, 0, 1).bits(0, 1).ue(0, 0, 2, 1, 2, 1).bits(0, 1)
        .ue(119, 67).bits(3, 2).bits(1, 1).ue(0, 0, 0, 4).bits(0, 1),
        Sps(66, 30, 1920, 1080),
    ),
    (
        BitWriter().bits(100, 8).bits(0, 8).bits(40, 8).ue(0, 1, 0, 0).bits(0, 1).bits(0, 1).ue(0, 2, 1).bits(0, 1)
        .ue(119, 33).bits(0, 1).bits(0, 1).bits(1, 1).bits(1, 1).ue(0, 0, 0, 2).bits(0, 1),
        Sps(100, 40, 1920, 1080),
    ),
    (
        BitWriter().bits(122, 8).bits(0, 8).bits(40, 8).ue(0, 2, 2, 2).bits(0, 1).bits(1, 1)
        .bits(1, 1).ue(16).bits(0, 7).ue(0, 2, 1).bits(0, 1).ue(19, 14).bits(3, 2).bits(1, 1).ue(1, 1, 1, 1).bits(0, 1),
        Sps(122, 40, 316, 238, chroma_format=2, bit_depth=10),
    ),
    (
        BitWriter().bits(244, 8).bits(0, 8).bits(40, 8).ue(0, 3).bits(0, 1).ue(0, 0).bits(0, 1).bits(0, 1)
        .ue(0, 2, 1).bits(0, 1).ue(19, 14).bits(3, 2).bits(1, 1).ue(1, 2, 3, 4).bits(0, 1),
        Sps(244, 40, 317, 233, chroma_format=3),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("written", "sps"), SPS_TABLE)
def test_sps(written: BitWriter, sps: Sps) -> None:
    assert Sps.decode(written.nal()) == sps


def test_sps_of_x264() -> None:
    assert Sps.decode(MAIN_SPS) == Sps(77, 31, 1280, 720, rate=Fraction(25))


@pytest.mark.parametrize("length", range(len(MAIN_SPS) - 8))
def test_sps_cut_short(length: int) -> None:
    with pytest.raises(MalformedError):
        Sps.decode(MAIN_SPS[:length])


@pytest.mark.parametrize(
    ("written", "error", "words"),
    [
        (baseline(600, 10).bits(0, 2), UnsupportedError, "9600x160; the largest side taken is 8192"),
        (baseline(1, 1).bits(1, 1).ue(8, 0, 0, 0).bits(0, 1), MalformedError, "crops the whole picture away"),
        (BitWriter().bits(100, 8).bits(0, 16).ue(0, 4).bits(0, 32), MalformedError, "unknown chroma format"),
        (BitWriter().bits(100, 8).bits(0, 16).ue(0, 1, 7, 0).bits(0, 32), MalformedError, "impossible bit depth"),
        (
            BitWriter().bits(66, 8).bits(0, 16).ue(0, 0, 1).bits(0, 1).ue(0, 0, 256).bits(0, 99),
            MalformedError,
            "too many",
        ),
    ],
)
def test_sps_refused(written: BitWriter, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Sps.decode(written.nal())


def test_only_an_sps_is_an_sps() -> None:
    for nal in (b"", PPS):
        with pytest.raises(MalformedError, match="wrong NAL unit type"):
            Sps.decode(nal)


@given(st.binary(max_size=60))
def test_any_sps_bytes(data: bytes) -> None:
    try:
        sps = Sps.decode(b"\x67" + data)
    except (MalformedError, UnsupportedError):
        return
    assert 0 < sps.width <= 8192
    assert 0 < sps.height <= 8192


def encode_with_x264(width: int, height: int, params: str, set_up: Callable[[av.VideoCodecContext], None]) -> bytes:
    """The extradata of an encoder: parameter sets behind start codes."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1001, 30000)
    context.framerate = Fraction(30000, 1001)
    context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER
    context.thread_count = 1
    context.options = {"x264-params": params, "preset": "ultrafast"}
    set_up(context)
    context.open()
    return context.extradata or b""


def nothing(_: av.VideoCodecContext) -> None:
    pass


def bt709(context: av.VideoCodecContext) -> None:
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = 1, 1, 1, 1


def full_range_601(context: av.VideoCodecContext) -> None:
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = 6, 6, 6, 2


@pytest.mark.parametrize(
    ("width", "height", "params", "set_up", "colour", "aspect"),
    [
        (320, 180, "", nothing, None, (1, 1)),
        (1280, 720, "", bt709, Colour(1, 1, 1, full_range=False), (1, 1)),
        (1920, 1080, "8x8dct=1:cqm=jvt", bt709, Colour(1, 1, 1, full_range=False), (1, 1)),
        (720, 1280, "", full_range_601, Colour(6, 6, 6, full_range=True), (1, 1)),
        (720, 576, "sar=64/45", nothing, None, (64, 45)),
        (720, 480, "sar=10/11:nal-hrd=vbr:vbv-maxrate=1000:vbv-bufsize=1000", nothing, None, (10, 11)),
        (98, 102, "", nothing, None, (1, 1)),
        (704, 576, "interlaced=1", nothing, None, (1, 1)),
    ],
)
def test_sps_agrees_with_the_encoder(
    width: int,
    height: int,
    params: str,
    set_up: Callable[[av.VideoCodecContext], None],
    colour: Colour | None,
    aspect: tuple[int, int],
) -> None:
    nals = split_annexb(encode_with_x264(width, height, params, set_up))
    sets = [nal for nal in nals if nal_type(nal) in (7, 8)]
    assert [nal_type(nal) for nal in sets] == [7, 8]
    sps = Sps.decode(sets[0])
    assert (sps.width, sps.height, sps.pixel_aspect) == (width, height, aspect)
    assert sps.colour == colour
    assert sps.rate == Fraction(30000, 1001)
    assert (sps.chroma_format, sps.bit_depth) == (1, 8)


def test_a_record_from_parameter_sets_decodes_pictures() -> None:
    """libavcodec takes our avcC, and finds the same size in it."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 322, 182, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.thread_count = Fraction(1, 25), Fraction(25), 1
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "x264-params": "8x8dct=1"}
    frame = av.VideoFrame.from_ndarray(np.full((273, 322), 99, np.uint8), "yuv420p")
    nals = split_annexb(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
    sets = {kind: tuple(nal for nal in nals if nal_type(nal) == kind) for kind in (7, 8)}
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = AvcConfig(sets[7], sets[8]).encode()
    pictures = join_lengths(nal for nal in nals if nal_type(nal) not in (7, 8))
    decoded = [*decoder.decode(av.Packet(pictures)), *decoder.decode(None)]
    assert [(picture.width, picture.height) for picture in decoded] == [(322, 182)]
    assert Sps.decode(sets[7][0]).profile == 100


def test_record() -> None:
    config = AvcConfig((MAIN_SPS,), (PPS,))
    assert config.encode() == MAIN_RECORD
    assert AvcConfig.decode(MAIN_RECORD) == config
    assert AvcConfig.decode(MAIN_RECORD + b"\xfd\xf8\xf8\x00") == config
    assert codec_string(MAIN_RECORD) == "avc1.4D401F"


def test_a_high_record_states_chroma_and_depth() -> None:
    sps = SPS_TABLE[8][0].nal()
    assert AvcConfig((sps,), (PPS,)).encode()[-4:] == bytes.fromhex("fefafa00")


@pytest.mark.parametrize("length", range(len(MAIN_RECORD)))
def test_record_cut_short(length: int) -> None:
    with pytest.raises(MalformedError, match="avcC record is cut short"):
        AvcConfig.decode(MAIN_RECORD[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("004d401fffe0", "unknown version"),
        ("014d401ffee0", "3 bytes"),
        ("014d401fffe1000000", "empty parameter set"),
        ("014d401fffe10001670100", "empty parameter set"),
    ],
)
def test_record_refused(data: str, words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        AvcConfig.decode(bytes.fromhex(data) + b"\x00")


def test_a_record_needs_an_sps_to_be_written() -> None:
    empty = AvcConfig.decode(bytes.fromhex("014d401fffe000"))
    assert empty == AvcConfig((), ())
    with pytest.raises(MisuseError, match="at least one SPS"):
        empty.encode()


def test_codec_string_of_nothing() -> None:
    with pytest.raises(MalformedError):
        codec_string(b"\x01\x4d")


@given(st.binary(max_size=60).map(lambda data: b"\x01" + data))
def test_any_record_bytes(data: bytes) -> None:
    try:
        config = AvcConfig.decode(data)
        written = config.encode()
    except (MalformedError, UnsupportedError, MisuseError):
        return
    assert AvcConfig.decode(written) == config


@given(st.lists(nal_units, max_size=5), st.sampled_from([b"\x00\x00\x01", b"\x00\x00\x00\x01"]), st.integers(0, 3))
def test_annexb_round_trip(nals: list[bytes], start_code: bytes, zeros: int) -> None:
    assert split_annexb(join_annexb(nals)) == nals
    assert split_annexb(b"".join(start_code + nal + bytes(zeros) for nal in nals)) == nals


@given(st.binary(max_size=80))
def test_any_annexb_bytes(data: bytes) -> None:
    nals = split_annexb(data)
    assert split_annexb(join_annexb(nals)) == nals


@given(st.lists(nal_units, max_size=5))
def test_lengths_round_trip(nals: list[bytes]) -> None:
    assert list(split_lengths(join_lengths(nals))) == nals


@pytest.mark.parametrize("size", [1, 2, 4])
def test_shorter_lengths_and_empty_units(size: int) -> None:
    nals = [b"\x65abc", b"", b"\x41"]
    data = b"".join(len(nal).to_bytes(size, "big") + nal for nal in nals)
    assert list(split_lengths(data, size)) == [b"\x65abc", b"\x41"]


@given(st.binary(max_size=40), st.sampled_from([1, 2, 4]))
def test_any_lengths(data: bytes, size: int) -> None:
    try:
        nals = list(split_lengths(data, size))
    except MalformedError:
        return
    assert list(split_lengths(join_lengths(nals))) == nals
