from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from vitrine.ingest.sample import cells, flash
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.sound import SAMPLE_RATE, flash_sample
from vitrine.ingest.sample.write import GOP_SECONDS, bitrate_for, write_sample
from vitrine.media.errors import ConfigError

SMALL = SampleShow(320, 180, Fraction(30), Fraction(3))

Luma = cells.Luma


def lumas(path: Path, width: int, height: int) -> list[Luma]:
    """Brightness of every frame, in the order they are shown."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[:height, :width].astype(np.uint8) for frame in container.decode(video=0)]


def sound(path: Path) -> tuple[np.ndarray, float]:
    """The left channel from its first sample on, and the time of that sample in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].time is not None
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].time


def beeps(samples: np.ndarray, start: float) -> list[float]:
    """Seconds at which the sound becomes loud after being quiet."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    firsts = loud[np.diff(loud, prepend=-SAMPLE_RATE) > SAMPLE_RATE // 4]
    return [float(first) / SAMPLE_RATE + start for first in firsts]


def test_frames_keep_their_numbers_and_flashes(tmp_path: Path) -> None:
    write_sample(tmp_path / "show.mp4", SMALL)
    pictures = lumas(tmp_path / "show.mp4", 320, 180)
    assert [cells.read(picture) for picture in pictures] == list(range(90))
    assert [number for number, picture in enumerate(pictures) if flash.is_lit(picture)] == [0, 30, 60]


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("s.mp4", Fraction(30)),
        ("s.mp4", Fraction(30000, 1001)),
        ("s.flv", Fraction(25)),
        ("s.ts", Fraction(50)),
        ("s.mkv", Fraction(24)),
    ],
)
def test_every_beep_lies_on_its_flash(tmp_path: Path, name: str, rate: Fraction) -> None:
    show = SampleShow(192, 108, rate, Fraction(3))
    write_sample(tmp_path / name, show)
    with av.open(str(tmp_path / name)) as container:
        frames = list(container.decode(video=0))
    lit = [frame.time for frame in frames if flash.is_lit(frame.to_ndarray()[:108, :192].astype(np.uint8))]
    heard = beeps(*sound(tmp_path / name))
    assert len(lit) == 3
    assert heard == pytest.approx(lit, abs=0.004)
    assert [time - lit[0] for time in lit] == pytest.approx(
        [flash_sample(n, rate) / SAMPLE_RATE for n in range(3)], abs=0.002
    )


def test_keyframes_are_two_seconds_apart(tmp_path: Path) -> None:
    write_sample(tmp_path / "s.mp4", SampleShow(192, 108, Fraction(25), Fraction(5)))
    with av.open(str(tmp_path / "s.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [number for number, packet in enumerate(packets) if packet.is_keyframe] == [0, 50, 100]
    assert all(packet.pts == packet.dts for packet in packets)
    assert GOP_SECONDS == 2


def test_b_frames_on_request(tmp_path: Path) -> None:
    write_sample(tmp_path / "s.mp4", SampleShow(192, 108, seconds=Fraction(2)), reordered=2)
    with av.open(str(tmp_path / "s.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert any(packet.pts != packet.dts for packet in packets)
    assert [cells.read(picture) for picture in lumas(tmp_path / "s.mp4", 192, 108)] == list(range(60))


def test_the_same_show_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        write_sample(tmp_path / name, SampleShow(192, 108, seconds=Fraction(1)))
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_the_stream_says_what_it_is(tmp_path: Path) -> None:
    write_sample(tmp_path / "s.mp4", SMALL)
    with av.open(str(tmp_path / "s.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.canonical_name, video.width, video.height, video.average_rate) == (
            "h264",
            320,
            180,
            Fraction(30),
        )
        context = video.codec_context
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert (audio.codec.canonical_name, audio.rate, audio.channels) == ("aac", 48000, 2)


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_sample(
        tmp_path / "s.mp4", SampleShow(192, 108, seconds=Fraction(1)), progress=lambda done, of: told.append((done, of))
    )
    assert told == [(number, 30) for number in range(1, 31)]


def test_the_bitrate_follows_the_size() -> None:
    assert bitrate_for(SampleShow()) == 4_500_000
    rates = [
        bitrate_for(SampleShow(width, height)) for width, height in ((320, 180), (640, 360), (1280, 720), (1920, 1080))
    ]
    assert all(2 < after / before < 3 for before, after in pairwise(rates[:3]))
    assert 7_000_000 < rates[3] < 9_000_000
    assert bitrate_for(SampleShow(rate=Fraction(60))) < 2 * bitrate_for(SampleShow())


@pytest.mark.parametrize(
    ("name", "words"), [("s.avi", "end in one of .mp4"), ("s", "end in one of"), ("none/s.mp4", "cannot be written")]
)
def test_places_that_cannot_be(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        write_sample(tmp_path / name, SampleShow(192, 108, seconds=Fraction(1)))


def encode(
    show: SampleShow, width: int, height: int, kbps: int, shrink: Callable[[av.VideoFrame], av.VideoFrame]
) -> bytes:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", 1 / show.rate
    encoder.bit_rate, encoder.thread_count = kbps * 1000, 1
    encoder.options = {"preset": "superfast", "x264-params": f"vbv-maxrate={kbps}:vbv-bufsize={kbps}:keyint=60"}
    data = b""
    for number in range(len(show)):
        picture = show.picture(150 + number)  # over the sweep, where bits are scarce
        full = np.concatenate([plane.ravel() for plane in picture.planes]).reshape(show.height * 3 // 2, show.width)
        frame = shrink(av.VideoFrame.from_ndarray(full, "yuv420p"))
        frame.pts = number
        data += b"".join(bytes(packet) for packet in encoder.encode(frame))
    return data + b"".join(bytes(packet) for packet in encoder.encode(None))


def test_cells_survive_the_lowest_rung(tmp_path: Path) -> None:
    """720p, scaled to 360p and encoded at 800 kbit/s as the ladder does."""
    show = SampleShow(seconds=Fraction(2))
    path = tmp_path / "low.h264"
    path.write_bytes(encode(show, 640, 360, 800, lambda frame: frame.reformat(640, 360)))
    pictures = lumas(path, 640, 360)
    assert [cells.read(picture) for picture in pictures] == list(range(150, 210))
    assert [number for number, picture in enumerate(pictures) if flash.is_lit(picture)] == [0, 30]
