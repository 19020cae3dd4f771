"""Stamps that a file does not have, made from what it has."""

from __future__ import annotations  # av.Packet is generic for type checkers only

from collections import deque

import av
from av.stream import Stream

MAX_REORDERING = 16
"""Pictures that H.264 and HEVC let a decoder hold back (max_dec_frame_buffering). A picture that is still
missing after so many others is broken."""


class StampMaker:
    """Gives a raw stream's packets stamps: its pictures last equally long, in the order a decoder shows them."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._decoder = stream.codec_context
        self._decoder.thread_count = 1  # more of them would hold back more pictures than reordering does
        self._waiting: deque[av.Packet[Stream]] = deque()
        self._places: dict[int, int] = {}
        self._read = 0
        self._shown = 0
        self._delay: int | None = None

    def filter(self, packet: av.Packet[Stream] | None) -> list[av.Packet[Stream]]:
        """The packets whose stamps are known now; with None, all that are left."""
        if packet is not None:
            packet.pts = packet.dts = self._read
            self._waiting.append(packet)
            self._read += 1
        self._decode(packet)
        return self._known()

    def _decode(self, packet: av.Packet[Stream] | None) -> None:
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            return  # a broken picture: it gets no place
        for frame in frames:
            if frame.pts is not None:
                self._places[frame.pts] = self._shown
                self._shown += 1
        if frames and self._delay is None:
            self._delay = max(0, self._read - 1) if packet else 0

    def _known(self) -> list[av.Packet[Stream]]:
        known = []
        while self._waiting:
            packet = self._waiting[0]
            number = packet.dts or 0
            if number in self._places:
                duration = packet.duration or 1
                packet.pts = (self._places.pop(number) + (self._delay or 0)) * duration
                packet.dts = number * duration
                known.append(packet)
            elif self._shown - number <= MAX_REORDERING:
                break
            self._waiting.popleft()
        return known


class Backdater:
    """Gives decoding stamps to packets that only say when they are shown.

    Matroska stores no decoding stamps, and libavformat knows them only after the first reordered pictures: the
    first packets are dated back from the first one it knows. Packets without any stamp, the rest of a picture that
    was cut off, are dropped.
    """

    def __init__(self) -> None:
        self._undated: list[av.Packet[Stream]] = []
        self._following: int | None = None

    def filter(self, packet: av.Packet[Stream] | None) -> list[av.Packet[Stream]]:
        """The packets that have all their stamps; with None, all that are left."""
        if packet is None:
            return self._date_back(min((each.pts or 0 for each in self._undated), default=0))
        if packet.pts is None:
            return []
        if packet.dts is None and self._following is None:
            self._undated.append(packet)
            return self.filter(None) if len(self._undated) > MAX_REORDERING else []
        if packet.dts is None:
            packet.dts = self._following
        dts = packet.dts or 0
        dated = self._date_back(dts)
        self._following = dts + (packet.duration or 1)
        return [*dated, packet]

    def _date_back(self, end: int) -> list[av.Packet[Stream]]:
        """The packets that waited, decoded one after the other until `end`."""
        dated, self._undated = self._undated, []
        self._following = end
        for packet in reversed(dated):
            end -= packet.duration or 1
            packet.dts = end
        return dated
