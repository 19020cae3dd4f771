import time

import pytest

from vitrine.origin.request import MAX_HEAD, read_request


def cost(value: str) -> float:
    """Processor seconds of reading a head with one long field."""
    head = f"GET /hls/x HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n".encode()
    before = time.process_time()
    assert read_request(head).headers["x"] == value
    return time.process_time() - before


@pytest.mark.parametrize("filling", [" ", "\t", ":", ", ", "a "])
def test_no_field_takes_longer_to_read_than_another_of_its_length(filling: str) -> None:
    """Reading that grows with the square of a field's length is a thousand times slower here."""
    length = MAX_HEAD - 100
    usual = min(cost("a" * length) for _ in range(5))
    assert cost("a" + filling * (length // len(filling)) + "b") < 100 * max(usual, 20e-6)


@pytest.mark.parametrize("written", ["X:a b", "X: a b", "x:\t a b \t", "X:  a b"])
def test_space_around_a_value_is_no_part_of_it(written: str) -> None:
    request = read_request(f"GET / HTTP/1.1\r\nHost: a\r\n{written}\r\n\r\n".encode())
    assert request.headers == {"host": "a", "x": "a b"}
