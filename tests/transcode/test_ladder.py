from fractions import Fraction

import pytest

from vitrine.media.errors import ConfigError
from vitrine.media.track import AudioTrack, Codec, Colour, Rendition, VideoTrack
from vitrine.transcode.ladder import (
    DEFAULT_LADDER,
    EncoderSettings,
    Plan,
    PlannedRung,
    Rung,
    check_ladder,
    display_size,
    plan_rungs,
)

PLANS = [
    ((1920, 1080), ["1080p 1920x1080", "720p 1280x720", "480p 854x480", "360p 640x360"]),
    ((3840, 2160), ["1080p 1920x1080", "720p 1280x720", "480p 854x480", "360p 640x360"]),
    ((1080, 1920), ["1080p 1080x1920", "720p 720x1280", "480p 480x854", "360p 360x640"]),
    ((1280, 720), ["720p 1280x720", "480p 854x480", "360p 640x360"]),
    ((1919, 1079), ["1080p 1918x1078", "720p 1280x720", "480p 854x480", "360p 640x360"]),
    ((768, 432), ["480p 768x432", "360p 640x360"]),
    ((720, 576), ["480p 600x480", "360p 450x360"]),
    ((640, 480), ["480p 640x480", "360p 480x360"]),
    ((2560, 1080), ["1080p 2560x1080", "720p 1706x720", "480p 1138x480", "360p 854x360"]),
    ((500, 500), ["480p 480x480", "360p 360x360"]),
    ((426, 240), ["240p 426x240"]),
    ((161, 121), ["121p 160x120"]),
    ((8, 8), ["8p 16x16"]),
]


@pytest.mark.parametrize(("size", "expected"), PLANS)
def test_rungs_for_a_source(size: tuple[int, int], expected: list[str]) -> None:
    rungs = plan_rungs(*size)
    assert [f"{rung.name} {rung.width}x{rung.height}" for rung in rungs] == expected


@pytest.mark.parametrize(
    ("size", "least", "expected"),
    [
        ((320, 180), 720, ["720p 1280x720", "480p 854x480", "360p 640x360"]),
        ((180, 320), 720, ["720p 720x1280", "480p 480x854", "360p 360x640"]),
        ((320, 180), 0, ["180p 320x180"]),
        ((1920, 1080), 720, ["1080p 1920x1080", "720p 1280x720", "480p 854x480", "360p 640x360"]),
    ],
)
def test_a_source_that_begins_small_counts_as_what_it_will_be(
    size: tuple[int, int], least: int, expected: list[str]
) -> None:
    rungs = Plan(Fraction(30), least_side=least).rungs(*size)
    assert [f"{rung.name} {rung.width}x{rung.height}" for rung in rungs] == expected


@pytest.mark.parametrize("width", range(16, 2100, 37))
@pytest.mark.parametrize("height", [16, 121, 333, 720, 1081])
def test_rungs_are_even_ordered_and_never_above_the_source(width: int, height: int) -> None:
    rungs = plan_rungs(width, height)
    assert rungs
    assert all(rung.width % 2 == rung.height % 2 == 0 for rung in rungs)
    assert all(rung.width <= width + 1 and rung.height <= height + 1 for rung in rungs)
    sizes = [rung.width * rung.height for rung in rungs]
    assert sizes == sorted(set(sizes), reverse=True)


def test_a_small_source_gets_a_bitrate_for_its_size() -> None:
    assert plan_rungs(320, 240)[0].kbps == round(800 * (240 / 360) ** 2)
    assert plan_rungs(32, 32)[0].kbps == 100


def test_two_rungs_of_one_size_are_one() -> None:
    ladder = (Rung("a", 1080, 5000), Rung("b", 1000, 4000))
    assert plan_rungs(1600, 1000, ladder) == (PlannedRung("b", 1600, 1000, 4000),)


DISPLAY_SIZES = [
    ((720, 576), (16, 15), (768, 576)),
    ((720, 576), (64, 45), (1024, 576)),
    ((720, 480), (8, 9), (720, 540)),
    ((640, 480), (1, 1), (640, 480)),
    ((640, 480), (0, 1), (640, 480)),
    ((640, 480), (-1, -2), (640, 480)),
    ((640, 480), (65535, 1), (640, 480)),
    ((640, 480), (1, 4), (640, 1920)),
]


@pytest.mark.parametrize(("size", "pixel_aspect", "expected"), DISPLAY_SIZES)
def test_display_size(size: tuple[int, int], pixel_aspect: tuple[int, int], expected: tuple[int, int]) -> None:
    assert display_size(*size, pixel_aspect) == expected


BAD_LADDERS = [
    ((), "0 rungs"),
    (tuple(Rung(str(n), 100 + 2 * n, 500) for n in range(9)), "9 rungs"),
    ((Rung("a", 720, 500), Rung("a", 360, 500)), "must differ"),
    ((Rung("audio", 720, 500),), "must differ"),
    ((Rung("products", 720, 500),), "'audio' and 'products'"),
    ((Rung("a", 721, 500),), "even number"),
    ((Rung("a", 8, 500),), "even number"),
    ((Rung("a", 720, 5),), "kbit/s"),
]


@pytest.mark.parametrize(("ladder", "words"), BAD_LADDERS)
def test_a_bad_ladder_is_named(ladder: tuple[Rung, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_ladder(ladder)


def test_the_default_ladder_is_good() -> None:
    check_ladder(DEFAULT_LADDER)


def test_peak_rate() -> None:
    assert EncoderSettings().peak(2800) == 3_080_000


def test_a_resumed_plan_keeps_the_picture() -> None:
    colour = Colour(1, 1, 1, False)
    track = VideoTrack(1, Codec.H264, 90000, b"", 1280, 720, rate=Fraction(25), colour=colour)
    audio = AudioTrack(9, Codec.AAC, 48000, b"", 48000, 2)
    renditions = (Rendition("720p", track, 2_800_000, 3_080_000), Rendition("audio", audio, 128_000, 128_000))
    plan = Plan(Fraction(25)).resumed(renditions, {"720p": 100, "audio": 188})
    assert plan.fixed == (PlannedRung("720p", 1280, 720, 2800, 100),)
    assert (plan.first_frame, plan.first_audio_frame, plan.colour) == (100, 188, colour)
    assert Plan(Fraction(25)).resumed((), {}).fixed == ()
    assert plan.grid.frames_per_segment == 50
