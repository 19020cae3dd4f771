"""A recorded stream to a WHIP address, by FFmpeg's own muxer (libavformat/whip.c).

What WebRTC can carry is sent as it is: H.264 without reordered pictures. Other pictures and all sound are encoded anew.
"""

from __future__ import annotations  # av.Packet is generic for type checkers only

import contextlib
import ctypes
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream

from vitrine.ingest.file.reader import PRIMING, FileReader
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import RefusedError, VitrineError
from vitrine.media.h264 import join_annexb, split_lengths
from vitrine.media.ticks import ticks_at
from vitrine.media.track import AudioTrack, Codec, Track, VideoTrack

DECODERS = {Codec.AV1: "libdav1d", Codec.OPUS: "libopus"}
"""FFmpeg's names, where they are not the codec's."""

DEFAULT_RATE = Fraction(30)
KEYFRAME_SECONDS = 2
SOUND_RATE = 48_000
SOUND_SAMPLES = 960
SOUND_BITS = 128_000
"""Opus blocks of 20 ms, as WebRTC sends them, at the rate of the ladder's sound."""

PICTURE_OPTIONS = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "crf": "20",
    "maxrate": "8M",
    "bufsize": "8M",
    "bf": "0",
}
HANDSHAKE_MS = 8_000


class DeclinedError(RefusedError):
    """The server answered with an HTTP error of this status; FFmpeg keeps its words to itself."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The server declined: {status}.")


class _Line(Protocol):
    """One track's way to the muxer."""

    def push(self, unit: AccessUnit) -> list[Packet[Stream]]: ...

    def flush(self) -> list[Packet[Stream]]: ...


class WhipMuxer:
    """Publishes a reader's tracks. Everything blocks; opening takes as long as ICE and DTLS do."""

    def __init__(self, url: str, key: str, reader: FileReader, certificate: Path, private_key: Path) -> None:
        """`certificate` and its key are PEM files: FFmpeg's own is on a curve that not every server takes.

        Raises DeclinedError where the server says no, VitrineError where no connection comes about.
        """
        options = {
            "authorization": key,
            "cert_file": str(certificate),
            "key_file": str(private_key),
            "handshake_timeout": str(HANDSHAKE_MS),
            "strict": "experimental",
        }
        self._abandoned = False
        self._output = av.open(url, "w", format="whip", options=options)
        try:
            self._lines = {track.id: self._line(track, reader) for track in reader.tracks}
            self._output.start_encoding()
        except (av.HTTPError, av.HTTPClientError, av.HTTPServerError) as error:
            raise DeclinedError(error.strerror or "no reason given") from error
        except av.FFmpegError as error:
            self.abandon()
            raise VitrineError(f"No connection for media came about: {error.strerror}.") from error

    def _line(self, track: Track, reader: FileReader) -> _Line:
        if isinstance(track, AudioTrack):
            return _SoundLine(track, self._output.add_stream("libopus", rate=SOUND_RATE))
        with av.open(f"file:{reader.path}") as recorded:
            template = recorded.streams.best("video")
            assert isinstance(template, VideoStream)
            size = track.width or template.width, track.height or template.height
            if track.codec is Codec.H264 and not template.codec_context.has_b_frames:
                return _CopyLine(track, self._output.add_stream_from_template(template))
        return _PictureLine(track, self._output.add_stream("libx264", rate=track.rate or DEFAULT_RATE), size)

    def push(self, unit: AccessUnit) -> None:
        """Send one access unit of the reader. Raises VitrineError when the session is over."""
        self._mux(self._lines[unit.track_id].push(unit))

    def flush(self) -> None:
        """Send what encoders still hold."""
        for line in self._lines.values():
            self._mux(line.flush())

    def close(self) -> None:
        """End the session, which FFmpeg DELETEs; one that was abandoned is left as it is."""
        if not self._abandoned:
            with contextlib.suppress(av.FFmpegError):
                self._output.close()

    def abandon(self) -> None:
        """Leave a session that is over as it is. FFmpeg's close waits for the peer's goodbye, which may never come, and
        holds Python's lock meanwhile; so would the destructor, which therefore must not run.
        """
        self._abandoned = True
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._output))

    def _mux(self, packets: list[Packet[Stream]]) -> None:
        try:
            self._output.mux(packets)
        except av.FFmpegError as error:
            raise VitrineError(f"The session is over: {error.strerror}.") from error


