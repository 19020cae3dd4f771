import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.transcode.clips import (
    Clip,
    audio_clip,
    grey,
    mean_colour,
    plan,
    tone,
    transcode,
    video_clip,
)
from vitrine.media.grid import AAC_FRAME, RATES
from vitrine.media.h264 import NAL_DELIMITER, NAL_IDR, NAL_PPS, NAL_SPS, AvcConfig, Sps, nal_type, split_lengths
from vitrine.media.track import Codec, Colour, VideoTrack
from vitrine.transcode.events import Finished, Opened
from vitrine.transcode.ladder import PlannedRung, Rung

LADDER = (Rung("240p", 240, 400), Rung("120p", 120, 200))


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(50)])
async def test_every_rung_on_the_grid(rate: Fraction) -> None:
    wanted = plan(rate, ladder=LADDER)
    count = int(rate * 5)
    result = await transcode(video_clip(320, 240, count, rate) + audio_clip(tone(5.0)), wanted)
    assert [each.name for each in result.renditions] == ["240p", "120p", "audio"]
    for name, size in (("240p", (320, 240)), ("120p", (160, 120))):
        track, units = result.track(name), result.units(name)
        assert isinstance(track, VideoTrack)
        assert (track.width, track.height, track.rate, track.timescale) == (*size, rate, 90000)
        assert [unit.pts for unit in units] == [unit.dts for unit in units]
        assert [unit.pts for unit in units] == [wanted.grid.tick(n) for n in range(len(units))]
        assert len(units) >= count
        for number, unit in enumerate(units):
            kinds = [nal_type(nal) for nal in split_lengths(unit.data)]
            assert unit.keyframe == (NAL_IDR in kinds) == wanted.grid.starts_segment(number)
            assert not {NAL_SPS, NAL_PPS, NAL_DELIMITER} & set(kinds)
    audio = result.units("audio")
    assert [unit.pts for unit in audio] == [n * AAC_FRAME for n in range(len(audio))]
    assert abs(len(audio) * AAC_FRAME / 48000 - len(units) / rate) < 0.03
    assert isinstance(result.events[-1], Finished)
    assert result.stats.dropped == 0


async def test_what_the_renditions_say() -> None:
    result = await transcode(video_clip(320, 240, 3), plan(ladder=LADDER))
    first, _, audio = result.renditions
    assert (first.bitrate, first.peak_bitrate) == (400_000, 440_000)
    assert (audio.bitrate, audio.track.codec, audio.track.timescale) == (128_000, Codec.AAC, 48_000)
    assert isinstance(first.track, VideoTrack)
    sps = Sps.decode(AvcConfig.decode(first.track.config).sps[0])
    assert (sps.width, sps.height, sps.pixel_aspect, sps.bit_depth, sps.chroma_format) == (320, 240, (1, 1), 8, 1)
    assert sps.colour == first.track.colour == Colour(6, 6, 6, False)
    assert sps.rate == 25


PICTURES = [
    pytest.param(video_clip(240, 320, 3), (240, 320), id="portrait"),
    pytest.param(video_clip(241, 121, 3, pixel_format="yuv444p"), (240, 120), id="odd sides"),
    pytest.param(video_clip(180, 144, 3, pixel_aspect=Fraction(16, 15)), (192, 144), id="wide pixels"),
    pytest.param(video_clip(160, 120, 3, pixel_aspect=Fraction(8, 9)), (160, 134), id="tall pixels"),
    pytest.param(video_clip(160, 120, 3, pixel_format="yuv422p"), (160, 120), id="4:2:2"),
    pytest.param(video_clip(160, 120, 3, pixel_format="yuv420p10le"), (160, 120), id="10 bit"),
    pytest.param(video_clip(160, 120, 3, codec="libx265"), (160, 120), id="hevc"),
    pytest.param(video_clip(160, 120, 3, codec="libvpx-vp9"), (160, 120), id="vp9"),
    pytest.param(video_clip(160, 120, 3, codec="libvpx"), (160, 120), id="vp8"),
    pytest.param(video_clip(160, 120, 3, codec="libsvtav1"), (160, 120), id="av1"),
]


@pytest.mark.parametrize(("clip", "size"), PICTURES)
async def test_any_picture_comes_out_right(clip: Clip, size: tuple[int, int]) -> None:
    result = await transcode(clip, plan())
    frames = result.pictures(result.renditions[0].name)
    assert len(frames) == 3
    assert (frames[0].width, frames[0].height, frames[0].format.name) == (*size, "yuv420p")
    for frame in frames:
        assert mean_colour(frame) == pytest.approx((120, 128, 128), abs=2)


@pytest.mark.parametrize(("level", "expected"), [(0, 16), (255, 235), (128, 126)])
async def test_full_range_becomes_limited(level: int, expected: int) -> None:
    clip = video_clip(160, 120, 3, pixel_format="yuvj420p", full_range=True, paint=grey(level))
    frame = (await transcode(clip, plan())).pictures("120p")[0]
    assert mean_colour(frame)[0] == pytest.approx(expected, abs=1.5)
    assert frame.color_range == 1


