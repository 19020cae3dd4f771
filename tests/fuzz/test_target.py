from hypothesis import given
from hypothesis import strategies as st

from fuzz.target import cut, join_records, records


@given(st.binary(max_size=5000))
def test_pieces_are_the_whole(data: bytes) -> None:
    assert b"".join(cut(data)) == data
    assert list(cut(data)) == list(cut(data))


@given(st.lists(st.binary(max_size=300)))
def test_records_come_back(parts: list[bytes]) -> None:
    assert list(records(join_records(parts))) == parts


@given(st.binary(max_size=300))
def test_any_bytes_are_records(data: bytes) -> None:
    assert sum(map(len, records(data))) <= len(data)