def _stamp(ticks: int, timescale: int) -> int:
    """Sound from before the first picture must not have a negative stamp."""
    return ticks + ticks_at(PRIMING, timescale)


class _CopyLine:
    """H.264 as it was recorded."""

    def __init__(self, track: VideoTrack, stream: VideoStream) -> None:
        self._track, self._stream = track, stream
        self._annexb = (stream.codec_context.extradata or b"")[:1] != b"\1"

    def push(self, unit: AccessUnit) -> list[Packet[Stream]]:
        data = join_annexb(split_lengths(unit.data)) if self._annexb else unit.data
        packet = Packet(data)
        packet.stream = self._stream
        packet.time_base = Fraction(1, self._track.timescale)
        packet.dts, packet.pts = (_stamp(each, self._track.timescale) for each in (unit.dts, unit.pts))
        packet.is_keyframe = unit.keyframe
        return [packet]

    def flush(self) -> list[Packet[Stream]]:
        return []


def _decoder(track: Track) -> av.CodecContext:
    context = av.CodecContext.create(DECODERS.get(track.codec, str(track.codec)), "r")
    if track.config and track.codec not in (Codec.VP8, Codec.VP9):
        context.extradata = track.config
    return context


def _packet(unit: AccessUnit, track: Track) -> Packet[Stream]:
    packet = Packet(unit.data)
    packet.time_base = Fraction(1, track.timescale)
    packet.dts, packet.pts = (_stamp(each, track.timescale) for each in (unit.dts, unit.pts))
    return packet


class _PictureLine:
    """Pictures of any codec to H.264 without reordering."""

    def __init__(self, track: VideoTrack, stream: VideoStream, size: tuple[int, int]) -> None:
        self._track, self._stream = track, stream
        decoder = _decoder(track)
        assert isinstance(decoder, VideoCodecContext)
        self._decoder = decoder
        stream.width, stream.height = (max(2, side - side % 2) for side in size)
        stream.pix_fmt = "yuv420p"
        interval = round(KEYFRAME_SECONDS * (track.rate or DEFAULT_RATE))
        stream.codec_context.time_base = Fraction(1, track.timescale)
        stream.codec_context.options = {**PICTURE_OPTIONS, "g": str(interval)}

    def push(self, unit: AccessUnit) -> list[Packet[Stream]]:
        return self._encode(_packet(unit, self._track))

    def flush(self) -> list[Packet[Stream]]:
        return [*self._encode(None), *self._stream.encode(None)]

    def _encode(self, packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        packets: list[Packet[Stream]] = []
        for frame in self._decoder.decode(packet):
            picture = frame.reformat(self._stream.width, self._stream.height, "yuv420p")
            picture.pts = frame.pts
            picture.time_base = Fraction(1, self._track.timescale)  # the decoder's last ones have none
            picture.pict_type = PictureType.NONE
            packets += self._stream.encode(picture)
        return packets


class _SoundLine:
    """Sound of any codec to Opus, 48 kHz stereo."""

    def __init__(self, track: AudioTrack, stream: AudioStream) -> None:
        self._track, self._stream = track, stream
        decoder = _decoder(track)
        assert isinstance(decoder, AudioCodecContext)
        self._decoder = decoder
        if not track.config:
            decoder.sample_rate = track.sample_rate
        stream.codec_context.layout, stream.codec_context.bit_rate = "stereo", SOUND_BITS
        self._resampler = AudioResampler("s16", "stereo", SOUND_RATE, frame_size=SOUND_SAMPLES)

    def push(self, unit: AccessUnit) -> list[Packet[Stream]]:
        return self._encode(self._decoder.decode(_packet(unit, self._track)))

    def flush(self) -> list[Packet[Stream]]:
        return [*self._encode([*self._decoder.decode(None), None]), *self._stream.encode(None)]

    def _encode(self, frames: Sequence[AudioFrame | None]) -> list[Packet[Stream]]:
        blocks = [block for frame in frames for block in self._resampler.resample(frame)]
        return [packet for block in blocks for packet in self._stream.encode(block)]
