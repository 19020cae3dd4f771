"""`python -m tests.interop.obs.make`: writes the recording that README.md describes, without OBS.

The same arguments to the same encoders write the same packets.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.ingest.whip.rtp.packet import RtpPacket

HERE = Path(__file__).parent
RATE = 30
SECONDS = 4
LONGEST = 1_200
"""Bytes of a payload: OBS's MAX_VIDEO_FRAGMENT_SIZE."""

VIDEO = (96, 1432778633, 61_233, 3_912_004_417)
AUDIO = (111, 1432778632, 18_004, 745_120_993)
"""Payload type, SSRC, and where sequence numbers and stamps begin: at random, without regard to one another."""

X264 = "bframes=0:scenecut=0:repeat-headers=1:slices=2:sliced-threads=0:threads=1:vbv-maxrate=90:vbv-bufsize=90"

Timed = tuple[Fraction, list[bytes]]
"""When something is sent, in seconds, and its payloads."""


def encoded(folder: Path) -> tuple[list[Timed], list[Timed]]:
    """Pictures and blocks of sound."""
    show = folder / "show.mp4"
    write_sample(show, SampleShow(320, 180, Fraction(RATE), Fraction(SECONDS)))
    pictures: list[Timed] = []
    blocks: list[Timed] = []
    with av.open(str(show)) as source, av.open(str(folder / "out.mkv"), "w") as sink:
        video = sink.add_stream("libx264", rate=RATE, options={"preset": "medium", "x264-params": X264})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.bit_rate = 320, 180, "yuv420p", 80_000
        video.codec_context.gop_size, video.codec_context.profile = 2 * RATE, "High"
        audio = sink.add_stream("libopus", rate=48_000, layout="stereo", options={"frame_duration": "20"})
        assert isinstance(audio, AudioStream)
        audio.bit_rate = 32_000
        resampler = AudioResampler("s16", "stereo", 48_000, 960)
        for frame in source.decode():
            if isinstance(frame, av.VideoFrame):
                frame.pict_type = 0
                pictures += [_picture(packet) for packet in video.encode(frame)]
            elif isinstance(frame, av.AudioFrame):
                blocks += [_block(packet) for each in resampler.resample(frame) for packet in audio.encode(each)]
        pictures += [_picture(packet) for packet in video.encode(None)]
        rest = [packet for each in resampler.resample(None) for packet in audio.encode(each)]
        blocks += [_block(packet) for packet in (*rest, *audio.encode(None))]
    return pictures, blocks[: 50 * SECONDS]


def _picture(packet: "av.Packet[VideoStream]") -> Timed:
    assert packet.pts is not None
    data = bytes(packet).replace(b"\0\0\0\1", b"\0\0\1")
    nals = [nal for nal in data.split(b"\0\0\1") if nal]
    return packet.pts * Fraction(packet.time_base), [part for nal in nals for part in fragments(nal)]


def _block(packet: "av.Packet[AudioStream]") -> Timed:
    assert packet.pts is not None
    return (packet.pts * Fraction(packet.time_base)), [bytes(packet)]


def fragments(nal: bytes) -> Iterator[bytes]:
    """A NAL unit alone in a packet, or in fragments (RFC 6184 section 5.8): libdatachannel aggregates nothing."""
    if len(nal) <= LONGEST:
        yield nal
        return
    size = LONGEST - 2
    for start in range(1, len(nal), size):
        flags = (0x80 if start == 1 else 0) | (0x40 if start + size >= len(nal) else 0)
        yield bytes([nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F]) + nal[start : start + size]


def packets(
    timed: list[Timed], clock: int, origin: tuple[int, int, int, int], marks: bool
) -> Iterator[tuple[Fraction, bytes]]:
    kind, ssrc, sequence, stamp = origin
    first = timed[0][0]
    for at, payloads in timed:
        for index, payload in enumerate(payloads):
            marker = marks and index == len(payloads) - 1
            ticks = (stamp + round((at - first) * clock)) & 0xFFFFFFFF
            yield at - first, RtpPacket(marker, kind, sequence & 0xFFFF, ticks, ssrc, payload).encode()
            sequence += 1


def main() -> None:
    with TemporaryDirectory() as folder:
        pictures, blocks = encoded(Path(folder))
    sent = [*packets(pictures, 90_000, VIDEO, True), *packets(blocks, 48_000, AUDIO, False)]
    with (HERE / "packets.bin").open("wb") as file:
        for at, packet in sorted(sent, key=lambda each: each[0]):
            file.write(struct.pack(">IH", round(at * 1_000_000), len(packet)) + packet)


if __name__ == "__main__":
    main()
