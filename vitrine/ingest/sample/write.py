"""The sample show as a file."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.sound import SAMPLE_RATE, Samples, Sound
from vitrine.media.errors import ConfigError

GOP_SECONDS = 2
AAC_FRAME = 1024
AUDIO_BITRATE = 128_000

SOUND_BLOCK = 32 * AAC_FRAME
"""Samples made at a time: one frame's are too few to be made fast."""

VIDEO_BITRATE = 4_500_000
"""Bits a second at 1280x720 and 30 frames a second; other sizes and rates get a share that looks alike."""

FORMATS = {".mp4": "mp4", ".mov": "mov", ".flv": "flv", ".mkv": "matroska", ".ts": "mpegts"}

BT709 = 1
"""ITU-T H.273 code point, for primaries, transfer and matrix alike."""

LIMITED_RANGE = 1


def bitrate_for(show: SampleShow) -> int:
    """Bits a second for a show's size and rate."""
    pixels = show.width * show.height / (1280 * 720)
    return int(VIDEO_BITRATE * float(pixels**0.75) * math.sqrt(show.rate / 30))


def write_sample(
    path: str | Path,
    show: SampleShow | None = None,
    *,
    reordered: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Write a show as H.264 and AAC, in the container that the file name's ending asks for.

    Keyframes are 2 s apart, `reordered` B-frames lie between others. `progress` is told frames done and frames
    to do. The same arguments write the same bytes. Raises ConfigError for an unknown ending or a path that
    cannot be written.
    """
    show = show or SampleShow()
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path.name} does not end in one of {', '.join(FORMATS)}; name the sample file like that.")
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if path.suffix in (".mp4", ".mov") else {})
    try:
        with av.open(f"file:{path}", "w", format=FORMATS[path.suffix.lower()], options=options) as container:
            _Writer(container, show, reordered).write(progress)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error


class _Writer:
    """Encodes a show into an open container, its tracks side by side."""

    def __init__(self, container: OutputContainer, show: SampleShow, reordered: int) -> None:
        self._container = container
        self._show = show
        self._sound = Sound(show.rate)
        self._video = container.add_stream("libx264", rate=show.rate)
        _set_up_video(self._video, show, reordered)
        self._audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        self._audio.bit_rate = AUDIO_BITRATE
        self._samples = 0
        self._block: Samples = np.empty((0, 0), np.float32)

    def write(self, progress: Callable[[int, int], None]) -> None:
        total = len(self._show)
        for number, picture in enumerate(self._show):
            frame = video_frame(picture)
            frame.pts, frame.time_base = number, 1 / self._show.rate
            self._container.mux(self._video.encode(frame))
            self._write_sound((number + 1) / self._show.rate)
            progress(number + 1, total)
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))

    def _write_sound(self, until: Fraction) -> None:
        while Fraction(self._samples + AAC_FRAME, SAMPLE_RATE) <= until:
            frame = av.AudioFrame.from_ndarray(self._next_samples(), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(frame))
            self._samples += AAC_FRAME

    def _next_samples(self) -> Samples:
        """One AAC frame's samples, out of a block made at once."""
        within = self._samples % SOUND_BLOCK
        if not within:
            self._block = self._sound.samples(self._samples, SOUND_BLOCK)
        return np.ascontiguousarray(self._block[:, within : within + AAC_FRAME])


def _set_up_video(stream: av.VideoStream, show: SampleShow, reordered: int) -> None:
    gop = round(show.rate * GOP_SECONDS)
    bitrate = bitrate_for(show)
    stream.width, stream.height, stream.pix_fmt = show.width, show.height, "yuv420p"
    stream.bit_rate, stream.gop_size, stream.max_b_frames = bitrate, gop, reordered
    context = stream.codec_context
    context.time_base = 1 / show.rate
    context.thread_count = 1  # the bytes must not depend on the machine
    context.color_range, context.colorspace = LIMITED_RANGE, BT709
    context.color_primaries = context.color_trc = BT709
    context.options = {
        "preset": "superfast",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:rc-lookahead=10:mbtree=1"
        f":vbv-maxrate={bitrate * 3 // 2000}:vbv-bufsize={bitrate // 1000}",
    }


def video_frame(picture: Picture) -> av.VideoFrame:
    """A picture as FFmpeg takes it."""
    height, width = picture.y.shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, pixels in zip(frame.planes, (picture.y, picture.u, picture.v), strict=True):
        target = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        target[:, : plane.width] = pixels
    return frame
