"""Publishes two seconds with PyAV: address, video encoder, audio encoder."""

import sys

import av
import numpy as np

PICTURES = 50


def publish_with_pyav(url: str, video_codec: str, audio_codec: str) -> None:
    with av.open(url, "w", format="flv") as output:
        video = output.add_stream(video_codec, rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = output.add_stream(audio_codec, rate=48000)
        assert isinstance(audio, av.AudioStream)
        for index in range(PICTURES):
            frame = av.VideoFrame.from_ndarray(np.full((180, 160), index, np.uint8), format="yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        for index in range(100):
            sound = av.AudioFrame(format="s16", layout="stereo", samples=960)
            sound.sample_rate, sound.pts = 48000, 960 * index
            output.mux(audio.encode(sound))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))


if __name__ == "__main__":
    publish_with_pyav(*sys.argv[1:])
