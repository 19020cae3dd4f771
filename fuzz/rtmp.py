"""RTMP: handshake, chunks, AMF, media messages, and a whole connection."""

from collections.abc import Iterator
from contextlib import suppress

from fuzz.target import Target, cut, join_records, records
from tests.ingest.rtmp.wire import ASC, AVC_CONFIG, OPUS_HEADER, capture
from vitrine.ingest.publish import Refusal
from vitrine.ingest.rtmp import amf0, enhanced, flv
from vitrine.ingest.rtmp.amf_values import EcmaArray, Value
from vitrine.ingest.rtmp.chunk import ChunkReader, ChunkWriter, Message
from vitrine.ingest.rtmp.connection import RtmpConnection
from vitrine.ingest.rtmp.events import DataReceived, Event, MediaReceived, PublishRequested, SessionEnded
from vitrine.ingest.rtmp.flv import TIMESCALE, Body, Kind
from vitrine.ingest.rtmp.handshake import PACKET, RANDOM, Handshake
from vitrine.ingest.rtmp.message import MessageType
from vitrine.ingest.rtmp.tracks import Tracks
from vitrine.media.errors import MalformedError, RefusedError, UnsupportedError
from vitrine.media.timeline import Timeline
from vitrine.media.track import Codec
from vitrine.overlay.in_band import parse_in_band

SHAKEN = 1 + 2 * PACKET


def handshake(data: bytes) -> None:
    """Either it completes with what follows, or it ends in words; in pieces as in one."""

    def shake(pieces: Iterator[bytes]) -> tuple[str, bytes, bytes]:
        side = Handshake(bytes(RANDOM), client=False)
        sent = b""
        for piece in pieces:
            side.receive_data(piece)
            sent += side.data_to_send()
        return "complete" if side.complete else "open", sent, side.excess() if side.complete else b""

    with suppress(MalformedError, UnsupportedError):
        whole = shake(iter([data]))
        assert shake(cut(data)) == whole


def chunks(data: bytes) -> None:
    """In pieces the same messages as in one; what was read can be written and read again."""

    def read(pieces: Iterator[bytes]) -> tuple[list[Message], str]:
        reader = ChunkReader(max_message=1 << 16)
        messages: list[Message] = []
        for piece in pieces:
            try:
                reader.receive_data(piece)
                while reader.stopped:
                    messages += reader.events_received()
                    reader.receive_data(b"")
            except (MalformedError, RefusedError) as error:
                return messages + reader.events_received(), str(error)
            messages += reader.events_received()
        return messages, ""

    messages, fault = read(iter([data]))
    assert read(cut(data)) == (messages, fault)
    writer = ChunkWriter()
    assert read(iter([b"".join(writer.write(each) for each in messages[:64])])) == (messages[:64], "")


def amf(data: bytes) -> None:
    """Values or an error in words; what AMF 0 can write it reads again."""
    with suppress(MalformedError, UnsupportedError, RefusedError):
        values = amf0.decode(data)
        if all(map(_is_amf0, values)) and b"\x11" not in data:
            again = amf0.decode(amf0.encode(*values))
            assert repr(again) == repr(values)  # not a number is not equal to itself
        for name in ("onTextData", "onCuePoint"):
            with suppress(RefusedError):
                parse_in_band(name, values)


def _is_amf0(value: Value) -> bool:
    """Names of members that are cut at 65,535 bytes after a replacement would not come back."""
    return "\ufffd" not in repr(value)


def media_messages(data: bytes) -> None:
    """Any payloads as audio and video: tracks and units, warnings, or one error that ends the stream."""
    tracks = Tracks()
    with suppress(UnsupportedError):
        for record in records(data):
            kind = MessageType.VIDEO if record[:1] < b"\x80" else MessageType.AUDIO
            for event in tracks.push(Message(kind, record[1:], len(record))):
                if isinstance(event, MediaReceived):
                    assert event.data
                    assert abs(event.composition) <= 1 << 23


def connection(data: bytes) -> None:
    """A stranger after its handshake: nothing ever escapes, and the end is told once and last.

    The first byte says whether it may publish.
    """
    ended = _converse(iter([data[1:]]), accept=not data[:1] < b"\x20")
    assert _converse(cut(data[1:]), accept=not data[:1] < b"\x20") == ended


