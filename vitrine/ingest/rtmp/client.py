"""The publishing side: tracks and access units in, bytes out. No sockets, no clock."""

from collections.abc import Iterable
from enum import Enum, auto

from vitrine.ingest.rtmp import enhanced, flv
from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.amf_values import EcmaArray, Object, Value
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import ClientEvent, PublishRefused, PublishStarted, SessionEnded
from vitrine.ingest.rtmp.flv import Body, Kind
from vitrine.ingest.rtmp.link import Link
from vitrine.ingest.rtmp.message import SHUTDOWN_CODE, Command, Data, MessageType, control
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError, UnsupportedError, VitrineError
from vitrine.media.ticks import rescale
from vitrine.media.track import Codec, Track, VideoTrack

CHUNK_SIZE = 65_536
AUDIO_CHUNK_STREAM = 4
VIDEO_CHUNK_STREAM = 6
DATA_CHUNK_STREAM = 8

LONGEST_COMPOSITION = (1 << 23) - 1
"""Milliseconds: 24 signed bits (FLV E.4.3.1)."""

AGENT = "FMLE/3.0 (compatible; Vitrine)"
"""Servers were written against Flash Media Live Encoder; OBS and FFmpeg call themselves that too."""

CONNECT, RELEASE, FC_PUBLISH, CREATE_STREAM, PUBLISH, FC_UNPUBLISH, DELETE_STREAM = map(float, range(1, 8))
"""The transaction of each command."""


class State(Enum):
    """How far publishing has come."""

    SHAKING = auto()
    CONNECTING = auto()
    PUBLISHING = auto()
    CLOSING = auto()
    ENDED = auto()


