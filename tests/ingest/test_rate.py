from vitrine.ingest.rate import ATTEMPTS, MAX_ADDRESSES, WINDOW, Attempts


def test_an_address_waits_until_its_oldest_attempt_is_past() -> None:
    attempts = Attempts()
    assert all(attempts.take("a", 0.1 * index) == 0 for index in range(ATTEMPTS))
    assert attempts.take("a", 4.0) == WINDOW - 4.0
    assert attempts.take("b", 4.0) == 0
    assert attempts.take("a", WINDOW) == 0


def test_addresses_remembered_are_bounded() -> None:
    attempts = Attempts()
    for _ in range(ATTEMPTS):
        attempts.take("first", 0.0)
    for index in range(MAX_ADDRESSES):
        attempts.take(str(index), 0.0)
    assert attempts.take("first", 0.0) == 0


def test_a_house_has_many_ipv6_addresses_and_one_allowance() -> None:
    attempts = Attempts()
    assert all(attempts.take(f"2001:db8::{index:x}", 0.0) == 0 for index in range(ATTEMPTS))
    assert attempts.take("2001:db8::ffff", 0.0) > 0
    assert attempts.take("2001:db8:0:1::1", 0.0) == 0
