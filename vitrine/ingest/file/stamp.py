"""Stamps for a raw stream, which has none: its pictures last equally long, in the order a decoder shows them."""

from __future__ import annotations  # av.Packet is generic for type checkers only

from collections import deque

import av
from av.stream import Stream

MAX_REORDERING = 16
"""Pictures that H.264 and HEVC let a decoder hold back (max_dec_frame_buffering). A picture that is still
missing after so many others is broken."""


class StampMaker:
    """Gives a raw stream's packets stamps, in ticks of the stream."""

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
