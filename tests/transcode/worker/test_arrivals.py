from vitrine.transcode.worker.arrivals import KEPT, Arrivals


def steady(count: int) -> Arrivals:
    """Media of ten units a second, which come as they are made."""
    arrivals = Arrivals()
    for number in range(count):
        arrivals.note(number / 10, 100 + number / 10)
    return arrivals


def test_nothing_has_waited_where_nothing_came() -> None:
    assert Arrivals().waited(0.0, 100.0) == 0.0


def test_what_comes_steadily_has_waited_for_as_long_as_it_is_behind() -> None:
    arrivals = steady(20)
    assert arrivals.waited(1.9, 102.0) == 0.0
    assert round(arrivals.waited(0.9, 102.0), 6) == 1.0


def test_what_comes_at_once_has_waited_since_then() -> None:
    arrivals = Arrivals()
    for number in range(20):
        arrivals.note(number / 10, 102.0)
    assert arrivals.waited(-1.0, 102.0) == 0.0
    assert round(arrivals.waited(0.9, 102.05), 6) == 0.05


def test_a_picture_that_is_filled_in_for_is_not_waited_for() -> None:
    arrivals = steady(20)
    arrivals.note(1.0, 102.5)  # late: its time is done already
    assert arrivals.waited(1.95, 103.0) == 0.0
    arrivals.note(2.0, 102.9)
    assert round(arrivals.waited(1.95, 103.0), 6) == 0.1


def test_what_is_remembered_is_bounded() -> None:
    arrivals = steady(10 * KEPT)
    newest = 100 + (10 * KEPT - 1) / 10
    assert round(arrivals.waited(-1.0, newest), 6) == (KEPT - 1) / 10
