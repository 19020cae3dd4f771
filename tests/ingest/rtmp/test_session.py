import pytest

from tests.ingest.rtmp.wire import ASC
from vitrine.ingest.publish import Refusal
from vitrine.ingest.rtmp.amf_values import EcmaArray, Object, Value
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import (
    DataReceived,
    MediaReceived,
    MetadataReceived,
    PublishRequested,
    SessionEnded,
    Warned,
)
from vitrine.ingest.rtmp.message import BandwidthLimit, Command, Data, MessageType, UserControl, control, peer_bandwidth
from vitrine.ingest.rtmp.session import CHUNK_SIZE, Session, State
from vitrine.media.errors import MalformedError, MisuseError
from vitrine.media.track import TrackAnnounced

CONNECTION: Object = {"app": "live", "type": "nonprivate", "tcUrl": "rtmp://host/live"}
AUDIO_HEADER = Message(8, b"\xaf\x00" + ASC, 0, 1)
AUDIO_FRAME = Message(8, b"\xaf\x01x", 20, 1)


def send(session: Session, name: str, transaction: float, *arguments: Value, stream: int = 0) -> list[Command]:
    """The commands that answer a command."""
    session.receive(Command(name, transaction, arguments).message(stream))
    return taken(session)


def taken(session: Session) -> list[Command]:
    messages, session.outgoing = session.outgoing, []
    return [Command.decode(each) for each in messages if each.type == MessageType.COMMAND_AMF0]


def connected(information: Object | None = None) -> Session:
    session = Session()
    send(session, "connect", 1, information or CONNECTION)
    return session


def asking(key: str = "key") -> Session:
    session = connected()
    send(session, "createStream", 4, None)
    assert send(session, "publish", 5, None, key, "live", stream=1) == []
    assert session.events == [PublishRequested("live", key)]
    session.events = []
    return session


def publishing() -> Session:
    session = asking()
    session.accept_publish()
    taken(session)
    return session


def status(answers: list[Command]) -> tuple[Value, Value, Value]:
    (answer,) = answers
    assert answer.name == "onStatus"
    information = answer.arguments[1]
    assert isinstance(information, dict)
    return information["level"], information["code"], information["description"]


def test_connect() -> None:
    session = Session()
    session.receive(Command("connect", 1, (CONNECTION,)).message())
    assert session.outgoing[:3] == [
        control(MessageType.WINDOW_SIZE, 2_500_000),
        peer_bandwidth(2_500_000, BandwidthLimit.DYNAMIC),
        control(MessageType.SET_CHUNK_SIZE, CHUNK_SIZE),
    ]
    (answer,) = taken(session)
    assert (answer.name, answer.transaction) == ("_result", 1)
    properties, information = answer.arguments
    assert isinstance(properties, dict)
    assert isinstance(information, dict)
    assert properties["capabilities"] == 31
    assert information["level"] == "status"
    assert information["code"] == "NetConnection.Connect.Success"
    assert information["objectEncoding"] == 0


def test_what_encoders_wait_for() -> None:
    session = connected()
    assert send(session, "releaseStream", 2, None, "key") == [Command("_result", 2, (None,))]
    assert send(session, "FCPublish", 3, None, "key") == [Command("_result", 3, (None,))]
    assert send(session, "createStream", 4, None) == [Command("_result", 4, (None, 1.0))]
    assert send(session, "_checkbw", 5, None) == [Command("_result", 5, (None,))]
    assert send(session, "createStream", 6, None) == [Command("_result", 6, (None, 2.0))]
    assert send(session, "somethingNew", 7, None) == []


def test_publish_accepted() -> None:
    session = asking()
    session.accept_publish()
    begin, answer = session.outgoing
    assert begin == UserControl(0, b"\x00\x00\x00\x01").message()
    assert answer.stream == 1
    assert status(taken(session))[:2] == ("status", "NetStream.Publish.Start")


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal.WRONG_KEY, "NetStream.Publish.Denied"),
        (Refusal.WRONG_PLACE, "NetConnection.Connect.InvalidApp"),
        (Refusal.BUSY, "NetStream.Publish.BadName"),
        (Refusal.NO_ROOM, "NetStream.Publish.Rejected"),
    ],
)
def test_publish_refused(refusal: Refusal, code: str) -> None:
    session = asking("secret")
    session.refuse_publish(refusal, "No.")
    assert session.outgoing[0].stream == 1
    assert status(taken(session)) == ("error", code, "No.")
    assert session.events == [SessionEnded("refused: No.")]


@pytest.mark.parametrize(
    "information",
    [
        {"app": "live/key", "tcUrl": "rtmp://host/live/key"},
        {"app": "live/key"},
        {"tcurl": "rtmp://host/live/key"},
        EcmaArray({"app": "live/key"}),
        {"app": "key?a=b"},
        {"app": None, "tcUrl": "rtmp://host/live/key"},
    ],
)
def test_where_the_key_may_be(information: Object) -> None:
    session = connected(information)
    send(session, "publish", 5, None, "", "live", stream=1)
    assert session.events == [PublishRequested("live", "key")]


def test_no_key_is_refused_in_words() -> None:
    session = connected()
    level, code, text = status(send(session, "publish", 5, None, "", "live", stream=1))
    assert (level, code) == ("error", "NetConnection.Connect.InvalidApp")
    assert "stream key is missing" in str(text)
    assert isinstance(session.events[-1], SessionEnded)


def test_publish_without_arguments() -> None:
    session = connected()
    assert status(send(session, "publish", 5))[0] == "error"


def test_play_is_refused_in_words() -> None:
    session = connected()
    level, code, text = status(send(session, "play", 5, None, "key", stream=1))
    assert (level, code) == ("error", "NetStream.Play.Failed")
    assert "HTTP" in str(text)
    assert isinstance(session.events[-1], SessionEnded)


