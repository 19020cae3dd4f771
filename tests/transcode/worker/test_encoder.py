from fractions import Fraction

import av
import numpy as np
import pytest

from tests.transcode.clips import painted, plan, tone
from vitrine.media.aac import AudioSpecificConfig
from vitrine.media.grid import AAC_FRAME
from vitrine.media.h264 import AvcConfig, Sps
from vitrine.media.track import Colour
from vitrine.transcode.ladder import EncoderSettings, PlannedRung
from vitrine.transcode.worker.encoder import RungEncoder, SoundEncoder
from vitrine.transcode.worker.scaler import BT709

RUNG = PlannedRung("120p", 160, 120, 200)


@pytest.mark.parametrize("colour", [BT709, Colour(9, 16, 9, False), Colour(5, 6, 5, False)])
def test_the_parameter_sets_say_what_the_track_says(colour: Colour) -> None:
    encoder = RungEncoder(3, RUNG, plan(Fraction(30000, 1001)), colour)
    sps = Sps.decode(AvcConfig.decode(encoder.track.config).sps[0])
    assert (sps.width, sps.height, sps.colour, sps.rate) == (160, 120, colour, Fraction(30000, 1001))
    assert encoder.track.id == 3


def test_default_settings_hold_back_seven_frames_and_reorder_none() -> None:
    wanted = plan(settings=EncoderSettings())
    encoder = RungEncoder(1, RUNG, wanted, BT709)
    counts = [len(encoder.encode(painted(160, 120, "yuv420p", (n, 128, 128)), n)) for n in range(20)]
    units = encoder.flush()
    assert counts == [0] * 7 + [1] * 13
    assert [unit.pts for unit in units] == [wanted.grid.tick(n) for n in range(13, 20)]


def test_the_rate_is_kept() -> None:
    encoder = RungEncoder(1, RUNG, plan(settings=EncoderSettings()), BT709)
    noise = np.random.default_rng(1)
    size = 0
    for number in range(100):
        picture = painted(160, 120, "yuv420p", (120, 128, 128))
        picture.planes[0].update(noise.integers(0, 255, picture.planes[0].buffer_size, np.uint8).tobytes())
        size += sum(len(unit.data) for unit in encoder.encode(picture, number))
    size += sum(len(unit.data) for unit in encoder.flush())
    assert size * 8 / 4 == pytest.approx(200_000, rel=0.15)


@pytest.mark.parametrize("first", [0, 188])
def test_sound_is_where_its_stamp_says(first: int) -> None:
    encoder = SoundEncoder(9, 128, first)
    sound = tone(1.0, hertz=1000)
    sound[:, : 10 * AAC_FRAME] = 0
    blocks = [np.ascontiguousarray(sound[:, n : n + AAC_FRAME]) for n in range(0, 40 * AAC_FRAME, AAC_FRAME)]
    units = [unit for block in blocks for unit in encoder.encode(block)] + encoder.flush()
    assert [unit.pts for unit in units] == [(first + n) * AAC_FRAME for n in range(len(units))]
    assert len(units) == 40
    decoded = decode_sound(encoder.track.config, [unit.data for unit in units])
    begin = int(np.argmax(np.abs(decoded[0]) > 0.25))
    assert abs(begin - 10 * AAC_FRAME) < 48
    middle = slice(20 * AAC_FRAME, 30 * AAC_FRAME)
    assert np.abs(decoded[:, middle] - sound[:, middle]).max() < 0.02


def decode_sound(config: bytes, units: list[bytes]) -> "np.typing.NDArray[np.float32]":
    context = av.CodecContext.create("aac", "r")
    assert isinstance(context, av.AudioCodecContext)
    context.extradata = config
    blocks = [frame.to_ndarray() for unit in units for frame in context.decode(av.Packet(unit))]
    return np.concatenate(blocks, axis=1).astype(np.float32)


def test_sound_is_aac_lc_stereo() -> None:
    encoder = SoundEncoder(9, 128, 0)
    assert AudioSpecificConfig.decode(encoder.track.config) == AudioSpecificConfig(2, 48000, 2)
    assert encoder.rendition.bitrate == 128_000
