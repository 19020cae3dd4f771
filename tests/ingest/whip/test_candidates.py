import pytest

from vitrine.ingest.whip.candidates import is_of_use, without_hopeless

HOST = "candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host"


@pytest.mark.parametrize(
    ("line", "used"),
    [
        (HOST, True),
        ("a=" + HOST, True),
        (HOST.replace("udp", "UDP"), True),
        (HOST.replace("udp", "tcp") + " tcptype active", False),
        (HOST.replace("192.0.2.7", "0f9e.local"), False),
        ("candidate:1 1 udp", False),
        ("", False),
    ],
)
def test_what_can_be_tried(line: str, used: bool) -> None:
    assert is_of_use(line) is used


def test_an_offer_keeps_all_else_and_no_last_word() -> None:
    offer = f"v=0\r\na={HOST}\r\na={HOST.replace('192.0.2.7', 'x.local')}\r\na=end-of-candidates\r\na=mid:0\r\n"
    assert without_hopeless(offer) == f"v=0\r\na={HOST}\r\na=mid:0\r\n"
