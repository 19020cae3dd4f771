"""The commands by which a publisher starts and stops (RTMP 1.0 section 7.2), and the answers encoders insist on."""

from collections.abc import Callable
from enum import Enum, auto

from vitrine.ingest.publish import Refusal
from vitrine.ingest.rtmp.amf_values import Object, Value
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import DataReceived, Event, MetadataReceived, PublishRequested, SessionEnded, Warned
from vitrine.ingest.rtmp.link import WINDOW_SIZE
from vitrine.ingest.rtmp.message import (
    SHUTDOWN_CODE,
    STATUS_CHUNK_STREAM,
    BandwidthLimit,
    Command,
    Data,
    MessageType,
    UserControl,
    UserControlType,
    control,
    peer_bandwidth,
    split_aggregate,
)
from vitrine.ingest.rtmp.stream_name import split_name
from vitrine.ingest.rtmp.tracks import Tracks
from vitrine.media.errors import MalformedError, MisuseError, RefusedError, UnsupportedError, VitrineError

CHUNK_SIZE = 65_536
"""FFmpeg takes the server's chunk size as its own: large chunks save both of us work."""

REFUSAL_CODES = {
    Refusal.WRONG_KEY: "NetStream.Publish.Denied",
    Refusal.WRONG_PLACE: "NetConnection.Connect.InvalidApp",
    Refusal.WRONG_CHANNEL: "NetStream.Publish.Denied",
    Refusal.BUSY: "NetStream.Publish.BadName",
    Refusal.NO_ROOM: "NetStream.Publish.Rejected",
    Refusal.TOO_OFTEN: "NetStream.Publish.Denied",
}
"""OBS stops and shows the description on each of them. GStreamer takes Denied as a question of permission and
BadName as a name in use. FFmpeg looks at the level alone."""

UNSUPPORTED_CODE = "NetStream.Publish.Rejected"
"""Another code on which OBS stops."""

MAX_BEFORE_PUBLISHING = 100
"""Messages of a publisher until it publishes. OBS sends six, others some pings besides; a message may take one byte."""


class State(Enum):
    """How far a publisher has come."""

    CONNECTING = auto()
    CONNECTED = auto()
    ASKING = auto()
    PUBLISHING = auto()
    ENDED = auto()


