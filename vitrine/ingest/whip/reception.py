"""A publisher's RTP and RTCP in, tracks and access units in session time out, with what is to be sent back. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vitrine.ingest.whip.clock import SessionClock
from vitrine.ingest.whip.events import Measured, PeerEvent
from vitrine.ingest.whip.rtp import rtcp
from vitrine.ingest.whip.rtp.arrivals import Arrivals
from vitrine.ingest.whip.rtp.assembly import Assembled
from vitrine.ingest.whip.rtp.h264 import H264Depacketizer
from vitrine.ingest.whip.rtp.opus import OPUS_RATE, opus_track
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.ingest.whip.rtp.picture import Picture
from vitrine.ingest.whip.rtp.pictures import Depacketizer, Pictures
from vitrine.ingest.whip.rtp.reorder import Ordered
from vitrine.ingest.whip.rtp.sounds import Sounds
from vitrine.ingest.whip.rtp.stream import RtpStream
from vitrine.ingest.whip.rtp.vp8 import Vp8Depacketizer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.track import Codec, TrackAnnounced, VideoTrack

VIDEO_ID, AUDIO_ID = 1, 2
TIMESCALES = {VIDEO_ID: VIDEO_TIMESCALE, AUDIO_ID: OPUS_RATE}

LONGEST_WAIT = {VIDEO_ID: 1.0, AUDIO_ID: 0.25}
"""Seconds that a missing packet is waited for. A picture that comes a second late is still within the players' buffer;
sound that is lost can be made up, and silence takes its place after 0.4 s."""

REPORT_INTERVAL = 1.0
"""Seconds between two receiver reports, and two measurements."""

SILENT_SENDER = 1.0
"""Seconds after which another stream of the same kind takes the place of one that says nothing."""


@dataclass(frozen=True, slots=True)
class Format:
    """A payload type that was agreed on. `parameters` are those of its `fmtp` line."""

    payload_type: int
    codec: Codec
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def track_id(self) -> int:
        return AUDIO_ID if self.codec is Codec.OPUS else VIDEO_ID


class Reception:
    """One publisher. `receive_data`, then `events_received` and `data_to_send`; so too after `handle_deadline`."""

    def __init__(
        self,
        ssrc: int,
        formats: Sequence[Format],
        retransmitted: Mapping[int, int],
        now: float,
        numbered_by: int | None = None,
    ) -> None:
        """`ssrc` is ours in RTCP; `retransmitted` gives the payload type that a retransmission's one stands for.

        `numbered_by` is the header extension that numbers every packet of the transport, where that was agreed on.
        """
        self.malformed = 0
        self._ssrc = ssrc
        self._formats = {each.payload_type: each for each in formats}
        self._retransmitted = {of: to for of, to in retransmitted.items() if to in self._formats}
        tracks = {each.track_id for each in formats}
        self._clock = SessionClock(AUDIO_ID, VIDEO_ID, {each: TIMESCALES[each] for each in tracks})
        self._streams: dict[int, RtpStream] = {}  # by track
        self._lost = self._repaired = self._packets = 0  # of streams that were replaced
        self._pictures = Pictures(H264Depacketizer(VIDEO_ID))
        self._picture_format: Format | None = None
        self._sounds = Sounds()
        self._announced: dict[int, object] = {}
        self._arrivals = Arrivals(ssrc)
        self._numbered_by = numbered_by
        self._round_trip: float | None = None
        self._next_report = now + REPORT_INTERVAL
        self._events: list[PeerEvent] = []
        self._out: list[bytes] = []
        self._announce_video()

    def receive_data(self, data: bytes, now: float, arrived: float | None = None) -> None:
        """An RTP or RTCP packet, decrypted, that arrived at `arrived`, or now. What makes no sense is counted."""
        at = now if arrived is None else arrived
        try:
            if rtcp.is_rtcp(data):
                self._receive_rtcp(data, at)
            else:
                self._receive_rtp(RtpPacket.decode(data), at)
        except MalformedError:
            self.malformed += 1
        self._ask(now)

    def measure_round_trip(self, seconds: float) -> None:
        self._round_trip = seconds
        for stream in self._streams.values():
            stream.nacks.measure(seconds)

    def want_keyframe(self, now: float) -> None:
        """The transcoder has to begin anew."""
        self._pictures.want_keyframe()
        self._ask(now)

    def next_deadline(self) -> float:
        deadlines = (stream.nacks.next_deadline() for stream in self._streams.values())
        found = (self._arrivals.next_deadline(), *deadlines)
        return min([self._next_report, *(each for each in found if each is not None)])

    def handle_deadline(self, now: float) -> None:
        for track_id, stream in self._streams.items():
            self._take(track_id, stream.reorder.handle_deadline(now), now)
        if now >= self._next_report:
            self._next_report = now + REPORT_INTERVAL
            self._report(now)
        self._ask(now)

    def events_received(self) -> list[PeerEvent]:
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """RTCP packets, to be encrypted."""
        out, self._out = self._out, []
        return out

    def _receive_rtcp(self, data: bytes, now: float) -> None:
        for packet in rtcp.decode(data):
            for track_id, stream in list(self._streams.items()):
                if isinstance(packet, rtcp.SenderReport) and packet.ssrc == stream.ssrc:
                    stream.receive_report(packet, now)
                    if packet.packets:  # before that some send stamps that mean nothing (OBS: all ones)
                        self._clock.report(track_id, packet.ntp, packet.timestamp)
                elif isinstance(packet, rtcp.Goodbye) and stream.ssrc in packet.ssrcs:
                    self._forget(track_id)

    def _receive_rtp(self, packet: RtpPacket, now: float) -> None:
        self._note_arrival(packet, now)
        original = self._retransmitted.get(packet.payload_type)
        if original is not None:
            stream = self._streams.get(self._formats[original].track_id)
            unwrapped = None if stream is None else packet.unwrapped(original, stream.ssrc)
            if stream is not None and unwrapped is not None:
                self._take(self._formats[original].track_id, stream.push_again(unwrapped, now), now)
            return
        agreed = self._formats.get(packet.payload_type)
        if agreed is not None and (stream := self._stream(agreed, packet, now)) is not None:
            self._take(agreed.track_id, stream.push(packet, now), now)

    def _note_arrival(self, packet: RtpPacket, now: float) -> None:
        """Of any packet, also one that only probes the bandwidth."""
        number = None if self._numbered_by is None else packet.extension(self._numbered_by)
        if number is not None and len(number) == 2:
            self._arrivals.push(int.from_bytes(number, "big"), packet.ssrc, now)

    def _stream(self, agreed: Format, packet: RtpPacket, now: float) -> RtpStream | None:
        """The stream of a packet; None where another of the same kind is running, as with simulcast."""
        stream = self._streams.get(agreed.track_id)
        if stream is not None and stream.ssrc != packet.ssrc:
            if now - stream.heard < SILENT_SENDER:
                return None
            self._forget(agreed.track_id)
            stream = None
        if stream is None:
            rate = TIMESCALES[agreed.track_id]
            stream = RtpStream(packet.ssrc, packet.payload_type, rate, LONGEST_WAIT[agreed.track_id])
            if self._round_trip is not None:
                stream.nacks.measure(self._round_trip)
            self._streams[agreed.track_id] = stream
            self._announce_sound(agreed)
        return stream

    def _forget(self, track_id: int) -> None:
        stream = self._streams.pop(track_id)
        self._clock.restart(track_id)
        self._packets += stream.packets
        self._lost += stream.nacks.lost
        self._repaired += stream.nacks.repaired
        if track_id == VIDEO_ID:
            self._picture_format = None

    def _take(self, track_id: int, ordered: Sequence[Ordered], now: float) -> None:
        for each in ordered:
            if track_id == VIDEO_ID:
                self._choose_depacketizer(each.packet.payload_type)
                for assembled, picture in self._pictures.push(each, now):
                    self._push_picture(assembled, picture)
            else:
                for stamp, data in self._sounds.push(each):
                    dts, pts = self._clock.place(AUDIO_ID, stamp, each.arrived)
                    self._events.append(AccessUnit(AUDIO_ID, dts, pts, True, data))

    def _push_picture(self, assembled: Assembled, picture: Picture) -> None:
        if picture.track is not None and self._announced.get(VIDEO_ID) != picture.track:
            self._announced[VIDEO_ID] = picture.track
            self._events.append(TrackAnnounced(picture.track))
        dts, pts = self._clock.place(VIDEO_ID, assembled.timestamp, assembled.arrived)
        self._events.append(AccessUnit(VIDEO_ID, dts, pts, picture.keyframe, picture.data))

    def _choose_depacketizer(self, payload_type: int) -> None:
        """Browsers change the codec in mid-stream when an encoder fails them."""
        agreed = self._formats[payload_type]
        if agreed is self._picture_format:
            return
        self._picture_format = agreed
        requested, damaged = self._pictures.requested, self._pictures.damaged
        self._pictures = Pictures(_depacketizer(agreed))
        self._pictures.requested, self._pictures.damaged = requested, damaged

    def _announce_video(self) -> None:
        """So that the broadcast waits for the picture; it is described in full with its first keyframe."""
        agreed = next((each for each in self._formats.values() if each.track_id == VIDEO_ID), None)
        if agreed is not None:
            self._events.append(TrackAnnounced(VideoTrack(VIDEO_ID, agreed.codec, VIDEO_TIMESCALE, b"")))

    def _announce_sound(self, agreed: Format) -> None:
        if agreed.track_id == AUDIO_ID and AUDIO_ID not in self._announced:
            self._announced[AUDIO_ID] = opus_track(AUDIO_ID)
            self._events.append(TrackAnnounced(opus_track(AUDIO_ID)))

    def _ask(self, now: float) -> None:
        self._out += self._arrivals.due(now)
        for track_id, stream in self._streams.items():
            if missing := stream.nacks.due(now):
                self._out.append(rtcp.encode_nack(self._ssrc, stream.ssrc, missing))
            if track_id == VIDEO_ID and self._pictures.asks_for_keyframe(now):
                self._out.append(rtcp.encode_picture_loss(self._ssrc, stream.ssrc))

    def _report(self, now: float) -> None:
        streams = self._streams.values()
        if streams:
            self._out.append(rtcp.encode_receiver_report(self._ssrc, [each.report_block(now) for each in streams]))
        shown = self._streams.get(VIDEO_ID) or self._streams.get(AUDIO_ID)
        self._events.append(
            Measured(
                self._packets + sum(each.packets for each in streams),
                self._lost + sum(each.nacks.lost for each in streams),
                self._repaired + sum(each.nacks.repaired for each in streams),
                0.0 if shown is None else shown.jitter,
                self._round_trip,
                self._pictures.requested,
            )
        )


def _depacketizer(agreed: Format) -> Depacketizer:
    if agreed.codec is Codec.VP8:
        return Vp8Depacketizer(VIDEO_ID)
    return H264Depacketizer(VIDEO_ID, _parameter_sets(agreed))


def _parameter_sets(agreed: Format) -> list[bytes]:
    """Those that the offer holds (RFC 6184 section 8.1, sprop-parameter-sets); none if they make no sense."""
    try:
        parts = agreed.parameters.get("sprop-parameter-sets", "").split(",")
        return [base64.b64decode(part) for part in parts if part]
    except (binascii.Error, ValueError):
        return []
