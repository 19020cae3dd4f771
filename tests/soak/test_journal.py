import io

import pytest

from soak.journal import AFTERMATH, USUAL_STALL, Done, Journal


@pytest.fixture
def journal() -> Journal:
    return Journal(io.StringIO())


def test_a_stall_that_nothing_explains_is_a_failure(journal: Journal) -> None:
    journal.done.append(Done("of another channel", ("other",), 5.0, 100.0, 101.0))
    journal.stall("show", "270p", 100.5, USUAL_STALL + 0.1)
    assert len(journal.failures) == 1


def test_a_short_one_is_none(journal: Journal) -> None:
    journal.stall("show", "270p", 100.5, USUAL_STALL)
    assert journal.failures == []
    assert len(journal.stood) == 1


@pytest.mark.parametrize(
    ("begin", "explained"),
    [(99.0, True), (98.0, False), (100.5, True), (101 + AFTERMATH, True), (102 + AFTERMATH, False)],
)
def test_a_fault_explains_what_begins_within_it_or_soon_after(journal: Journal, begin: float, explained: bool) -> None:
    """One second long, from `begin` on."""
    journal.done.append(Done("the worker is killed", ("show", "other"), 1.0, 100.0, 101.0))
    journal.stall("show", "270p", begin, 1.0)
    assert (journal.failures == []) is explained


def test_a_fault_that_goes_on_explains(journal: Journal) -> None:
    journal.done.append(Done("frozen", ("show",), 5.0, 100.0))
    journal.stall("show", "270p", 500.0, 4.9)
    assert journal.failures == []
    journal.stall("show", "270p", 500.0, 5.1)
    assert "frozen" in journal.failures[0]