@pytest.mark.parametrize("name", ["FCUnpublish", "deleteStream", "closeStream"])
def test_the_publisher_stops(name: str) -> None:
    session = publishing()
    assert status(send(session, name, 6, None, "key"))[:2] == ("status", "NetStream.Unpublish.Success")
    assert session.events == [SessionEnded("the publisher stopped", stopped=True)]
    assert send(session, "deleteStream", 7, None, 1.0) == []
    session.receive(AUDIO_HEADER)
    assert len(session.events) == 1


def test_stopping_what_has_not_begun() -> None:
    session = connected()
    assert send(session, "deleteStream", 6, None, 1.0) == []
    assert not session.events


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("createStream", (None,)),
        ("publish", (None, "key")),
        ("play", (None, "key")),
        ("connect", ()),
        ("connect", ("x",)),
    ],
)
def test_commands_out_of_order(name: str, arguments: tuple[Value, ...]) -> None:
    with pytest.raises(MalformedError):
        send(Session(), name, 1, *arguments)


def test_commands_that_come_twice() -> None:
    with pytest.raises(MalformedError, match="second connect"):
        send(connected(), "connect", 1, CONNECTION)
    with pytest.raises(MalformedError, match="second publish"):
        send(publishing(), "publish", 6, None, "key", stream=2)


def test_answers_are_given_once() -> None:
    for session in (connected(), publishing()):
        with pytest.raises(MisuseError):
            session.accept_publish()
        with pytest.raises(MisuseError):
            session.refuse_publish(Refusal.BUSY, "")


def test_an_answer_may_come_too_late() -> None:
    for answer in (Session.accept_publish, lambda session: session.refuse_publish(Refusal.BUSY, "")):
        session = asking()
        session.end("gone")
        answer(session)
        assert not session.outgoing
        assert session.events == [SessionEnded("gone")]


def test_media() -> None:
    session = publishing()
    session.receive(AUDIO_HEADER)
    session.receive(AUDIO_FRAME)
    assert [type(event) for event in session.events] == [TrackAnnounced, MediaReceived]


def test_media_before_publish_are_ignored() -> None:
    session = connected()
    session.receive(AUDIO_HEADER)
    session.receive(Data("onMetaData", ({},)).message(1, 4))
    assert not session.events


def test_media_in_aggregates() -> None:
    session = publishing()
    tags = b"".join(
        bytes([each.type]) + len(each.payload).to_bytes(3, "big") + bytes(7) + each.payload + bytes(4)
        for each in (AUDIO_HEADER, AUDIO_FRAME, Message(22, b""))
    )
    session.receive(Message(22, tags, 500, 1))
    assert session.events[1] == MediaReceived(2, 500, 0, True, b"x")


def test_video_that_is_not_taken_ends_the_session_in_words() -> None:
    session = publishing()
    session.receive(Message(9, b"\x12\x00"))
    assert status(taken(session))[:2] == ("error", "NetStream.Publish.Rejected")
    assert session.events == [
        SessionEnded("The video is coded as Sorenson H.263, which is not taken. Send H.264, HEVC, AV1, VP9 or VP8.")
    ]


def test_metadata_and_data() -> None:
    session = publishing()
    session.receive(Data("onMetaData", (EcmaArray({"encoder": "obs", "width": 1.0}),)).message(1, 4))
    session.receive(Data("onMetaData", ({"encoder": 5.0},)).message(1, 4))
    session.receive(Data("onMetaData", ("odd",)).message(1, 4))
    session.receive(Data("onTextData", ({"text": "WM-4411"},)).message(1, 4, 77))
    first, second, third = session.events
    assert isinstance(first, MetadataReceived)
    assert (first.encoder, first.values["width"]) == ("obs", 1.0)
    assert isinstance(second, MetadataReceived)
    assert second.encoder == ""
    assert third == DataReceived("onTextData", ({"text": "WM-4411"},), 77)


def test_malformed_data_and_late_commands_cost_only_themselves() -> None:
    session = publishing()
    for _ in range(2):
        session.receive(Message(18, b"\x02\x00"))
        session.receive(Message(20, b"\x02\x00"))
    session.receive(AUDIO_HEADER)
    assert [type(event) for event in session.events] == [Warned, Warned, TrackAnnounced]


def test_huge_metadata_cost_only_themselves() -> None:
    session = publishing()
    session.receive(Data("onMetaData", ({f"key {number}": 1.0 for number in range(5000)},)).message(1, 4))
    session.receive(Data("onMetaData", ({"encoder": "x" * 1_000_000},)).message(1, 4))
    session.receive(AUDIO_HEADER)
    assert [type(event) for event in session.events] == [Warned, MetadataReceived, TrackAnnounced]


def test_a_malformed_command_before_publishing_ends_it() -> None:
    with pytest.raises(MalformedError):
        connected().receive(Message(20, b"\x02\x00"))


def test_amf3_commands() -> None:
    session = Session()
    message = Command("connect", 1, (CONNECTION,)).message()
    session.receive(Message(17, b"\x00" + message.payload))
    assert session.state is State.CONNECTED


def test_unknown_messages_are_ignored() -> None:
    session = publishing()
    for kind in (3, 6, 7, 16, 19, 99):
        session.receive(Message(kind, b"anything"))
    assert not session.events
    assert not session.outgoing


def test_closing() -> None:
    session = publishing()
    session.close("Another publisher took over.")
    assert status(taken(session)) == ("error", "NetStream.Publish.BadName", "Another publisher took over.")
    session.close("again")
    assert session.events == [SessionEnded("Another publisher took over.")]
    early = connected()
    early.close("The server is stopping")
    assert not taken(early)
    assert early.events == [SessionEnded("The server is stopping")]
