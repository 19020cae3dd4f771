import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrine.ingest.whip.fragment import read_fragment
from vitrine.media.errors import MalformedError

RFC_EXAMPLE = b"""\
a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
m=audio 9 RTP/AVP 0\r
a=mid:0\r
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r
a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1\r
a=end-of-candidates\r
"""


def test_the_example_of_the_rfc() -> None:
    read = read_fragment(RFC_EXAMPLE)
    assert (read.ufrag, read.password) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert read.candidates == ("1387637174 1 udp 2122260223 192.0.2.1 61764 typ host",)


def test_a_fragment_may_only_say_that_no_more_comes() -> None:
    read = read_fragment(b"m=audio 9 RTP/AVP 0\na=mid:0\na=end-of-candidates\n")
    assert (read.ufrag, read.candidates) == (None, ())


@pytest.mark.parametrize(
    "body", [b"", b"candidates", b"m=audio 9 RTP/AVP 0\n", b"a=ice-ufrag:abcd\nm=audio 9 X 0\na=ice-ufrag:efgh\n"]
)
def test_what_is_no_fragment_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_fragment(body)


@settings(deadline=None)
@given(st.lists(st.sampled_from(RFC_EXAMPLE.split(b"\r\n")) | st.binary(max_size=20)).map(b"\n".join))
def test_any_lines_are_read_or_refused(body: bytes) -> None:
    try:
        read = read_fragment(body)
    except MalformedError:
        return
    assert all(" 1 udp " in candidate for candidate in read.candidates)