async def test_the_source_colour_is_kept_and_later_pictures_are_converted_to_it() -> None:
    red = (63, 102, 240)
    first = video_clip(160, 120, 25, matrix=1, paint=lambda number: red)
    second = video_clip(160, 120, 25, matrix=6, paint=lambda number: (82, 90, 240))  # the same red, by BT.601
    result = await transcode(first, plan(), second.shifted(Fraction(1)))
    track = result.track("120p")
    assert isinstance(track, VideoTrack)
    assert track.colour
    assert track.colour.matrix == 1
    frames = result.pictures("120p")
    assert mean_colour(frames[0]) == pytest.approx(red, abs=2)
    assert mean_colour(frames[40]) == pytest.approx(red, abs=3)


async def test_a_takeover_of_another_shape_is_letterboxed() -> None:
    second = video_clip(120, 180, 25, paint=grey(200)).shifted(Fraction(1))
    result = await transcode(video_clip(320, 180, 25), plan(), second)
    frames = result.pictures("180p")
    assert len([event for event in result.events if isinstance(event, Opened)]) == 1
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
    assert mean_colour(frames[0], 0.0, 1.0)[0] == pytest.approx(120, abs=2)
    assert mean_colour(frames[40], 0.0, 0.28) == pytest.approx((16, 128, 128), abs=2)
    assert mean_colour(frames[40], 0.35, 0.65) == pytest.approx((200, 128, 128), abs=2)
    assert mean_colour(frames[40], 0.72, 1.0) == pytest.approx((16, 128, 128), abs=2)


async def test_another_picture_size_of_the_same_shape_fills_the_picture() -> None:
    result = await transcode(video_clip(320, 240, 25), plan(), video_clip(160, 120, 25).shifted(Fraction(1)))
    assert mean_colour(result.pictures("240p")[40], 0.0, 1.0)[0] == pytest.approx(120, abs=2)


async def test_the_sound_changes_in_mid_stream() -> None:
    first = audio_clip(tone(1, channels=1), layout="mono")
    second = audio_clip(tone(1, rate=44100), rate=44100).shifted(Fraction(1))
    result = await transcode(video_clip(count=25) + first, plan(), video_clip(count=25).shifted(Fraction(1)) + second)
    sound = result.sound()
    for start in (9600, 57600):
        part = sound[1, start : start + 28800]
        assert np.sqrt(np.mean(part**2)) == pytest.approx(0.354, rel=0.03)
        assert dominant(part) == pytest.approx(440, abs=2)


async def click_and_flash(live: bool, **video: object) -> float:
    """Seconds that the click comes after the flash."""
    flash = 50
    pictures = video_clip(160, 120, 100, paint=lambda number: (235 if number == flash else 16, 128, 128))
    samples = np.zeros((2, 48000 * 4), np.float32)
    samples[:, 96000:96048] = 0.8
    result = await transcode(pictures + audio_clip(samples), plan(live=live))
    levels = [mean_colour(frame)[0] for frame in result.pictures("120p")]
    heard = int(np.argmax(np.abs(result.sound()[0])))
    return heard / 48000 - int(np.argmax(levels)) / 25


@pytest.mark.parametrize("live", [False, True])
async def test_click_and_flash_together(live: bool) -> None:
    assert abs(await click_and_flash(live)) < 0.005


SOUNDS = [
    pytest.param(audio_clip(tone(2, channels=1), layout="mono"), 0.5, id="mono"),
    pytest.param(audio_clip(tone(2)), 0.5, id="stereo"),
    pytest.param(audio_clip(tone(2, rate=44100), rate=44100), 0.5, id="44.1 kHz"),
    pytest.param(audio_clip(tone(2, rate=22050, channels=1), rate=22050, layout="mono"), 0.5, id="22 kHz mono"),
    pytest.param(audio_clip(tone(2), codec="libopus"), 0.5, id="opus"),
]


@pytest.mark.parametrize(("clip", "level"), SOUNDS)
async def test_any_sound_comes_out_right(clip: Clip, level: float) -> None:
    result = await transcode(video_clip() + clip, plan())
    sound = result.sound()[:, 9600:86400]
    for channel in sound:
        assert np.sqrt(np.mean(channel**2)) == pytest.approx(level / np.sqrt(2), rel=0.03)
        assert dominant(channel) == pytest.approx(440, abs=2)
    assert result.stats.trimmed <= 2300  # priming, before the first picture
    assert result.stats.stretched == 0


def dominant(channel: "np.typing.NDArray[np.float32]") -> float:
    spectrum = np.abs(np.fft.rfft(channel * np.hanning(len(channel))))
    return float(np.argmax(spectrum) * 48000 / len(channel))


@pytest.mark.parametrize(
    ("channel", "left", "right"), [(0, 1, 0), (1, 0, 1), (2, 0.707, 0.707), (3, 0, 0), (4, 0.707, 0)]
)
async def test_surround_is_mixed_down(channel: int, left: float, right: float) -> None:
    samples = np.zeros((6, 96000), np.float32)
    samples[channel] = tone(2, channels=1)[0]
    result = await transcode(video_clip() + audio_clip(samples, layout="5.1", bitrate=400_000), plan())
    levels = np.sqrt(np.mean(result.sound()[:, 9600:86400] ** 2, axis=1)) * np.sqrt(2) / 0.5
    assert levels == pytest.approx([left, right], abs=0.05)


