"""Recorded files: the generated sample in every container, and a real clip where there is one."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.container import OutputContainer

from tests.priority import kept_priority
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

CLIPS = Path(__file__).resolve().parents[4] / "shared" / "media"
"""Real clips lie beside the repository, where there are any."""

SHOW = SampleShow(192, 108, Fraction(25), Fraction(3))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds without reordering: 75 frames, two keyframes."""
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    write_sample(path, SHOW)
    return path


@pytest.fixture(scope="session")
def reordered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with B-frames."""
    path = tmp_path_factory.mktemp("reordered") / "reordered.mp4"
    write_sample(path, SHOW, reordered=2)
    return path


@pytest.fixture
def clip(plain: Path) -> Path:
    """A real recording, or the sample."""
    real = CLIPS / "bigbuckbunny.mp4"
    return real if real.is_file() else plain


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Copies every stream of a file into another container, without encoding anew."""

    def copy(source: Path, name: str) -> Path:
        target = tmp_path / name
        with av.open(str(source)) as given, av.open(str(target), "w") as output:
            streams = [*given.streams.video, *given.streams.audio]
            if target.suffix in (".h264", ".hevc"):
                streams = streams[:1]
            written = {stream.index: output.add_stream_from_template(stream) for stream in streams}
            for packet in given.demux(*streams):
                if packet.dts is not None:
                    packet.stream = written[packet.stream_index]
                    output.mux(packet)
        return target

    return copy


@pytest.fixture
def encoded(tmp_path: Path) -> Callable[..., Path]:
    """A file of ten grey pictures, of sound, or of both, in the codecs that are named."""

    @kept_priority()
    def encode(name: str, video: str | None = None, audio: str | None = None) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            pictures = _add_pictures(container, video) if video else None
            sound = container.add_stream(audio, rate=48000, layout="stereo") if audio else None
            if pictures:
                _encode_pictures(container, pictures)
            if sound:
                assert isinstance(sound, av.AudioStream)
                _encode_sound(container, sound)
        return path

    return encode


def _add_pictures(container: OutputContainer, codec: str) -> av.VideoStream:
    stream = container.add_stream(codec, rate=25)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
    stream.codec_context.thread_count = 1
    own = {
        "libsvtav1": {"preset": "11", "svtav1-params": "lp=1"},
        "libx265": {"x265-params": "log-level=none:pools=none"},
    }
    stream.codec_context.options = own.get(codec, {})
    return stream


def _encode_pictures(container: OutputContainer, stream: av.VideoStream) -> None:
    for number in range(10):
        frame = av.VideoFrame(192, 108, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([100 + number]) * plane.buffer_size)
        frame.pts, frame.time_base = number, Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _encode_sound(container: OutputContainer, stream: av.AudioStream) -> None:
    if not stream.codec_context.is_open:
        stream.codec_context.open()
    size = stream.codec_context.frame_size
    for number in range(20):
        frame = av.AudioFrame(stream.codec_context.format.name, "stereo", size)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.sample_rate, frame.time_base = number * size, 48000, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
