"""H.264 out of RTP (RFC 6184, packetization modes 0 and 1): NAL units alone, aggregated or in fragments.

Parameter sets and delimiters stop here: sets become the track's avcC record. The profile is the one that the sets
state; what the offer declared is not asked.
"""

import contextlib
from collections.abc import Iterable, Sequence

from vitrine.ingest.whip.rtp.picture import Picture
from vitrine.media.bits import BitReader, ByteReader
from vitrine.media.errors import MalformedError, VitrineError
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.h264 import (
    NAL_DELIMITER,
    NAL_IDR,
    NAL_PPS,
    NAL_SEI,
    NAL_SLICE,
    NAL_SPS,
    AvcConfig,
    Sps,
    join_lengths,
    nal_type,
)
from vitrine.media.track import Codec, VideoTrack

STAP_A = 24
FU_A = 28
FU_START, FU_END = 0x80, 0x40
NAL_FILLER = 12
SINGLE = range(1, 24)
SEI_RECOVERY_POINT = 6

MOST_SPS = 4
MOST_PPS = 16
"""Parameter sets remembered; encoders use one or two of each, the record has room for 31 and 255."""


class H264Depacketizer:
    """`track_id` is that of the tracks it describes."""

    def __init__(self, track_id: int, parameter_sets: Iterable[bytes] = ()) -> None:
        """`parameter_sets` came with the offer (sprop-parameter-sets)."""
        self._track_id = track_id
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, bytes] = {}
        self._track: VideoTrack | None = None
        for nal in parameter_sets:
            with contextlib.suppress(MalformedError):  # the stream will bring better ones
                if nal:
                    self._keep(nal)

    def push(self, payloads: Sequence[bytes]) -> Picture | None:
        """A picture's payloads, in order; None if there is no picture in them. Raises MalformedError."""
        nals = list(_nals(payloads))
        slices = [nal for nal in nals if NAL_SLICE <= nal_type(nal) <= NAL_IDR]
        for nal in nals:
            if nal_type(nal) in (NAL_SPS, NAL_PPS):
                self._keep(nal)
        if not slices:
            return None
        keyframe = any(nal_type(nal) == NAL_IDR for nal in slices) or any(_is_recovery_point(nal) for nal in nals)
        kept = [nal for nal in nals if nal_type(nal) not in (NAL_SPS, NAL_PPS, NAL_DELIMITER, NAL_FILLER)]
        begins = _is_first_slice(slices[0])
        return Picture(join_lengths(kept), keyframe, begins, self._describe() if keyframe else None)

    def _keep(self, nal: bytes) -> None:
        if nal_type(nal) == NAL_SPS:
            number = BitReader(nal[4:9], "H.264 SPS").ue()
            self._sps = _with(self._sps, number, nal, MOST_SPS)
        elif nal_type(nal) == NAL_PPS:
            number = BitReader(nal[1:6], "H.264 PPS").ue()
            self._pps = _with(self._pps, number, nal, MOST_PPS)

    def _describe(self) -> VideoTrack | None:
        """Raises MalformedError."""
        if not self._sps or not self._pps:
            return None
        try:
            config = AvcConfig(tuple(self._sps.values()), tuple(self._pps.values())).encode()
            if self._track is None or self._track.config != config:
                facts = Sps.decode(next(reversed(self._sps.values())))
                self._track = VideoTrack(
                    self._track_id,
                    Codec.H264,
                    VIDEO_TIMESCALE,
                    config,
                    facts.width,
                    facts.height,
                    facts.pixel_aspect,
                    None,  # a camera over WebRTC keeps no rate, whatever its SPS says
                    facts.colour,
                )
        except VitrineError as error:
            self._sps, self._pps = {}, {}
            raise MalformedError(str(error)) from error
        return self._track


def _with(sets: dict[int, bytes], number: int, nal: bytes, most: int) -> dict[int, bytes]:
    if sets.get(number) == nal:
        return sets
    kept = {each: value for each, value in sets.items() if each != number}
    for oldest in list(kept)[: max(0, len(kept) + 1 - most)]:
        del kept[oldest]
    return kept | {number: nal}


def _nals(payloads: Sequence[bytes]) -> Iterable[bytes]:
    fragments: list[bytes] | None = None
    for payload in payloads:
        if not payload:
            continue
        kind = nal_type(payload)
        if kind == FU_A:
            fragments = _add_fragment(fragments, payload)
            if payload[1] & FU_END:
                yield b"".join(fragments)
                fragments = None
            continue
        if fragments is not None:
            raise MalformedError("An H.264 fragment has no end")
        if kind == STAP_A:
            yield from _aggregated(payload)
        elif kind in SINGLE:
            yield payload
        else:
            raise MalformedError(
                f"An RTP payload of type {kind} belongs to no H.264 packetization mode that was offered"
            )
    if fragments is not None:
        raise MalformedError("An H.264 fragment has no end")


def _add_fragment(fragments: list[bytes] | None, payload: bytes) -> list[bytes]:
    if len(payload) < 3:
        raise MalformedError("An H.264 fragment is empty")
    if payload[1] & FU_START:
        if fragments is not None:
            raise MalformedError("An H.264 fragment has no end")
        return [bytes([payload[0] & 0xE0 | payload[1] & 0x1F]), payload[2:]]
    if fragments is None:
        raise MalformedError("An H.264 fragment has no beginning")
    fragments.append(payload[2:])
    return fragments


def _aggregated(payload: bytes) -> Iterable[bytes]:
    reader = ByteReader(payload[1:], "H.264 aggregation packet")
    while reader.remaining:
        nal = reader.take(reader.u16())
        if nal:
            yield nal


def _is_first_slice(nal: bytes) -> bool:
    """first_mb_in_slice, the first number of a slice header, is 0: a single bit 1 (section 7.3.3)."""
    return len(nal) > 1 and bool(nal[1] & 0x80)


def _is_recovery_point(nal: bytes) -> bool:
    """An SEI whose first message says that decoding may begin here (annex D.1.8): encoders without IDR."""
    return nal_type(nal) == NAL_SEI and len(nal) > 2 and nal[1] == SEI_RECOVERY_POINT