async def test_no_sound_gives_silence_as_long_as_the_picture() -> None:
    for live in (False, True):
        result = await transcode(video_clip(count=60), plan(live=live))
        assert not result.sound().any()
        assert len(result.units("audio")) == -(-60 * 48000 // 25 // AAC_FRAME)


@pytest.mark.parametrize("live", [False, True])
async def test_no_picture_gives_black(live: bool) -> None:
    result = await transcode(audio_clip(tone(4)), plan(live=live, ladder=LADDER))
    frames = result.pictures("240p")
    assert (frames[0].width, frames[0].height) == (426, 240)
    assert mean_colour(frames[0]) == pytest.approx((16, 128, 128), abs=1)
    assert 99 <= len(frames) <= 102
    assert np.abs(result.sound()[0]).max() > 0.4


async def test_a_longer_sound_holds_the_last_picture() -> None:
    result = await transcode(video_clip(count=25) + audio_clip(tone(3)), plan())
    assert 74 <= len(result.units("120p")) <= 76
    assert mean_colour(result.pictures("120p")[-1])[0] == pytest.approx(120, abs=2)


async def test_a_gap_in_the_picture_is_filled_with_the_last_one() -> None:
    clip = video_clip(count=75, options={"keyint": "5", "g": "5"})
    units = [unit for unit in clip.units if not 20 <= round(unit.pts * 25 / clip.tracks[0].timescale) < 50]
    result = await transcode(Clip(clip.tracks, units), plan())
    assert len(result.units("120p")) == 75
    assert result.stats.repeated == 30


async def test_advancing_without_media() -> None:
    result = await transcode(video_clip(count=10), plan(live=True), advance=Fraction(2))
    assert len(result.units("120p")) == 50
    assert len(result.units("audio")) == -(-2 * 48000 // AAC_FRAME)


async def test_a_replaced_worker_carries_on() -> None:
    clip = video_clip(320, 240, 100) + audio_clip(tone(4))
    whole = await transcode(clip, plan(ladder=LADDER))
    resumed = plan(ladder=LADDER).resumed(whole.renditions, {"240p": 62, "120p": 60, "audio": 112})
    assert resumed.fixed == (PlannedRung("240p", 320, 240, 400, 62), PlannedRung("120p", 160, 120, 200, 60))
    second = await transcode(clip, resumed)
    assert second.renditions == whole.renditions
    for name, first in (("240p", 62), ("120p", 60)):
        units = second.units(name)
        frames = range(first, first + len(units))
        assert frames.stop >= 100
        assert [unit.pts for unit in units] == [resumed.grid.tick(number) for number in frames]
        keyframes = [number for number, unit in zip(frames, units, strict=True) if unit.keyframe]
        assert keyframes == [number for number in frames if number == first or resumed.grid.starts_segment(number)]
    assert second.units("audio")[0].pts == 112 * AAC_FRAME


async def test_damaged_access_units_are_counted_and_skipped() -> None:
    clip = video_clip(count=50)
    units = [
        replace(unit, data=b"\x00\x00\x00\x05garba") if n in (10, 11) else unit for n, unit in enumerate(clip.units)
    ]
    result = await transcode(Clip(clip.tracks, units), plan())
    assert len(result.units("120p")) == 50
    assert result.stats.undecodable == 2


async def test_millisecond_stamps_at_every_rate() -> None:
    for rate in RATES[:4]:
        clip = video_clip(count=40, rate=rate)
        scale = clip.tracks[0].timescale
        units = [replace(u, dts=u.dts * 1000 // scale, pts=u.pts * 1000 // scale) for u in clip.units]
        track = clip.tracks[0]
        assert isinstance(track, VideoTrack)
        result = await transcode(Clip([replace(track, timescale=1000)], units), plan(rate))
        assert len(result.units("120p")) == 40
        assert result.stats.dropped == result.stats.repeated == 0


async def test_the_same_track_announced_again_costs_no_picture() -> None:
    clip = video_clip(count=40)
    first, second = Clip(clip.tracks, clip.units[:20]), Clip(clip.tracks, clip.units[20:])
    result = await transcode(first, plan(), second)
    assert result.stats.frames_in == 40


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx", "libvpx-vp9", "libsvtav1"])
async def test_bits_flipped_anywhere_neither_hang_nor_crash(codec: str) -> None:
    chance = random.Random(1)
    clip = video_clip(count=100, codec=codec)
    units = [replace(unit, data=flipped(unit.data, chance)) if chance.random() < 0.5 else unit for unit in clip.units]
    result = await transcode(Clip(clip.tracks, units) + audio_clip(tone(4)), plan())
    assert isinstance(result.events[-1], Finished)
    assert len(result.units("audio")) * AAC_FRAME >= 4 * 48000


def flipped(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(3):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged[: chance.randrange(len(damaged)) + 1] if chance.random() < 0.2 else damaged)
