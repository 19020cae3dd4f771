import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.rtmp.wire import CUTS
from vitrine.ingest.rtmp import chunk
from vitrine.ingest.rtmp.chunk import ChunkReader, ChunkWriter, Message
from vitrine.media.errors import MalformedError, RefusedError

LONG = bytes(range(256)) * 2

WRITTEN: dict[str, tuple[list[Message], str]] = {
    "one byte id": ([Message(20, b"ab", 5, 1, 3)], "03 000005 000002 14 01000000 6162"),
    "two byte id": ([Message(8, b"a", 0, 0, 64)], "0000 000000 000001 08 00000000 61"),
    "two byte id, last": ([Message(8, b"a", 0, 0, 319)], "00ff 000000 000001 08 00000000 61"),
    "three byte id": ([Message(8, b"a", 0, 0, 65599)], "01ffff 000000 000001 08 00000000 61"),
    "three byte id, first": ([Message(8, b"a", 0, 0, 320)], "010001 000000 000001 08 00000000 61"),
    "empty": ([Message(9, b"", 1, 1, 4)], "04 000001 000000 09 01000000"),
    "little-endian stream": ([Message(9, b"", 0, 0x01020304, 4)], "04 000000 000000 09 04030201"),
    "last short time": ([Message(9, b"", 0xFFFFFE, 1, 4)], "04 fffffe 000000 09 01000000"),
    "extended time": ([Message(9, b"z", 0xFFFFFF, 1, 4)], "04 ffffff 000001 09 01000000 00ffffff 7a"),
    "many chunks": (
        [Message(9, LONG[:300], 7, 1, 6)],
        f"06 000007 00012c 09 01000000 {LONG[:128].hex()} c6 {LONG[128:256].hex()} c6 {LONG[256:300].hex()}",
    ),
    "extended time in every chunk": (
        [Message(9, LONG[:130], 0x01020304, 1, 6)],
        f"06 ffffff 000082 09 01000000 01020304 {LONG[:128].hex()} c6 01020304 {LONG[128:130].hex()}",
    ),
}

READ: dict[str, tuple[list[Message], str]] = {
    "type 1 and 2 add to the time": (
        [Message(8, b"a", 10, 1, 4), Message(9, b"bc", 15, 1, 4), Message(9, b"de", 21, 1, 4)],
        "04 00000a 000001 08 01000000 61  44 000005 000002 09 6263  84 000006 6465",
    ),
    "type 3 repeats the difference": (
        [Message(8, b"a", 10, 1, 4), Message(8, b"b", 15, 1, 4), Message(8, b"c", 20, 1, 4)],
        "04 00000a 000001 08 01000000 61  84 000005 62  c4 63",
    ),
    "type 3 after type 0 repeats its time": (
        [Message(8, b"a", 10, 1, 4), Message(8, b"b", 20, 1, 4)],
        "04 00000a 000001 08 01000000 61  c4 62",
    ),
    "librtmp's ping starts with type 1": ([Message(4, b"\x00\x06", 0, 0, 2)], "42 000000 000002 04 0006"),
    "two streams interleaved": (
        [Message(8, b"x", 0, 1, 4), Message(9, LONG[:130], 0, 1, 6)],
        f"06 000000 000082 09 01000000 {LONG[:128].hex()} 04 000000 000001 08 01000000 78 c6 {LONG[128:130].hex()}",
    ),
    "set chunk size acts at once": (
        [Message(9, LONG[:200], 0, 1, 6)],
        f"02 000000 000004 01 00000000 00000200 06 000000 0000c8 09 01000000 {LONG[:200].hex()}",
    ),
    "abort drops what has begun": (
        [Message(9, b"new", 0, 1, 6)],
        f"06 000000 000082 09 01000000 {LONG[:128].hex()} 02 000000 000004 02 00000000 00000006"
        " 06 000000 000003 09 01000000 6e6577",
    ),
    "abort of an unknown chunk stream": ([], "02 000000 000004 02 00000000 00000063"),
    "a full header in the middle drops what has begun": (
        [Message(9, b"new", 0, 1, 6)],
        f"06 000000 000082 09 01000000 {LONG[:128].hex()} 06 000000 000003 09 01000000 6e6577",
    ),
    "extended difference": (
        [Message(8, b"a", 10, 1, 4), Message(8, b"b", 0x0100000A, 1, 4), Message(8, b"c", 0x0200000A, 1, 4)],
        "04 00000a 000001 08 01000000 61  84 ffffff 01000000 62  c4 01000000 63",
    ),
    "time wraps at 32 bits": (
        [Message(8, b"a", 0xFFFFFFFF, 1, 4), Message(8, b"b", 1, 1, 4)],
        "04 ffffff 000001 08 01000000 ffffffff 61  84 000002 62",
    ),
    "old OBS leaves the extended time out of later chunks": (
        [Message(9, LONG[:300], 0x01020304, 1, 6), Message(9, b"", 0x01020305, 1, 6)],
        f"06 ffffff 00012c 09 01000000 01020304 {LONG[:128].hex()} c6 {LONG[128:256].hex()} c6 {LONG[256:300].hex()}"
        " 46 000001 000000 09",
    ),
    "later chunks repeat an extended difference": (
        [Message(8, b"a", 10, 1, 6), Message(9, LONG[:130], 0x0100000A, 1, 6)],
        f"06 00000a 000001 08 01000000 61 46 ffffff 000082 09 01000000 {LONG[:128].hex()} c6 01000000 8081",
    ),
    "later chunks give the whole time instead": (
        [Message(8, b"a", 10, 1, 6), Message(9, LONG[:130], 0x0100000A, 1, 6)],
        f"06 00000a 000001 08 01000000 61 46 ffffff 000082 09 01000000 {LONG[:128].hex()} c6 0100000a 8081",
    ),
}


