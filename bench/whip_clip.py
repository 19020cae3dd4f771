"""The sample show as a WebRTC publisher sends it: H.264 without B-frames at a constant rate, and Opus, in MPEG-TS."""

from fractions import Fraction
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

RATE = 30


def write_clip(path: Path, width: int, height: int, kbps: int, seconds: int) -> None:
    """Keyframes are 2 s apart."""
    source = path.with_suffix(".mp4")
    write_sample(source, SampleShow(width, height, Fraction(RATE), Fraction(seconds)))
    with av.open(str(source)) as show, av.open(str(path), "w", format="mpegts") as clip:
        params = f"nal-hrd=cbr:scenecut=0:force-cfr=1:vbv-maxrate={kbps}:vbv-bufsize={kbps}:filler=1"
        options = {"preset": "superfast", "tune": "zerolatency", "x264-params": params}
        video = clip.add_stream("libx264", rate=RATE, options=options)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", kbps * 1000
        video.codec_context.gop_size = 2 * RATE
        audio = clip.add_stream("libopus", rate=48_000, layout="stereo")
        assert isinstance(audio, AudioStream)
        audio.bit_rate = 128_000
        resampler = AudioResampler("flt", "stereo", 48_000, audio.codec_context.frame_size or 960)
        for frame in show.decode():
            if isinstance(frame, av.VideoFrame):
                frame.pict_type = 0
                clip.mux(video.encode(frame))
            elif isinstance(frame, av.AudioFrame):
                for block in resampler.resample(frame):
                    clip.mux(audio.encode(block))
        clip.mux(video.encode(None))
        for block in resampler.resample(None):
            clip.mux(audio.encode(block))
        clip.mux(audio.encode(None))
