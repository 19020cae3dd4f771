import pytest

from vitrine.ingest.whip.sdp import MAX_CANDIDATES, MAX_LINES, MAX_SECTIONS, read_description, usable_candidates
from vitrine.media.errors import MalformedError


def test_lines_are_put_into_sections() -> None:
    read = read_description(b"v=0\na=ice-lite\nm=video 9/2 UDP/TLS/RTP/SAVPF 96 97\na=mid:0\na=mid:1\n")
    assert read.session.value("ice-lite") == ""
    assert read.media[0].formats == ("96", "97")
    assert read.media[0].values("mid") == ["0", "1"]
    assert read.media[0].value("none") is None


@pytest.mark.parametrize(
    "body",
    [
        b"v=0\n" + b"a=x\n" * MAX_LINES,
        b"v=0\n" + b"m=audio 9 X 0\n" * (MAX_SECTIONS + 1),
        b"v=0\nm=audio\n",
        b"v=0\na=:x\n",
        b"v=0\n\na=x\n",
    ],
)
def test_what_breaks_the_form_or_a_limit_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_description(body)


def candidates(*values: str) -> tuple[str, ...]:
    lines = "".join(f"a=candidate:{value}\n" for value in values)
    return usable_candidates(read_description(f"v=0\nm=audio 9 X 0\n{lines}".encode()).media)


def test_candidates_that_cannot_be_checked_are_left_out() -> None:
    assert candidates(
        "1 1 UDP 1 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 9",
        "1 2 udp 1 192.0.2.1 5000 typ host",
        "1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
        "1 1 udp 1 host.example 5000 typ host",
        "1 1 udp 1 192.0.2.1 0 typ host",
        "1 1 udp 9999999999 192.0.2.1 5 typ host",
        "nonsense",
        "2 1 udp 1 2001:db8::1 5000 typ host",
        "2 1 udp 1 2001:db8::1 5000 typ host",
    ) == ("1 1 udp 1 192.0.2.1 5000 typ srflx", "2 1 udp 1 2001:db8::1 5000 typ host")


def test_candidates_are_bounded() -> None:
    many = [f"1 1 udp 1 192.0.2.1 {port} typ host" for port in range(1, 100)]
    assert len(candidates(*many)) == MAX_CANDIDATES