def read(data: bytes, how: str = "whole") -> list[Message]:
    reader = ChunkReader()
    messages = []
    for piece in CUTS[how](data):
        reader.receive_data(piece)
        messages += reader.events_received()
    return messages


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("name", [*WRITTEN, *READ])
def test_read(name: str, how: str) -> None:
    messages, data = (WRITTEN | READ)[name]
    assert read(bytes.fromhex(data), how) == messages


@pytest.mark.parametrize("name", [*WRITTEN, *READ])
def test_trailing_bytes_wait(name: str) -> None:
    messages, data = (WRITTEN | READ)[name]
    for trailing in (b"\x0a", b"\x00", b"\x01\x00", b"\x0a\xff\xff\xff\x00\x00\x01\x09\x00\x00\x00\x00\x00"):
        assert read(bytes.fromhex(data) + trailing) == messages


@pytest.mark.parametrize("name", WRITTEN)
def test_write(name: str) -> None:
    messages, data = WRITTEN[name]
    writer = ChunkWriter()
    assert b"".join(map(writer.write, messages)) == bytes.fromhex(data)


def test_chunk_size_is_limited_by_the_longest_message() -> None:
    reader = ChunkReader()
    reader.receive_data(bytes.fromhex("02 000000 000004 01 00000000 7fffffff"))
    assert reader.chunk_size == chunk.MAX_CHUNK_SIZE


MALFORMED = {
    "chunk size 0": "02 000000 000004 01 00000000 00000000",
    "chunk size with its top bit": "02 000000 000004 01 00000000 80000000",
    "short chunk size": "02 000000 000002 01 00000000 0080",
    "type 2 first": "84 000005 61",
    "type 3 first": "c4 61",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name: str) -> None:
    with pytest.raises(MalformedError):
        read(bytes.fromhex(MALFORMED[name]))


def test_messages_before_a_fault_are_kept() -> None:
    reader = ChunkReader()
    with pytest.raises(MalformedError):
        reader.receive_data(bytes.fromhex("04 000000 000001 08 01000000 61 c5 61"))
    assert reader.events_received() == [Message(8, b"a", 0, 1, 4)]


def test_limit_on_message_length() -> None:
    with pytest.raises(RefusedError, match="16777215 bytes"):
        read(bytes.fromhex("04 000000 ffffff 08 01000000"))


def test_limit_on_chunk_streams() -> None:
    with pytest.raises(RefusedError, match="64 RTMP chunk streams"):
        read(b"".join(ChunkWriter().write(Message(8, b"", chunk_stream=3 + i)) for i in range(65)))


def test_limit_on_unfinished_messages() -> None:
    first_chunks = b"".join(ChunkWriter().write(Message(8, bytes(400), chunk_stream=3 + i))[:140] for i in range(8))
    with pytest.raises(RefusedError, match="unfinished"):
        ChunkReader(max_message=500).receive_data(first_chunks)


def test_finished_and_dropped_messages_do_not_count() -> None:
    whole = ChunkWriter().write(Message(9, bytes(900), chunk_stream=6))
    abort = bytes.fromhex("02 000000 000004 02 00000000 00000006")
    reader = ChunkReader(max_message=900)
    reader.receive_data((whole + whole[:785] + abort) * 5)
    assert len(reader.events_received()) == 5


MESSAGES = st.lists(
    st.builds(
        Message,
        st.integers(3, 255),
        st.binary(max_size=400),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.sampled_from([2, 3, 63, 64, 319, 320, 65599]),
    ),
    max_size=5,
)


@given(MESSAGES, st.integers(1, 500), st.integers(1, 50))
def test_what_is_written_can_be_read(messages: list[Message], chunk_size: int, step: int) -> None:
    writer = ChunkWriter()
    data = writer.write(Message(chunk.SET_CHUNK_SIZE, chunk_size.to_bytes(4, "big"), chunk_stream=2))
    writer.chunk_size = chunk_size
    data += b"".join(map(writer.write, messages))
    reader = ChunkReader()
    found = []
    for start in range(0, len(data), step):
        reader.receive_data(data[start : start + step])
        found += reader.events_received()
    assert found == messages


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    try:
        whole = read(data)
    except (MalformedError, RefusedError):
        return
    assert read(data, "byte by byte") == whole
    writer = ChunkWriter()
    assert read(b"".join(map(writer.write, whole))) == whole


def test_a_limit_counts_when_the_messages_before_have_been_taken() -> None:
    first, second = Message(20, b"publish"), Message(9, bytes(800), chunk_stream=6)
    reader = ChunkReader(max_message=500)
    reader.receive_data(ChunkWriter().write(first) + ChunkWriter().write(second))
    assert reader.events_received() == [first]
    assert reader.stopped
    reader.max_message = 1000
    reader.receive_data(b"")
    assert reader.events_received() == [second]
    assert not reader.stopped


def test_a_limit_that_nobody_raises() -> None:
    reader = ChunkReader(max_message=500)
    reader.receive_data(ChunkWriter().write(Message(20, b"publish")) + ChunkWriter().write(Message(9, bytes(800))))
    reader.events_received()
    with pytest.raises(RefusedError, match="800 bytes"):
        reader.receive_data(b"")
