from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from vitrine.media.track import Colour, Rendition, VideoTrack
from vitrine.packager.playlist.multivariant import measured, render_multivariant
from vitrine.packager.segment import SegmentEntry

NTSC = Fraction(30000, 1001)


def lines_with(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_ladder_with_audio(renditions: list[Rendition], golden: Callable[[str, str], None]) -> None:
    golden("multivariant.m3u8", render_multivariant(renditions, NTSC))


def test_the_first_variant_is_near_2000_kbit(renditions: list[Rendition]) -> None:
    video = [
        replace(renditions[0], name=name, bitrate=rate)
        for name, rate in [("360p", 800_000), ("480p", 1_400_000), ("720p", 2_800_000), ("1080p", 5_000_000)]
    ]
    addresses = [line for line in render_multivariant(video, NTSC).splitlines() if not line.startswith("#")]
    assert addresses == [f"{name}/index.m3u8" for name in ("480p", "1080p", "720p", "360p")]


def test_video_alone_names_no_audio(renditions: list[Rendition]) -> None:
    text = render_multivariant(renditions[:1], NTSC)
    assert "AUDIO" not in text
    assert 'CODECS="avc1.64001F",' in text
    assert "BANDWIDTH=3080000,AVERAGE-BANDWIDTH=2800000" in text


def test_audio_alone_is_a_variant(renditions: list[Rendition]) -> None:
    text = render_multivariant(renditions[2:], NTSC)
    assert lines_with(text, "#EXT-X-STREAM-INF") == [
        '#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio",'
        'SUBTITLES="products"'
    ]


def test_only_the_first_audio_is_the_default_and_the_largest_counts(renditions: list[Rendition]) -> None:
    small = replace(renditions[2], name="audio-low", bitrate=64_000, peak_bitrate=70_000)
    text = render_multivariant([renditions[0], renditions[2], small], NTSC)
    assert ["DEFAULT=YES" in line for line in lines_with(text, "#EXT-X-MEDIA:TYPE=AUDIO")] == [True, False]
    assert "BANDWIDTH=3220000,AVERAGE-BANDWIDTH=2928000" in text
    assert text.count('CODECS="avc1.64001F,mp4a.40.2"') == 1


def test_the_products_are_text_that_every_variant_offers_and_none_shows_unasked(renditions: list[Rendition]) -> None:
    text = render_multivariant(renditions, NTSC)
    assert lines_with(text, "#EXT-X-MEDIA:TYPE=SUBTITLES") == [
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="products",NAME="Products",LANGUAGE="und",DEFAULT=NO,AUTOSELECT=NO,'
        'FORCED=NO,URI="products/index.m3u8"'
    ]
    variants = lines_with(text, "#EXT-X-STREAM-INF")
    assert len(variants) == 3
    assert all(',SUBTITLES="products"' in line and "wvtt" not in line for line in variants)


def test_video_range(renditions: list[Rendition]) -> None:
    track = renditions[0].track
    assert isinstance(track, VideoTrack)
    ranges = []
    for colour in (None, Colour(9, 16, 9, False), Colour(9, 18, 9, False), Colour(1, 1, 1, False)):
        text = render_multivariant([replace(renditions[0], track=replace(track, colour=colour))], NTSC)
        ranges.append(text.split("VIDEO-RANGE=")[1].split(",")[0])
    assert ranges == ["SDR", "PQ", "HLG", "SDR"]


def entries(*facts: tuple[Fraction | int, int]) -> list[SegmentEntry]:
    """From seconds and bytes."""
    return [
        SegmentEntry(f"s{msn}", msn, int(seconds * 90_000), 90_000, 0, size)
        for msn, (seconds, size) in enumerate(facts)
    ]


def test_measured_rates(renditions: list[Rendition]) -> None:
    rendition = measured(renditions[0], entries((2, 1_000), (1, 2_000)))
    assert (rendition.bitrate, rendition.peak_bitrate) == (8_000, 16_000)
    assert measured(renditions[0], []) == renditions[0]


def test_a_short_last_segment_counts_only_with_the_one_before_it(renditions: list[Rendition]) -> None:
    rendition = measured(renditions[0], entries((2, 2_000), (2, 1_500), (Fraction(1, 2), 2_500)))
    assert rendition.peak_bitrate == 12_800


def test_a_show_shorter_than_any_run_has_its_average_as_peak(renditions: list[Rendition]) -> None:
    rendition = measured(renditions[0], entries((Fraction(1, 4), 100)))
    assert rendition.bitrate == rendition.peak_bitrate == 3_200
