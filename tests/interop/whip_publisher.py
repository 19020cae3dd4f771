"""`python whip_publisher.py URL KEY SECONDS CERTIFICATE PRIVATE_KEY`: ffmpeg's own WHIP muxer, with picture and sound.

A process of its own: the muxer keeps Python's lock while it connects. PyAV's ffmpeg makes its certificate on a curve
that aiortc does not take, so it is given one.
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

RATE = 30
SAMPLES = 960


def publish(url: str, key: str, seconds: int, certificate: str, private_key: str) -> None:
    options = {"authorization": key, "cert_file": certificate, "key_file": private_key, "strict": "experimental"}
    with av.open(url, "w", format="whip", options=options) as output:
        video = output.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "g": str(RATE)}
        sound = output.add_stream("libopus", rate=48000)
        sound.codec_context.layout = "stereo"
        begun, heard = time.monotonic(), 0
        for number in range(RATE * seconds):
            picture = VideoFrame.from_ndarray(np.full((270, 320), number % 200, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            output.mux(video.encode(picture))
            while heard * RATE < number * 48000:
                block = AudioFrame.from_ndarray(np.zeros((1, 2 * SAMPLES), np.int16), format="s16", layout="stereo")
                block.pts, block.time_base, block.sample_rate = heard, Fraction(1, 48000), 48000
                output.mux(sound.encode(block))
                heard += SAMPLES
            time.sleep(max(0.0, begun + number / RATE - time.monotonic()))


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:6])
