"""Packets of a file become access units: stamps completed, NAL units and AAC frames in stored form."""

from __future__ import annotations  # av.Packet is generic for type checkers only

from collections.abc import Iterator
from typing import Protocol

import av
from av.bitstream import BitStreamFilterContext
from av.stream import Stream

from vitrine.ingest.file.describe import is_adts, is_annexb
from vitrine.ingest.file.stamp import Backdater, StampMaker
from vitrine.media.access_unit import AccessUnit
from vitrine.media.h264 import NAL_DELIMITER, AvcConfig, join_lengths, nal_type, split_annexb
from vitrine.media.track import Codec, Track

HEVC_DELIMITER = 35
"""Access unit delimiter (ITU-T H.265 table 7-1)."""


class PacketFilter(Protocol):
    """Something that packets of one stream go through, as through libavcodec's own filters."""

    def filter(self, packet: av.Packet[Stream] | None) -> list[av.Packet[Stream]]:
        """The packets that are ready; with None, all that are left."""


class PacketConverter:
    """One stream's packets to access units of its track, in the stream's own time."""

    def __init__(self, stream: av.VideoStream | av.AudioStream, track: Track) -> None:
        self._stream = stream
        self._track = track
        self._ticks = stream.time_base.numerator if stream.time_base else 1
        self._filters: list[PacketFilter] = []
        self._started = False
        self._annexb = False
        self._parameter_sets: frozenset[bytes] = frozenset()

    def push(self, packet: av.Packet[Stream]) -> Iterator[AccessUnit]:
        """The access units that this packet completes: none, one, or many that waited for their stamps."""
        if not self._started:
            self._start(packet)
        packets = [packet]
        for each in self._filters:
            packets = [filtered for packet in packets for filtered in each.filter(packet)]
        yield from map(self._unit, packets)

    def flush(self) -> Iterator[AccessUnit]:
        """The access units still held back when the file ends."""
        packets: list[av.Packet[Stream]] = []
        for each in self._filters:
            packets = [filtered for packet in packets for filtered in each.filter(packet)] + each.filter(None)
        yield from map(self._unit, packets)

    def _start(self, first: av.Packet[Stream]) -> None:
        self._started = True
        data, codec = bytes(first), self._track.codec
        if first.pts is None and isinstance(self._stream, av.VideoStream):
            self._filters.append(StampMaker(self._stream))
        if codec is Codec.AAC and is_adts(data):
            self._filters.append(BitStreamFilterContext("aac_adtstoasc", self._stream))
        self._filters.append(Backdater())
        if codec in (Codec.H264, Codec.HEVC):
            self._annexb = is_annexb(data)
        if codec is Codec.H264 and self._annexb and self._track.config:
            record = AvcConfig.decode(self._track.config)
            self._parameter_sets = frozenset(record.sps + record.pps)

    def _unit(self, packet: av.Packet[Stream]) -> AccessUnit:
        pts, dts = (packet.pts or 0) * self._ticks, (packet.dts or 0) * self._ticks
        data = self._stored(bytes(packet)) if self._annexb else bytes(packet)
        return AccessUnit(self._track.id, dts, pts, packet.is_keyframe, data)

    def _stored(self, data: bytes) -> bytes:
        """Length-prefixed, without delimiters and without the parameter sets that the track's record has."""
        return join_lengths(nal for nal in split_annexb(data) if not self._is_redundant(nal))

    def _is_redundant(self, nal: bytes) -> bool:
        if self._track.codec is Codec.HEVC:
            return nal[0] >> 1 & 0x3F == HEVC_DELIMITER
        return nal_type(nal) == NAL_DELIMITER or nal in self._parameter_sets
