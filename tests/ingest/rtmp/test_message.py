import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp import amf0
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.message import (
    MAX_AGGREGATED,
    BandwidthLimit,
    Command,
    Data,
    MessageType,
    UserControl,
    UserControlType,
    control,
    control_value,
    peer_bandwidth,
    split_aggregate,
)
from vitrine.media.errors import MalformedError, VitrineError

AMF3_STRING = b"\x11\x06\x05ab"


def test_control() -> None:
    message = control(MessageType.WINDOW_SIZE, 2_500_000)
    assert message == Message(5, bytes.fromhex("002625a0"), 0, 0, 2)
    assert control_value(message) == 2_500_000
    with pytest.raises(MalformedError):
        control_value(Message(5, b"\x00"))


def test_peer_bandwidth() -> None:
    assert peer_bandwidth(1, BandwidthLimit.DYNAMIC) == Message(6, b"\x00\x00\x00\x01\x02", 0, 0, 2)


def test_user_control() -> None:
    message = UserControl(UserControlType.PING_REQUEST, b"\x01\x02\x03\x04").message()
    assert message == Message(4, bytes.fromhex("0006 01020304"), 0, 0, 2)
    assert UserControl.decode(message.payload) == UserControl(6, b"\x01\x02\x03\x04")
    with pytest.raises(MalformedError):
        UserControl.decode(b"\x00")


def test_command() -> None:
    command = Command("publish", 5.0, (None, "key", "live"))
    message = command.message(stream=1, chunk_stream=8)
    assert message == Message(20, amf0.encode("publish", 5, None, "key", "live"), 0, 1, 8)
    assert Command.decode(message) == command
    assert [command.text(position) for position in range(4)] == ["", "key", "live", ""]


@pytest.mark.parametrize(
    ("kind", "payload", "command"),
    [
        (17, b"\x00" + amf0.encode("connect", 1, None), Command("connect", 1.0, (None,))),
        (17, amf0.encode("connect", 1, None), Command("connect", 1.0, (None,))),
        (17, b"\x00" + amf0.encode("play", 1) + AMF3_STRING, Command("play", 1.0, ("ab",))),
        (20, amf0.encode("bare"), Command("bare", 0.0)),
        (20, amf0.encode("odd", "transaction"), Command("odd", 0.0)),
    ],
)
def test_command_forms(kind: int, payload: bytes, command: Command) -> None:
    assert Command.decode(Message(kind, payload)) == command


@pytest.mark.parametrize("payload", [b"", amf0.encode(1.0), b"\x02\x00"])
def test_nameless_commands_and_data(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        Command.decode(Message(20, payload))
    with pytest.raises(MalformedError):
        Data.decode(Message(18, payload))


def test_data() -> None:
    data = Data("onMetaData", ({"width": 1280.0},))
    message = data.message(1, 8, 40)
    assert message == Message(18, amf0.encode("@setDataFrame", "onMetaData", {"width": 1280}), 40, 1, 8)
    assert Data.decode(message) == data
    assert Data.decode(Message(18, amf0.encode("onTextData", {}))) == Data("onTextData", ({},))
    assert Data.decode(Message(15, b"\x00" + amf0.encode("onTextData"))) == Data("onTextData", ())
    with pytest.raises(MalformedError):
        Data.decode(Message(18, amf0.encode("@setDataFrame")))


def tag(kind: int, timestamp: int, payload: bytes) -> bytes:
    head = bytes([kind]) + len(payload).to_bytes(3, "big")
    time = (timestamp & 0xFFFFFF).to_bytes(3, "big") + bytes([timestamp >> 24])
    return head + time + bytes(3) + payload + (11 + len(payload)).to_bytes(4, "big")


def test_aggregate() -> None:
    payload = tag(8, 0x01000000, b"sound") + tag(9, 0x01000028, b"picture")
    found = list(split_aggregate(Message(22, payload, 1000, 1, 4)))
    assert found == [Message(8, b"sound", 1000, 1, 4), Message(9, b"picture", 1040, 1, 4)]
    assert list(split_aggregate(Message(22, b""))) == []


def test_an_aggregate_is_no_way_past_the_limits_of_messages() -> None:
    fits = tag(8, 0, b"") * MAX_AGGREGATED
    assert len(list(split_aggregate(Message(22, fits)))) == MAX_AGGREGATED
    with pytest.raises(MalformedError, match="more than 256 messages"):
        list(split_aggregate(Message(22, fits + tag(8, 0, b""))))


def test_aggregate_times_wrap() -> None:
    payload = tag(8, 0, b"") + tag(8, 0xFFFFFFFF, b"")
    assert [each.timestamp for each in split_aggregate(Message(22, payload, 0))] == [0, 0xFFFFFFFF]


@given(st.sampled_from([15, 17, 18, 20, 22]), st.binary(max_size=80))
def test_any_bytes(kind: int, payload: bytes) -> None:
    message = Message(kind, payload)
    for parse in (Command.decode, Data.decode, lambda each: list(split_aggregate(each)), control_value):
        try:
            parse(message)
        except VitrineError:
            continue
