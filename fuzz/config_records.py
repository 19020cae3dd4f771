"""Descriptions of codecs: configuration records, and the decoders that take them."""

from collections.abc import Iterator
from contextlib import suppress

from fuzz.target import Target
from tests.ingest.rtmp.wire import ASC, AVC_CONFIG, OPUS_HEADER
from vitrine.ingest.rtmp.flv import Body, Kind
from vitrine.ingest.rtmp.tracks import describe
from vitrine.media import aac, h264
from vitrine.media.aac import CHANNELS, AudioSpecificConfig
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, MisuseError, UnsupportedError
from vitrine.media.h264 import MAX_SIDE, AvcConfig, Sps, join_annexb, join_lengths, split_annexb, split_lengths
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.worker.decoder import AudioDecoder, VideoDecoder

CODECS = tuple(Codec)


def avc(data: bytes) -> None:
    """An avcC record that is read can be written, and then says the same."""
    with suppress(MalformedError, UnsupportedError):
        record = AvcConfig.decode(data)
        h264.codec_string(data)
        with suppress(MisuseError):
            assert AvcConfig.decode(record.encode()) == record


def sps(data: bytes) -> None:
    """Sizes are of this world."""
    with suppress(MalformedError, UnsupportedError):
        facts = Sps.decode(b"\x67" + data)
        assert 0 < facts.width <= MAX_SIDE
        assert 0 < facts.height <= MAX_SIDE
        assert min(facts.pixel_aspect) > 0
        assert facts.rate is None or facts.rate > 0


def nal_units(data: bytes) -> None:
    """Both ways to join NAL units: what is split and joined is the same units."""
    nals = split_annexb(data)
    assert split_annexb(join_annexb(nals)) == nals
    with suppress(MalformedError):
        found = list(split_lengths(data))
        assert list(split_lengths(join_lengths(found))) == found


def aac_config(data: bytes) -> None:
    """A configuration that is read has a rate and channels that we know."""
    with suppress(MalformedError, UnsupportedError):
        config = AudioSpecificConfig.decode(data)
        assert config.sample_rate > 0
        assert config.channels in CHANNELS
        again = AudioSpecificConfig.decode(config.encode())
        assert (again.sample_rate, again.channels) == (config.sample_rate, config.channels)
        aac.codec_string(data)


def sequence_headers(data: bytes) -> None:
    """Every codec's sequence header: a track, or an error in words."""
    if not data:
        return
    codec = CODECS[data[0] % len(CODECS)]
    with suppress(MalformedError, UnsupportedError):
        describe(1, Body(codec, Kind.CONFIG, data[1:]))


def decoders(data: bytes) -> None:
    """Any record and any unit into FFmpeg's decoders, as a worker does it: pictures, counted refusals, or words."""
    if len(data) < 3:
        return
    codec, size = CODECS[data[0] % len(CODECS)], data[1]
    config, unit = data[2 : 2 + size], AccessUnit(1, 0, 0, True, data[2 + size :])
    with suppress(MalformedError, UnsupportedError):
        if codec in (Codec.AAC, Codec.OPUS):
            AudioDecoder(AudioTrack(1, codec, 48_000, config, 48_000, 2)).decode(unit)
        else:
            video = VideoDecoder(VideoTrack(1, codec, 90_000, config))
            video.decode(unit)
            video.flush()


HVCC = bytes.fromhex(
    "0101600000009000000000001ef000fcfdf8f800000f0320000100184001ffff016000000300900000030000030"
    "01e9598092100010021420101016000000300900000030000030001ea0502816596566924caf0168080000003"
    "008000000f04220001000744 01c172b46240"
)
AV1C = bytes.fromhex("81000c000a0a00000002aff9bffa0210")


def _records() -> Iterator[bytes]:
    for codec, config in (
        (Codec.H264, AVC_CONFIG),
        (Codec.HEVC, HVCC),
        (Codec.AV1, AV1C),
        (Codec.AAC, ASC),
        (Codec.OPUS, OPUS_HEADER),
    ):
        yield bytes([CODECS.index(codec)]) + config


def _decoder_seeds() -> Iterator[bytes]:
    for record in _records():
        unit = join_lengths([b"\x65\x88\x84\x00\x10", b"\x26\x01\xaf"])
        yield record[:1] + bytes([len(record) - 1]) + record[1:] + unit


TARGETS = (
    Target("h264_config", avc, lambda: [AVC_CONFIG], 512),
    Target("h264_sps", sps, lambda: [AvcConfig.decode(AVC_CONFIG).sps[0][1:]], 128),
    Target("h264_units", nal_units, lambda: [b"\0\0\0\1\x65\x88\0\0\1\x41", b"\0\0\0\2\x65\x88"], 256),
    Target("aac_config", aac_config, lambda: [ASC, b"\x2b\x11\x88", b"\xff\xff\xff"], 64),
    Target("sequence_headers", sequence_headers, _records, 512),
    Target("decoders", decoders, _decoder_seeds, 1024),
)
