"""From audio and video messages to tracks and access units."""

from collections import Counter

from vitrine.ingest.rtmp import enhanced, flv
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import MediaReceived, Warned
from vitrine.ingest.rtmp.flv import TIMESCALE, Body, Kind
from vitrine.ingest.rtmp.message import MessageType
from vitrine.media.aac import AudioSpecificConfig
from vitrine.media.bits import ByteReader
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.h264 import AvcConfig, Sps
from vitrine.media.track import AudioTrack, Codec, Track, TrackAnnounced, VideoTrack

VIDEO_ID = 1
AUDIO_ID = 2
MEDIUM = {VIDEO_ID: "video", AUDIO_ID: "audio"}

OPUS_RATE = 48_000
"""Opus always decodes at 48 kHz (RFC 7845 section 5.1)."""

TrackEvent = TrackAnnounced | MediaReceived | Warned


class Tracks:
    """The video track and the audio track of one publisher; each begins with its sequence header.

    `dropped` counts messages that could not be used, by why.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._configs: dict[int, tuple[Codec, bytes]] = {}
        self._numbers: dict[int, int] = {}
        self._warned: set[str] = set()
        self._refused_audio = False
        self._events: list[TrackEvent] = []

    def push(self, message: Message) -> list[TrackEvent]:
        """Take an audio or video message. Raises UnsupportedError where a stream without it makes no sense."""
        self._events = []
        if message.payload:  # FFmpeg and others send empty ones
            if message.type == MessageType.VIDEO:
                self._push_video(message)
            elif not self._refused_audio:
                self._push_audio(message)
        return self._events

    def _push_video(self, message: Message) -> None:
        payload = message.payload
        try:
            if payload[0] & flv.ENHANCED_VIDEO:
                for body in enhanced.decode_video(payload):
                    self._push_body(VIDEO_ID, body, message.timestamp)
            elif legacy := flv.decode_video(payload):
                self._push_body(VIDEO_ID, legacy, message.timestamp)
        except MalformedError as error:
            self._drop("malformed video", f"{error}; the message is dropped")

    def _push_audio(self, message: Message) -> None:
        payload = message.payload
        try:
            if payload[0] >> 4 == flv.ENHANCED_AUDIO:
                for body in enhanced.decode_audio(payload):
                    self._push_body(AUDIO_ID, body, message.timestamp)
            elif legacy := flv.decode_audio(payload):
                self._push_body(AUDIO_ID, legacy, message.timestamp)
        except MalformedError as error:
            self._drop("malformed audio", f"{error}; the message is dropped")
        except UnsupportedError as error:
            self._refused_audio = True
            self._drop("unsupported audio", f"{error} The stream goes on without audio")

    def _push_body(self, track_id: int, body: Body, stamp: int) -> None:
        medium = MEDIUM[track_id]
        if body.codec is None or self._numbers.setdefault(track_id, body.track) != body.track:
            self._drop(
                f"further {medium} tracks", f"The publisher sends more than one {medium} track; the first is used"
            )
        elif body.kind is Kind.CONFIG:
            self._configure(track_id, body)
        elif body.kind is Kind.FRAME and body.data:
            if self._configs.get(track_id, (None,))[0] is body.codec:
                self._events.append(MediaReceived(track_id, stamp, body.composition, body.keyframe, body.data))
            else:
                self._drop(f"{medium} before its header", f"{medium.capitalize()} came before its sequence header")

    def _configure(self, track_id: int, body: Body) -> None:
        """Encoders repeat the sequence header; only a changed one is news."""
        assert body.codec is not None
        config = body.codec, body.data
        if body.data and self._configs.get(track_id) != config:
            track = describe(track_id, body)
            self._configs[track_id] = config
            self._events.append(TrackAnnounced(track))

    def _drop(self, kind: str, text: str) -> None:
        self.dropped[kind] += 1
        if kind not in self._warned:
            self._warned.add(kind)
            self._events.append(Warned(text))


def describe(track_id: int, body: Body) -> Track:
    """The track that a sequence header describes. Raises MalformedError or UnsupportedError."""
    codec, config = body.codec, body.data
    assert codec is not None
    if codec is Codec.H264:
        return _describe_h264(track_id, config)
    if codec is Codec.AAC:
        facts = AudioSpecificConfig.decode(config)
        return AudioTrack(track_id, codec, TIMESCALE, config, facts.sample_rate, facts.channels)
    if codec is Codec.OPUS:
        return AudioTrack(track_id, codec, TIMESCALE, config, OPUS_RATE, _opus_channels(config))
    return VideoTrack(track_id, codec, TIMESCALE, config)


def _describe_h264(track_id: int, config: bytes) -> VideoTrack:
    record = AvcConfig.decode(config)
    if not record.sps:
        return VideoTrack(track_id, Codec.H264, TIMESCALE, config)
    facts = Sps.decode(record.sps[0])
    return VideoTrack(
        track_id,
        Codec.H264,
        TIMESCALE,
        config,
        facts.width,
        facts.height,
        facts.pixel_aspect,
        facts.rate,
        facts.colour,
    )


def _opus_channels(header: bytes) -> int:
    """RFC 7845 section 5.1."""
    reader = ByteReader(header, "Opus ID header")
    if reader.take(8) != b"OpusHead":
        raise MalformedError("Opus ID header does not start with OpusHead")
    reader.u8()  # version
    return reader.u8()
