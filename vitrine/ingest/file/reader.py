"""A media file as a session: its tracks, and its access units in decode order from time 0."""

from __future__ import annotations  # av.Packet is generic for type checkers only

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from vitrine.ingest.file.convert import PacketConverter
from vitrine.ingest.file.describe import describe_audio, describe_video
from vitrine.ingest.file.interleave import Interleaver
from vitrine.ingest.file.repeat import repeat
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import ConfigError, MalformedError, UnsupportedError, VitrineError
from vitrine.media.ticks import ticks_at
from vitrine.media.track import Track, VideoTrack

VIDEO_ID = 1
AUDIO_ID = 2

PRIMING = Fraction(1, 4)
"""Seconds of sound kept from before the first picture: what an audio encoder needs to start up.
A capture that began between two keyframes has up to a whole GOP of sound without a picture."""

OPTIONS = {"protocol_whitelist": "file"}
"""A file may be a playlist that names others; it must not make us fetch addresses."""

TEXT = "tty"
"""libavformat takes a text file for a terminal's picture."""

CONVERT = "Convert it first, for example: ffmpeg -i IN -c:v libx264 -c:a aac OUT.mp4"


class FileReader:
    """A recorded stream: the first video and the first audio stream of a file that libavformat reads.

    `tracks` has the video first. Times are ticks of each track: 0 is where the first keyframe is shown (in a
    file without pictures, the first sound), sound from up to PRIMING before it is negative, and so is the
    decoding time of reordered pictures. Iterating opens the file anew each time.

    `duration` is seconds as the container states them, 0 where it does not.

    Raises ConfigError if there is no such file, MalformedError if it cannot be read, UnsupportedError if
    nothing in it can be used. A file that is cut short ends where it is cut.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ConfigError(f"{self.path} is not a file. Name a recorded video, such as show.mp4.")
        self.duration = Fraction(0)
        self.tracks = self._describe()
        self._origin = self._find_origin()

    def __iter__(self) -> Iterator[AccessUnit]:
        """Every access unit, all tracks interleaved by decoding time."""
        interleaver = Interleaver(self.tracks)
        for unit in self._from_origin():
            yield from interleaver.push(unit)
        yield from interleaver.flush()

    def repeated(self, turns: int | None = None) -> Iterator[AccessUnit]:
        """The file `turns` times, or for ever, as one stream: frame follows frame, sound stays in sync."""
        return repeat((self for _ in (count() if turns is None else range(turns))), self.tracks)

    def _open(self) -> InputContainer:
        try:
            container = av.open(f"file:{self.path}", options=OPTIONS)
        except (av.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise MalformedError(f"{self.path} is not a video file that can be read: {reason}.") from error
        if container.format.name == TEXT:
            container.close()
            raise MalformedError(f"{self.path} is not a video file that can be read: it is text.")
        return container

    def _describe(self) -> tuple[Track, ...]:
        with self._open() as container:
            self.duration = Fraction(container.duration or 0, av.time_base)
            streams = _chosen(container)
            firsts = _first_packets(container, streams)
            try:
                tracks = [_track(stream, firsts[stream.index]) for stream in streams if stream.index in firsts]
            except VitrineError as error:
                raise type(error)(f"{self.path} cannot be played: {error}. {CONVERT}") from error
        if not tracks:
            raise UnsupportedError(f"{self.path} has neither picture nor sound. {CONVERT}")
        return tuple(tracks)

    def _find_origin(self) -> Fraction:
        """Seconds, in the container's time, of the first keyframe of the first track."""
        lead = self.tracks[0]
        for unit in self._recorded():
            if unit.track_id == lead.id and unit.keyframe:
                return Fraction(unit.pts, lead.timescale)
        raise MalformedError(f"{self.path} cannot be played: its first track has no keyframe. {CONVERT}")

    def _from_origin(self) -> Iterator[AccessUnit]:
        """From the first keyframe on, in session time, each track in its own order."""
        lead = self.tracks[0].id
        origins = {track.id: ticks_at(self._origin, track.timescale) for track in self.tracks}
        earliest = {track.id: -ticks_at(PRIMING, track.timescale) for track in self.tracks}
        started = False
        for unit in self._recorded():
            started = started or (unit.track_id == lead and unit.keyframe)
            pts, dts = unit.pts - origins[unit.track_id], unit.dts - origins[unit.track_id]
            if started if unit.track_id == lead else pts >= earliest[unit.track_id]:
                yield AccessUnit(unit.track_id, dts, pts, unit.keyframe, unit.data)

    def _recorded(self) -> Iterator[AccessUnit]:
        """Every access unit in the container's own time and order."""
        with self._open() as container:
            by_kind = {type(stream): stream for stream in _chosen(container)}
            converters = {}
            for track in self.tracks:
                stream = by_kind[av.VideoStream if isinstance(track, VideoTrack) else av.AudioStream]
                converters[stream.index] = PacketConverter(stream, track)
            for packet in _packets(container, list(converters)):
                yield from converters[packet.stream_index].push(packet)
            for converter in converters.values():
                yield from converter.flush()


def _chosen(container: InputContainer) -> list[av.VideoStream | av.AudioStream]:
    """The first video that is not a cover picture, and the first audio."""
    pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    return [*pictures[:1], *container.streams.audio[:1]]


def _track(stream: av.VideoStream | av.AudioStream, first: av.Packet[Stream]) -> Track:
    if isinstance(stream, av.VideoStream):
        return describe_video(stream, first, VIDEO_ID)
    return describe_audio(stream, first, AUDIO_ID)


def _first_packets(
    container: InputContainer, streams: Iterable[av.VideoStream | av.AudioStream]
) -> dict[int, av.Packet[Stream]]:
    """By stream index: the first keyframe of video, the first packet of audio."""
    missing = {stream.index for stream in streams}
    firsts = {}
    for packet in _packets(container, sorted(missing)):
        if packet.stream_index in missing and packet.is_keyframe:
            firsts[packet.stream_index] = packet
            missing.discard(packet.stream_index)
        if not missing:
            break
    return firsts


def _packets(container: InputContainer, indexes: list[int]) -> Iterator[av.Packet[Stream]]:
    """Whole packets, as far as the file goes."""
    try:
        for packet in container.demux(*indexes) if indexes else ():
            if packet.size and not packet.is_corrupt:
                yield packet
    except av.FFmpegError:
        return  # a capture that was cut off: what came before is good
