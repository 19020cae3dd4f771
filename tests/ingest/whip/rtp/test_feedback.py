import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.whip.rtp.feedback import read_feedback
from vitrine.ingest.whip.rtp.feedback import encode_feedback

CAPTURED = bytes.fromhex("afcd0005 fa17fa17 43032fa0 00990001 3de80217 20019401")
"""A message that Chromium sent; pion/rtcp and others test with it."""


def test_as_chromium_writes_it() -> None:
    arrival = 4_057_090 * 256 + 0x94
    assert encode_feedback(0xFA17FA17, 0x43032FA0, 23, 153, [arrival]) == CAPTURED
    assert read_feedback(CAPTURED).arrivals == {153: arrival}


@pytest.mark.parametrize(
    ("arrivals", "chunks"),
    [
        ([1000] * 20, "2014"),
        ([None, 1000] * 7, "9555"),
        ([1000, *[None] * 30, 1001, 1400], "a000 0011 d800"),
        ([1000, 2000, 900], "da00"),
    ],
)
def test_runs_and_vectors(arrivals: list[int | None], chunks: str) -> None:
    message = encode_feedback(1, 2, 0, 65_530, arrivals)
    written = bytes.fromhex(chunks)
    assert message[20 : 20 + len(written)] == written
    assert list(read_feedback(message).arrivals.values()) == arrivals


@given(st.lists(st.none() | st.integers(0, 32_000), min_size=1, max_size=300), st.integers(1, 1 << 31))
def test_any_arrivals_are_read_again(steps: list[int | None], begin: int) -> None:
    arrivals = [begin, *(None if step is None else begin + step for step in steps)]
    read = read_feedback(encode_feedback(7, 9, 300, 65_000, arrivals))
    assert (read.ssrc, read.media_ssrc, read.count) == (7, 9, 300 & 0xFF)
    first = next(iter(read.arrivals.values()))
    assert first is not None
    offset = begin - first  # the reference time wraps
    assert [None if each is None else each + offset for each in read.arrivals.values()] == arrivals
    assert offset % (1 << 32) == 0
