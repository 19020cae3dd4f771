from vitrine.media.backoff import (
    FREE_TRIES,
    KNOWN_TRIES,
    KNOWN_WINDOW,
    LONGEST_WAIT,
    MOST_ADDRESSES,
    Backoff,
)


def fail(backoff: Backoff, times: int, now: float = 0.0, address: str = "192.0.2.1") -> None:
    for _ in range(times):
        backoff.fail(address, now)


def test_the_wait_doubles_from_the_first_try_that_is_not_free() -> None:
    backoff = Backoff()
    fail(backoff, FREE_TRIES - 1)
    assert backoff.wait("192.0.2.1", 0.0) == 0
    waits = []
    for _ in range(8):
        fail(backoff, 1, 10.0)
        waits.append(backoff.wait("192.0.2.1", 10.0))
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT]
    assert backoff.wait("192.0.2.1", 10 + LONGEST_WAIT) == 0
    assert backoff.wait("192.0.2.2", 10.0) == 0


def test_what_is_long_ago_is_forgotten() -> None:
    backoff = Backoff()
    fail(backoff, FREE_TRIES)
    fail(backoff, 1, 1000.0)
    assert backoff.wait("192.0.2.1", 1000.0) == 0


def test_a_house_that_is_known_is_not_shut_out_by_one_wrong_encoder() -> None:
    backoff = Backoff()
    fail(backoff, FREE_TRIES - 1)
    backoff.succeed("192.0.2.1")
    for second in range(100):
        fail(backoff, 1, 1.0 * second)
        assert backoff.wait("192.0.2.1", 1.0 * second) == 0
    fail(backoff, KNOWN_TRIES, 200.0)
    assert backoff.wait("192.0.2.1", 201.0) == KNOWN_WINDOW - 1


def test_addresses_remembered_are_bounded() -> None:
    backoff = Backoff()
    fail(backoff, FREE_TRIES)
    for index in range(MOST_ADDRESSES):
        backoff.fail(f"10.0.{index // 256}.{index % 256}", 0.0)
    assert backoff.wait("192.0.2.1", 0.0) == 0
    backoff.succeed("192.0.2.77")
    fail(backoff, 3 * FREE_TRIES, 0.0, "192.0.2.77")
    assert backoff.wait("192.0.2.77", 0.0) > 0
