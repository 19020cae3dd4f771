from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from vitrine.ingest.whip.rtp.opus import concealment, opus_track, packet_samples
from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.worker.decoder import AudioDecoder


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"\x00x", 480),
        (b"\x18x", 2880),
        (b"\x60x", 480),
        (b"\x78x", 960),
        (b"\x80x", 120),
        (b"\xf8x", 960),
        (b"\xf9x", 1920),
        (b"\xfb\x03x", 2880),
        (b"\xfb", 0),
        (b"\xfb\x3f", 0),
        (b"", 0),
    ],
)
def test_how_long_a_packet_lasts(packet: bytes, samples: int) -> None:
    assert packet_samples(packet) == samples


def tone() -> list[bytes]:
    """A quarter of a second at 440 Hz, in packets of 20 ms."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "flt"
    context.time_base = Fraction(1, 48_000)
    wave = 0.5 * np.sin(np.arange(12_000) * 2 * np.pi * 440 / 48_000).astype(np.float32)
    frame = AudioFrame.from_ndarray(np.repeat(wave, 2)[np.newaxis], "flt", "stereo")
    frame.sample_rate, frame.pts = 48_000, 0
    return [bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]]


def test_the_worker_plays_a_stream_with_a_packet_made_up() -> None:
    """Where the tone is lost goes on a tone: a hole would be silence."""
    packets = tone()
    decoder = AudioDecoder(opus_track(2))
    packets[6] = concealment(packets[5])
    blocks = []
    for number, packet in enumerate(packets):
        for block in decoder.decode(AccessUnit(2, 960 * number, 960 * number, True, packet)):
            assert (block.pts, block.samples) == (960 * number, 960)
            blocks.append(block.to_ndarray())
    assert decoder.undecodable == 0
    loudness = [float(np.sqrt(np.mean(block.astype(np.float64) ** 2))) for block in blocks]
    assert loudness[6] > loudness[5] / 2