def _converse(pieces: Iterator[bytes], accept: bool) -> bool:
    """Whether it ended. What is told before may differ: of a refusal and a fault behind it either may come first."""
    core = RtmpConnection(bytes(RANDOM), 0.0)
    core.receive_data(_HANDSHAKE, 0.0)
    timeline = Timeline(TIMESCALE, 1 << 31)
    told: list[Event] = []
    for piece in pieces:
        core.receive_data(piece, 0.0)
        while news := core.events_received():
            told += news
            if isinstance(news[-1], PublishRequested):
                if accept:
                    core.accept_publish(0.0)
                else:
                    core.refuse_publish(Refusal.WRONG_KEY, "no", 0.0)
        core.data_to_send()
    for event in told:
        if isinstance(event, MediaReceived):
            timeline.place(event.track_id, event.stamp, 0.0)
        elif isinstance(event, DataReceived):
            timeline.look_up(event.stamp)
            with suppress(RefusedError):
                parse_in_band(event.name, event.values)
    ends = [index for index, event in enumerate(told) if isinstance(event, SessionEnded)]
    assert ends in ([], [len(told) - 1])
    return bool(ends)


_CAPTURE = capture(4)
_HANDSHAKE = _CAPTURE[:SHAKEN]


def _chunk_seeds() -> Iterator[bytes]:
    yield _CAPTURE[SHAKEN:]
    writer = ChunkWriter()
    yield writer.write(Message(9, bytes(400), 0xFFFFFFF0, 1, 70)) + writer.write(Message(8, b"", 5, 1, 400))
    yield bytes.fromhex("02 000000 000004 01 00000000 00000001 43 000001 000004 09 c3 c3 c3 c3")


def _amf_seeds() -> Iterator[bytes]:
    cue: Value = {"name": "vitrine", "parameters": {"product": "WM-1", "slot": "2"}}
    yield amf0.encode("connect", 1.0, {"app": "live", "tcUrl": "rtmp://host/live", "objectEncoding": 3.0})
    yield amf0.encode(EcmaArray(width=1280.0, encoder="OBS"), [1.0, None, True, [{"a": "b"}]])
    yield amf0.encode(cue)
    yield amf0.encode({"type": "vitrine", "action": "clear"})
    # AMF 3: an object with traits, an array by name, and references to both
    yield bytes.fromhex("11 0a 0b 01 03 61 09 05 01 04 05 06 00 01 11 0a 01 11 0c 05 00 01 11 08 01 0000000000000000")


def _media_seeds() -> Iterator[bytes]:
    video = [Body(Codec.H264, Kind.CONFIG, AVC_CONFIG), Body(Codec.H264, Kind.FRAME, b"\0\0\0\1\x65", True, 40)]
    audio = [Body(Codec.AAC, Kind.CONFIG, ASC), Body(Codec.AAC, Kind.FRAME, b"\x21\x10")]
    yield join_records([*(b"\0" + flv.encode_video(each) for each in video)])
    yield join_records([*(b"\xff" + flv.encode_audio(each) for each in audio)])
    yield join_records([*(b"\0" + enhanced.encode_video(each) for each in video)])
    for codec in (Codec.HEVC, Codec.AV1, Codec.VP9):
        body = Body(codec, Kind.CONFIG, bytes(30))
        yield join_records([b"\0" + enhanced.encode_video(body)])
    yield join_records([b"\xff" + enhanced.encode_audio(Body(Codec.OPUS, Kind.CONFIG, OPUS_HEADER))])
    yield join_records([b"\0" + bytes.fromhex("96 21 68766331 00 000003 010203 01 000001 ff"), b"\0\x97\0\0\x91avc1\0"])


TARGETS = (
    Target("rtmp_handshake", handshake, lambda: [_HANDSHAKE + b"\x03", b"\x06", b"\x16", b"GET"], 3200),
    Target("rtmp_chunks", chunks, _chunk_seeds, 6144),
    Target("rtmp_amf", amf, _amf_seeds),
    Target("rtmp_media", media_messages, _media_seeds),
    Target("rtmp_connection", connection, lambda: [b"\xff" + _CAPTURE[SHAKEN:], b"\0" + _CAPTURE[SHAKEN:]], 6144),
)
