from collections.abc import Iterator

from vitrine.check.finding import EXAMPLES_KEPT, MOST_TEXT, Findings, Severity, rule


@rule("draft 1.2", Severity.WARNING)
def numbers_are_even(numbers: list[int]) -> Iterator[str]:
    """Every number
    is even.
    """
    yield from (f"{number} is odd" for number in numbers if number % 2)


@rule("draft 1.3")
def numbers_are_small(numbers: list[int]) -> Iterator[str]:
    """Every number is small."""
    yield from ("9" * number for number in numbers if number > 100)


def test_a_rule_is_named_by_its_function_and_told_by_its_docstring() -> None:
    assert (numbers_are_even.name, numbers_are_even.section) == ("numbers-are-even", "draft 1.2")
    assert numbers_are_even.severity is Severity.WARNING
    assert numbers_are_small.severity is Severity.ERROR
    assert numbers_are_even.text == "Every number\nis even."


def test_what_is_found_again_counts_and_is_not_told_again() -> None:
    findings = Findings()
    for _ in range(3):
        findings.apply((numbers_are_even, numbers_are_small), [1, 2, 3], "here")
    findings.apply((numbers_are_even,), [5], "there")
    here, there = findings.all
    assert (here.where, here.count, here.seen) == ("here", 6, ["1 is odd", "3 is odd", "1 is odd"])
    assert (there.where, there.count, there.seen) == ("there", 1, ["5 is odd"])
    assert len(here.seen) == EXAMPLES_KEPT


def test_the_worst_come_first_and_texts_are_bounded() -> None:
    findings = Findings()
    findings.apply((numbers_are_even, numbers_are_small), [1, 1000], "here")
    assert [each.name for each in findings.all] == ["numbers-are-small", "numbers-are-even"]
    assert len(findings.all[0].seen[0]) == MOST_TEXT + 1
    assert len(findings) == 2
