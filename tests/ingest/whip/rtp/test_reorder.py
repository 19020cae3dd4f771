import random

from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.whip.rtp.rtp import packet
from vitrine.ingest.whip.rtp.nack import MOST_MISSING, Nacks
from vitrine.ingest.whip.rtp.reorder import MOST_BYTES, MOST_PACKETS, Ordered, Reorder


def numbers(ordered: list[Ordered]) -> list[int]:
    return [each.packet.sequence for each in ordered]


def test_in_order_at_once() -> None:
    reorder = Reorder(Nacks(1.0))
    assert [numbers(reorder.push(packet(each), 0.0)) for each in (65535, 65536, 65537)] == [[65535], [0], [1]]


def test_held_until_the_gap_is_filled() -> None:
    nacks = Nacks(1.0)
    reorder = Reorder(nacks)
    reorder.push(packet(1), 0.0)
    assert reorder.push(packet(4), 0.0) == []
    assert nacks.due(0.0) == [0x10002, 0x10003]
    assert numbers(reorder.push(packet(2), 0.1)) == [2]
    freed = reorder.push(packet(3), 0.2)
    assert numbers(freed) == [3, 4]
    assert not any(each.gap for each in freed)
    assert [each.arrived for each in freed] == [0.2, 0.0]


def test_given_up_after_the_longest_wait() -> None:
    reorder = Reorder(Nacks(1.0))
    for each in (1, 3, 5):
        reorder.push(packet(each), each / 10)
    assert reorder.handle_deadline(1.2) == []
    (third,) = reorder.handle_deadline(1.3)
    assert (third.packet.sequence, third.gap) == (3, True)
    (fifth,) = reorder.handle_deadline(1.5)
    assert (fifth.packet.sequence, fifth.gap) == (5, True)


def test_twice_and_too_late() -> None:
    reorder = Reorder(Nacks(1.0))
    for each in (1, 1, 3, 3):
        reorder.push(packet(each), 0.0)
    reorder.handle_deadline(1.0)
    assert reorder.push(packet(2), 1.1) == []
    assert reorder.duplicates == 3


def test_after_a_gap_too_long_it_goes_on_behind_it() -> None:
    nacks = Nacks(1.0)
    reorder = Reorder(nacks)
    reorder.push(packet(1), 0.0)
    reorder.push(packet(3), 0.0)
    (ordered,) = reorder.push(packet(5 + MOST_MISSING), 0.0)
    assert ordered.gap
    assert nacks.due(0.0) == []
    assert nacks.lost == 1


def test_what_is_held_is_bounded() -> None:
    reorder = Reorder(Nacks(1000.0))
    reorder.push(packet(0), 0.0)
    freed = []
    for each in range(2, MOST_PACKETS + 10):
        freed += reorder.push(packet(each), 0.0)
    assert freed[0].gap
    big = Reorder(Nacks(1000.0))
    big.push(packet(0), 0.0)
    assert any(big.push(packet(each, bytes(60_000)), 0.0) for each in range(2, 3 + MOST_BYTES // 60_000))


@given(st.integers(0, 2**32), st.integers(0, 65535))
def test_any_order_within_reach_comes_out_sorted(seed: int, first: int) -> None:
    order = list(range(60))
    source = random.Random(seed)
    order[1:] = sorted(order[1:], key=lambda each: each + source.uniform(0, 8))
    reorder = Reorder(Nacks(1.0))
    out = [each for number in order for each in numbers(reorder.push(packet(first + number), 0.0))]
    assert out == [(first + each) & 0xFFFF for each in range(60)]
