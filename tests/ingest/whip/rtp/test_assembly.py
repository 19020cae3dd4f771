from tests.ingest.whip.rtp.rtp import ordered
from vitrine.ingest.whip.rtp.assembly import Assembled, Assembly
from vitrine.ingest.whip.rtp.picture import MOST_BYTES, MOST_PACKETS


def test_a_picture_is_whole_with_its_marker() -> None:
    assembly = Assembly()
    assert assembly.push(ordered(1, b"a", timestamp=9, at=2.0)) == []
    assert assembly.push(ordered(2, b"b", marker=True, timestamp=9, at=2.5)) == [
        Assembled(9, 2.0, (b"a", b"b"), False, False)
    ]


def test_without_a_marker_the_next_stamp_ends_it() -> None:
    assembly = Assembly()
    assembly.push(ordered(1, b"a", timestamp=9))
    first, second = assembly.push(ordered(2, b"b", marker=True, timestamp=10))
    assert (first.payloads, second.payloads) == ((b"a",), (b"b",))


def test_a_gap_within_a_picture_damages_it() -> None:
    assembly = Assembly()
    assembly.push(ordered(1, timestamp=9))
    (picture,) = assembly.push(ordered(3, marker=True, timestamp=9, gap=True))
    assert picture.damaged


def test_a_gap_before_a_picture_does_not() -> None:
    (picture,) = Assembly().push(ordered(3, marker=True, gap=True))
    assert (picture.damaged, picture.gap) == (False, True)


def test_a_lost_end_damages_the_picture_before() -> None:
    assembly = Assembly()
    assembly.push(ordered(1, timestamp=9))
    first, second = assembly.push(ordered(3, marker=True, timestamp=10, gap=True))
    assert (first.damaged, second.damaged, second.gap) == (True, False, True)


def test_a_picture_without_end_is_bounded() -> None:
    assembly = Assembly()
    for each in range(10):
        assembly.push(ordered(each, bytes(MOST_BYTES // 8)))
    (picture,) = assembly.push(ordered(10, marker=True))
    assert picture.damaged
    assert sum(map(len, picture.payloads)) <= MOST_BYTES


def test_a_picture_of_nothing_without_end_is_bounded() -> None:
    assembly = Assembly()
    for each in range(MOST_PACKETS + 10):
        assembly.push(ordered(each, b""))
    (picture,) = assembly.push(ordered(MOST_PACKETS + 10, marker=True))
    assert picture.damaged
    assert len(picture.payloads) == MOST_PACKETS