class Session:
    """Messages in; events and answers out. `outgoing` collects answers, which the owner takes."""

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.events: list[Event] = []
        self.outgoing: list[Message] = []
        self.tracks = Tracks()
        self._app = ""
        self._tc_url = ""
        self._streams = 0
        self._publish = (0, 0.0)  # message stream and transaction of the publish command
        self._warned: set[str] = set()
        self._before_publishing = 0
        self._commands: dict[str, Callable[[Command, Message], None]] = {
            "connect": self._connect,
            "createStream": self._create_stream,
            "publish": self._publish_requested,
            "play": self._play,
            "play2": self._play,
            "FCUnpublish": self._unpublish,
            "deleteStream": self._unpublish,
            "closeStream": self._unpublish,
            "_checkbw": self._answer_null,
            "releaseStream": self._answer_null,
            "FCPublish": self._answer_null,
        }

    def receive(self, message: Message) -> None:
        """Take one message that is not protocol control. Raises VitrineError where the connection cannot go on."""
        kind = message.type
        if self.state is State.ENDED:
            return
        if self.state in (State.CONNECTING, State.CONNECTED):
            self._before_publishing += 1
            if self._before_publishing > MAX_BEFORE_PUBLISHING:
                raise RefusedError(f"The publisher sent {MAX_BEFORE_PUBLISHING} messages and published nothing")
        if kind in (MessageType.VIDEO, MessageType.AUDIO):
            self._receive_media(message)
        elif kind in (MessageType.COMMAND_AMF0, MessageType.COMMAND_AMF3):
            self._receive_command(message)
        elif kind in (MessageType.DATA_AMF0, MessageType.DATA_AMF3):
            self._receive_data(message)
        elif kind == MessageType.AGGREGATE:
            for each in split_aggregate(message):
                if each.type != MessageType.AGGREGATE:
                    self.receive(each)

    def accept_publish(self) -> None:
        """The answer to PublishRequested; of no effect if the publisher is gone by then."""
        if not self._is_asking():
            return
        self.state = State.PUBLISHING
        begin = UserControl(UserControlType.STREAM_BEGIN, self._publish[0].to_bytes(4, "big"))
        self.outgoing.append(begin.message())
        self._status("status", "NetStream.Publish.Start", "Publishing has started.")

    def refuse_publish(self, refusal: Refusal, text: str) -> None:
        """The other answer to PublishRequested. The text is shown by OBS."""
        if self._is_asking():
            self._status("error", REFUSAL_CODES[refusal], text)
            self.end(f"refused: {text}")

    def close(self, text: str, *, stopping: bool = False) -> None:
        """End from our side, and tell the publisher why; `stopping` where it is the server that ends."""
        if self.state in (State.ASKING, State.PUBLISHING):
            self._status("error", SHUTDOWN_CODE if stopping else REFUSAL_CODES[Refusal.BUSY], text)
        self.end(text)

    def end(self, reason: str, *, stopped: bool = False) -> None:
        """Nothing is taken any more, nor answered. Ending twice is ending once."""
        if self.state is not State.ENDED:
            self.state = State.ENDED
            self.events.append(SessionEnded(reason, stopped))

    def _is_asking(self) -> bool:
        if self.state not in (State.ASKING, State.ENDED):
            raise MisuseError(f"A publisher is answered once, after PublishRequested; the state is {self.state.name}")
        return self.state is State.ASKING

    def _status(self, level: str, code: str, text: str) -> None:
        """GStreamer wants it on the message stream of the publish command."""
        stream, transaction = self._publish
        information: Object = {"level": level, "code": code, "description": text}
        command = Command("onStatus", transaction, (None, information))
        self.outgoing.append(command.message(stream, STATUS_CHUNK_STREAM))

    def _reply(self, command: Command, *arguments: Value) -> None:
        self.outgoing.append(Command("_result", command.transaction, arguments).message())

    def _receive_media(self, message: Message) -> None:
        if self.state is not State.PUBLISHING:
            return
        try:
            self.events += self.tracks.push(message)
        except UnsupportedError as error:
            self._status("error", UNSUPPORTED_CODE, str(error))
            self.end(str(error))

    def _receive_data(self, message: Message) -> None:
        if self.state is not State.PUBLISHING:
            return
        try:
            data = Data.decode(message)
        except VitrineError as error:
            self._warn("data", f"A data message is dropped: {error}")
            return
        if data.name != "onMetaData":
            self.events.append(DataReceived(data.name, data.values, message.timestamp))
        elif data.values and isinstance(data.values[0], dict):
            self.events.append(MetadataReceived(data.values[0]))

    def _receive_command(self, message: Message) -> None:
        try:
            command = Command.decode(message)
        except VitrineError as error:
            if self.state is not State.PUBLISHING:
                raise
            self._warn("command", f"A command is dropped: {error}")
            return
        if handler := self._commands.get(command.name):
            handler(command, message)

    def _warn(self, kind: str, text: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            self.events.append(Warned(text))

    def _connect(self, command: Command, message: Message) -> None:
        if self.state is not State.CONNECTING:
            raise MalformedError("The publisher sent a second connect command")
        information = command.arguments[0] if command.arguments else None
        if not isinstance(information, dict):
            raise MalformedError("The connect command describes no connection")
        self._app = _text(information, "app")
        self._tc_url = _text(information, "tcUrl") or _text(information, "tcurl")
        self.state = State.CONNECTED
        self.outgoing += [
            control(MessageType.WINDOW_SIZE, WINDOW_SIZE),
            peer_bandwidth(WINDOW_SIZE, BandwidthLimit.DYNAMIC),
            control(MessageType.SET_CHUNK_SIZE, CHUNK_SIZE),
        ]
        self._reply(command, *_CONNECT_RESULT)

    def _create_stream(self, command: Command, message: Message) -> None:
        self._require_connected("createStream")
        self._streams += 1  # GStreamer fails on stream 0
        self._reply(command, None, float(self._streams))

    def _publish_requested(self, command: Command, message: Message) -> None:
        self._require_connected("publish")
        if self.state is not State.CONNECTED:
            raise MalformedError("The publisher sent a second publish command on one connection")
        self._publish = message.stream, command.transaction
        self.state = State.ASKING
        try:
            app, key = split_name(self._app, self._tc_url, command.text(1))
        except VitrineError as error:
            self.refuse_publish(Refusal.WRONG_PLACE, str(error))
        else:
            self.events.append(PublishRequested(app, key))

    def _play(self, command: Command, message: Message) -> None:
        self._require_connected("play")
        text = "Nothing is played over RTMP here. Viewers watch over HTTP: open the channel's watch page or playlist."
        self._publish = message.stream, command.transaction
        self._status("error", "NetStream.Play.Failed", text)
        self.end(f"refused: {text}")

    def _unpublish(self, command: Command, message: Message) -> None:
        if self.state is State.PUBLISHING:
            self._status("status", "NetStream.Unpublish.Success", "Publishing has stopped.")
            self.end("the publisher stopped", stopped=True)

    def _answer_null(self, command: Command, message: Message) -> None:
        """Haivision's encoders wait for an answer to _checkbw."""
        self._reply(command, None)

    def _require_connected(self, name: str) -> None:
        if self.state is State.CONNECTING:
            raise MalformedError(f"The publisher sent the command {name} before connect")


_CONNECT_RESULT: tuple[Value, ...] = (
    {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0},
    {
        "level": "status",
        "code": "NetConnection.Connect.Success",
        "description": "Connection succeeded.",
        "objectEncoding": 0.0,
        # Enhanced RTMP: what we decode (1), and that we know modifiers (4)
        "fourCcList": ["avc1", "hvc1", "av01", "vp09", "vp08", "mp4a", "Opus"],
        "videoFourCcInfoMap": dict.fromkeys(("avc1", "hvc1", "av01", "vp09", "vp08"), 1.0),
        "audioFourCcInfoMap": dict.fromkeys(("mp4a", "Opus"), 1.0),
        "capsEx": 4.0,
    },
)


def _text(information: Object, name: str) -> str:
    value = information.get(name)
    return value if isinstance(value, str) else ""