class RtmpPublisher:
    """Speaks first: send data_to_send() on connecting. After PublishStarted: add_track, push, and close at the end."""

    def __init__(self, address: Address, random: bytes) -> None:
        """`random` are handshake.RANDOM random bytes."""
        self.state = State.SHAKING
        self._address = address
        self._link = Link(random, client=True)
        self._stream = 0
        self._events: list[ClientEvent] = []
        self._tracks: dict[int, Track] = {}
        self._begun = False
        self._shift: int | None = None
        self._stamp = 0
        self._shown = 0  # when the unit pushed last is shown, as a stamp

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they come. What is wrong with them becomes a SessionEnded, never an exception."""
        if self.state is State.ENDED:
            return
        try:
            self._receive(data)
        except VitrineError as error:
            self._end(f"The server's answer cannot be read: {error}")

    def receive_eof(self) -> None:
        """The server sends no more."""
        self._end("The server closed the connection")

    def events_received(self) -> list[ClientEvent]:
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        return self._link.data_to_send()

    def add_track(self, track: Track) -> None:
        """Announce a track, or its changed description."""
        self._check_publishing()
        self._tracks[track.id] = track
        if self._begun:
            self._send_header(track)

    def push(self, unit: AccessUnit) -> None:
        """Send an access unit of a track that was added. Raises UnsupportedError if FLV cannot state its times."""
        self._check_publishing()
        track = self._tracks[unit.track_id]
        dts = rescale(unit.dts, track.timescale, flv.TIMESCALE)
        composition = rescale(unit.pts, track.timescale, flv.TIMESCALE) - dts
        if abs(composition) > LONGEST_COMPOSITION:
            raise UnsupportedError("A picture is shown hours away from its decoding time, which RTMP cannot state")
        if self._shift is None:
            self._shift = max(0, -dts)  # recorded files may start before 0
        self._stamp, self._shown = self._shifted(dts), self._shifted(dts + composition)
        self._begin()
        self._send_body(track, Body(track.codec, Kind.FRAME, unit.data, unit.keyframe, composition))

    def send_data(self, name: str, value: Value, stamp: int | None = None) -> None:
        """Send a data message such as onCuePoint, for the picture shown at `stamp`, ms on the clock of the units' pts,
        or else for the unit that was pushed last.
        """
        self._check_publishing()
        at = self._shown if stamp is None else self._shifted(stamp)
        self._link.send(Data(name, (value,)).message(self._stream, DATA_CHUNK_STREAM, at, keep=False))

    def close(self) -> None:
        """Say goodbye. SessionEnded follows when the server has answered or closed."""
        if self.state is State.PUBLISHING:
            self.state = State.CLOSING
            self._send(Command("FCUnpublish", FC_UNPUBLISH, (None, self._address.key)))
            self._send(Command("deleteStream", DELETE_STREAM, (None, float(self._stream))))
        else:
            self._end("closed before publishing")

    def _shifted(self, dts: int) -> int:
        return max(0, dts + (self._shift or 0)) & 0xFFFFFFFF

    def _check_publishing(self) -> None:
        if self.state is not State.PUBLISHING:
            raise MisuseError(f"Media follow PublishStarted; the state is {self.state.name}")

    def _end(self, reason: str) -> None:
        if self.state is not State.ENDED:
            self.state = State.ENDED
            self._events.append(SessionEnded(reason))

    def _send(self, command: Command, stream: int = 0) -> None:
        self._link.send(command.message(stream))

    def _receive(self, data: bytes) -> None:
        try:
            self._link.receive_data(data)
        finally:
            if self._link.open and self.state is State.SHAKING:
                self._connect()
            for message in self._link.events_received():
                if message.type in (MessageType.COMMAND_AMF0, MessageType.COMMAND_AMF3):
                    self._receive_command(Command.decode(message))

    def _receive_command(self, command: Command) -> None:
        if command.name == "_result":
            self._receive_result(command)
        elif command.name == "onStatus" or (
            # servers that do not know the two courtesies in between answer them with an error
            command.name == "_error" and command.transaction not in (RELEASE, FC_PUBLISH)
        ):
            self._receive_status(command)

    def _receive_result(self, command: Command) -> None:
        if command.transaction == CONNECT:
            key = self._address.key
            self._send(Command("releaseStream", RELEASE, (None, key)))
            self._send(Command("FCPublish", FC_PUBLISH, (None, key)))
            self._send(Command("createStream", CREATE_STREAM, (None,)))
        elif command.transaction == CREATE_STREAM:
            stream = command.arguments[1] if len(command.arguments) > 1 else None
            self._stream = int(stream) if isinstance(stream, float) and 0 <= stream < 1 << 32 else 1
            self._send(Command("publish", PUBLISH, (None, self._address.key, "live")), self._stream)

    def _receive_status(self, command: Command) -> None:
        information = next((each for each in reversed(command.arguments) if isinstance(each, dict)), {})
        code = str(information.get("code", ""))
        if code == SHUTDOWN_CODE:
            self._end("The server is stopping")
        elif command.name == "_error" or information.get("level") == "error":
            text = str(information.get("description") or code or "no reason given")
            self._events.append(PublishRefused(text.replace(self._address.key, "***")))
            self._end("The server declined")
        elif code == "NetStream.Publish.Start" and self.state is State.CONNECTING:
            self.state = State.PUBLISHING
            self._events.append(PublishStarted())
        elif code == "NetStream.Unpublish.Success" and self.state is State.CLOSING:
            self._end("published to the end")

    def _connect(self) -> None:
        self.state = State.CONNECTING
        tc_url = self._address.tc_url
        information: Object = {
            "app": self._address.app,
            "type": "nonprivate",
            "flashVer": AGENT,
            "swfUrl": tc_url,
            "tcUrl": tc_url,
            "fourCcList": [fourcc.decode() for fourcc in enhanced.FOURCCS.values()],
        }
        self._link.send(control(MessageType.SET_CHUNK_SIZE, CHUNK_SIZE))
        self._send(Command("connect", CONNECT, (information,)))

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            metadata = Data("onMetaData", (_metadata(self._tracks.values()),))
            self._link.send(metadata.message(self._stream, DATA_CHUNK_STREAM, self._stamp))
            for track in self._tracks.values():
                self._send_header(track)

    def _send_header(self, track: Track) -> None:
        self._send_body(track, Body(track.codec, Kind.CONFIG, track.config))

    def _send_body(self, track: Track, body: Body) -> None:
        if isinstance(track, VideoTrack):
            encode = flv.encode_video if track.codec is Codec.H264 else enhanced.encode_video
            kind, chunk_stream = MessageType.VIDEO, VIDEO_CHUNK_STREAM
        else:
            encode = flv.encode_audio if track.codec is Codec.AAC else enhanced.encode_audio
            kind, chunk_stream = MessageType.AUDIO, AUDIO_CHUNK_STREAM
        self._link.send(Message(kind, encode(body), self._stamp, self._stream, chunk_stream))


def _metadata(tracks: Iterable[Track]) -> EcmaArray:
    """onMetaData, with the members that FFmpeg and OBS write and servers look at."""
    members: Object = {"encoder": "Vitrine"}
    for track in tracks:
        if isinstance(track, VideoTrack):
            members["videocodecid"] = _number(track.codec)
            members["width"], members["height"] = float(track.width), float(track.height)
            if track.rate:
                members["framerate"] = float(track.rate)
        else:
            members["audiocodecid"] = _number(track.codec)
            members["audiosamplerate"] = float(track.sample_rate)
            members["audiochannels"] = float(track.channels)
            members["stereo"] = track.channels == 2
    return EcmaArray(members)


def _number(codec: Codec) -> Value:
    """The FLV number of a codec, or its FourCC as a number (Enhanced RTMP)."""
    legacy = {Codec.H264: 7.0, Codec.AAC: 10.0}
    return legacy.get(codec, float(int.from_bytes(enhanced.FOURCCS[codec], "big")))
