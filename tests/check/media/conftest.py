"""A file written by FFmpeg's muxer, which knows nothing of ours."""

import io
from fractions import Fraction

import av
import numpy
import pytest

from vitrine.check.media.boxes import boxes_of

RATE = 25
FRAMES = 50
SOUND_RATE = 48_000


@pytest.fixture(scope="session")
def fragmented() -> bytes:
    """Two seconds of H.264 at 25 frames a second and of AAC, with a fragment at each keyframe, every 25 frames."""
    buffer = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(buffer, "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=RATE, options={"g": "25", "bf": "2", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        audio = container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(numpy.full((90, 160, 3), number * 5, numpy.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        for number in range(2 * SOUND_RATE // 1024):
            sound = av.AudioFrame.from_ndarray(numpy.zeros((2, 1024), numpy.float32), format="fltp", layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = SOUND_RATE, number * 1024, Fraction(1, SOUND_RATE)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def head_and_media(fragmented: bytes) -> tuple[bytes, bytes]:
    """The initialisation section, and what follows it."""
    moov = next(box for box in boxes_of(fragmented) if box.kind == "moov")
    end = moov.offset + moov.size
    return fragmented[:end], fragmented[end:]
